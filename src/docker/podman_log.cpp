// Asking at each piece of output would cost the engine more than the output does, so that it is asked a few times a second.
// Rejected: reading without following again and again, which is exact as well, but has the engine read the whole file
// each time.
#include "docker/podman_log.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace pawl {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::int64_t kNsPerSecond = 1'000'000'000;
// "2026-11-26T08:22:50.568960564+00:00 stdout F ", and the newline that a part of a line has there.
constexpr std::size_t kFileRecordCost = 46;

}  // namespace

PodmanLogBody::PodmanLogBody(std::int64_t since_ns, LogSink& sink, Runs runs)
    : sink_(sink), runs_(std::move(runs)), records_(since_ns / kNsPerSecond, sink) {}

Result<void> PodmanLogBody::take(std::string_view bytes) {
  held_ += bytes;
  if (held_.size() < limits::kPodmanHeldBytes) return {};
  PAWL_TRY(const bool runs, pass_on());
  if (runs) return {};
  return Error{ErrorKind::kCancelled, "the container has ended", {}};
}

std::optional<std::int64_t> PodmanLogBody::before_wait() {
  std::int64_t look_ms = -1;
  if (!held_.empty()) {
    look_ms = 0;
    if (passed_at_) {
      const auto due =
          *passed_at_ + std::chrono::milliseconds(limits::kPodmanLookMs) - Steady::now();
      look_ms = std::chrono::ceil<std::chrono::milliseconds>(due).count();
    }
    if (look_ms <= 0) {
      auto runs = pass_on();
      if (!runs) failure_ = std::move(runs).error();
      if (!runs || !*runs) return std::nullopt;
      look_ms = -1;
    }
  }
  const auto wish = sink_.before_wait();
  if (!wish || look_ms < 0) return wish;
  return *wish < 0 ? look_ms : std::min(*wish, look_ms);
}

Result<void> PodmanLogBody::finish(const Result<HttpResponse>& answered) {
  if (failure_) return *failure_;
  if (ended_) return {};
  if (!answered) return answered.error();
  PAWL_TRY(const bool runs, pass_on());
  if (!runs || demultiplexer_.at_frame_border()) return {};
  return Error{ErrorKind::kUnavailable, "the engine's log stream ended inside a record", {}};
}

Result<bool> PodmanLogBody::pass_on() {
  PAWL_TRY(const bool runs, runs_());
  const std::string sure = std::exchange(held_, {});
  ended_ = !runs;
  if (!runs) return false;
  passed_at_ = Steady::now();
  PAWL_CHECK(demultiplexer_.feed(sure, records_));
  return true;
}

bool PodmanLogBody::Records::take(LogRecord&& record) {
  if (!first) first = record;
  file_bytes += record.text.size() + kFileRecordCost;
  if (file_bytes > limits::kEngineLogFileBytes && !std::exchange(past_file, true))
    sink.may_miss(false);
  return record.time_ns / kNsPerSecond < since_s || sink.take(std::move(record));
}

bool FirstRecord::take(LogRecord&& record) {
  record_ = std::move(record);
  return false;
}

}  // namespace pawl
