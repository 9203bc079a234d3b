// A state machine over bytes: header, time, text, next header. It never holds a
// whole frame, so a length of 4 GB costs nothing but the refusal.
#include "docker/log_demultiplexer.h"

#include <algorithm>

#include "base/log.h"
#include "base/time.h"

namespace pawl {
namespace {

constexpr std::size_t kTimeBytes = 40;  // "2026-11-21T04:38:35.874414072+01:00" and some room
// Types 0 ("stdin, written on stdout") and 1 are standard output.
constexpr unsigned char kStderrType = 2;
constexpr unsigned char kSystemErrorType = 3;  // moby's stdcopy.Systemerr: an error in the stream
constexpr std::size_t kEngineErrorBytes = 512;

Error corrupt(std::string message) { return Error{ErrorKind::kCorrupt, std::move(message), {}}; }

}  // namespace

std::optional<std::int64_t> parse_rfc3339_ns(std::string_view text) {
  constexpr std::int64_t kMaxMs = 9'223'372'036'000;  // what fits in 64 bits of nanoseconds
  const auto time = parse_rfc3339(text);
  if (!time || time->ms < 0 || time->ms > kMaxMs) return std::nullopt;
  std::int64_t fraction_ns = time->ms % 1000 * 1'000'000;
  if (const auto dot = text.find('.'); dot != std::string_view::npos) {
    fraction_ns = 0;
    std::int64_t scale = 100'000'000;
    for (const char c : text.substr(dot + 1)) {
      if (c < '0' || c > '9') break;
      fraction_ns += (c - '0') * scale;
      scale /= 10;
    }
  }
  return time->ms / 1000 * 1'000'000'000 + fraction_ns;
}

Result<void> LogDemultiplexer::feed(std::string_view bytes, LogSink& sink) {
  while (!bytes.empty()) {
    if (header_size_ < header_.size()) {
      header_[header_size_++] = static_cast<unsigned char>(bytes.front());
      bytes.remove_prefix(1);
      if (header_size_ == header_.size()) PAWL_CHECK(start_frame());
      continue;
    }
    const std::string_view payload = bytes.substr(0, remaining_);
    bytes.remove_prefix(payload.size());
    remaining_ -= payload.size();
    PAWL_CHECK(take_payload(payload, sink));
    if (remaining_ == 0) PAWL_CHECK(end_frame(sink));
  }
  return {};
}

Result<void> LogDemultiplexer::start_frame() {
  const unsigned char type = header_[0];
  if (type > kSystemErrorType || header_[1] != 0 || header_[2] != 0 || header_[3] != 0) {
    return corrupt("the engine's log stream has a frame of an unknown kind");
  }
  remaining_ = (static_cast<std::size_t>(header_[4]) << 24) |
               (static_cast<std::size_t>(header_[5]) << 16) |
               (static_cast<std::size_t>(header_[6]) << 8) | header_[7];
  if (remaining_ > limits::kLogFrameBytes) {
    return corrupt("the engine's log stream has a frame of " + std::to_string(remaining_) +
                   " bytes; at most " + std::to_string(limits::kLogFrameBytes) + " are taken");
  }
  is_engine_error_ = type == kSystemErrorType;
  stream_ = type == kStderrType ? LogStream::kStderr : LogStream::kStdout;
  time_text_.clear();
  time_ns_.reset();
  text_.clear();
  if (remaining_ == 0) header_size_ = 0;
  return {};
}

Result<void> LogDemultiplexer::take_payload(std::string_view bytes, LogSink& sink) {
  if (is_engine_error_) {
    text_ += bytes.substr(0, kEngineErrorBytes - std::min(kEngineErrorBytes, text_.size()));
    return {};
  }
  if (!time_ns_) PAWL_CHECK(take_time(bytes));
  while (!bytes.empty()) {
    if (text_.size() == limits::kLogLineBytes) PAWL_CHECK(emit(sink));
    const std::string_view part = bytes.substr(0, limits::kLogLineBytes - text_.size());
    text_ += part;
    bytes.remove_prefix(part.size());
  }
  return {};
}

Result<void> LogDemultiplexer::take_time(std::string_view& bytes) {
  const auto space = bytes.find(' ');
  time_text_ += bytes.substr(0, std::min(space, kTimeBytes));
  if (time_text_.size() > kTimeBytes)
    return corrupt("the engine's log has a record without a time");
  if (space == std::string_view::npos) {
    if (bytes.size() > kTimeBytes) return corrupt("the engine's log has a record without a time");
    bytes = {};
    return {};
  }
  bytes.remove_prefix(space + 1);
  time_ns_ = parse_rfc3339_ns(time_text_);
  if (!time_ns_) {
    return corrupt("the engine's log has a record with the time '" + escape_control(time_text_) +
                   "'");
  }
  return {};
}

Result<void> LogDemultiplexer::end_frame(LogSink& sink) {
  header_size_ = 0;
  if (is_engine_error_) {
    while (!text_.empty() && (text_.back() == '\n' || text_.back() == '\r')) text_.pop_back();
    return corrupt("the engine cannot read the rest of the log: " + escape_control(text_));
  }
  if (!time_ns_) return corrupt("the engine's log has a record without a time");
  return text_.empty() ? Result<void>() : emit(sink);
}

Result<void> LogDemultiplexer::emit(LogSink& sink) {
  LogRecord record{stream_, *time_ns_, std::move(text_)};
  text_ = std::string();
  if (sink.take(std::move(record))) return {};
  return Error{ErrorKind::kCancelled, "the log is not wanted any more", {}};
}

}  // namespace pawl
