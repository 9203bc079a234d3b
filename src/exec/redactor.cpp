// Each stream is searched once, as it comes; what is found are stretches of its bytes, and a record is written out
// with those that touch it once no later match can reach back into it. Rejected: holding back everything that has no newline,
// which neither keeps a secret of several lines together nor lets a long line without any secret go.
#include "exec/redactor.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::string_view kBlot = "***";
constexpr std::size_t kRecordCost = 64;  // of a held one beside its text

}  // namespace

std::string Redactor::redact(std::string_view text) const {
  Stream stream;
  scan(stream, text);
  return stream.blots.empty() ? std::string(text) : blotted(text, 0, stream.blots);
}

void Redactor::scan(Stream& stream, std::string_view bytes) const {
  std::uint64_t at = stream.end;
  PatternSearch::Place place = stream.place;
  for (const char c : bytes) {
    ++at;
    const auto byte = static_cast<unsigned char>(c);
    if (place == 0 && search_.is_foreign(byte)) continue;
    place = search_.step(place, byte);
    if (const std::size_t length = search_.matched(place); length > 0) {
      blot(stream, at - length, at);
    }
  }
  stream.place = place;
  stream.end = at;
  stream.decided = at - search_.pending(place);
}

// `end` is not before that of any stretch there is. Stretches that touch are one.
void Redactor::blot(Stream& stream, std::uint64_t begin, std::uint64_t end) {
  while (!stream.blots.empty() && stream.blots.back().end >= begin) {
    begin = std::min(begin, stream.blots.back().begin);
    end = std::max(end, stream.blots.back().end);
    stream.blots.pop_back();
  }
  stream.blots.push_back({begin, end});
}

// A stretch that began in an earlier record has its mark there.
std::string Redactor::blotted(std::string_view text, std::uint64_t begin,
                              const std::deque<Stretch>& blots) {
  const std::uint64_t end = begin + text.size();
  std::string result;
  std::uint64_t at = begin;
  for (const Stretch& blot : blots) {
    if (blot.end <= at) continue;
    if (blot.begin >= end) break;
    if (blot.begin >= at) {
      result += text.substr(at - begin, blot.begin - at);
      result += kBlot;
    }
    at = std::min(blot.end, end);
  }
  result += text.substr(at - begin);
  return result;
}

void Redactor::take(LogRecord&& record, bool known) {
  Stream& stream = stream_of(record.stream);
  Held held{std::move(record), stream.end, known};
  scan(stream, held.record.text);
  held_bytes_ += held.record.text.size() + kRecordCost;
  held_.push_back(std::move(held));
}

std::optional<LogRecord> Redactor::next() {
  while (!held_.empty()) {
    Held& oldest = held_.front();
    Stream& stream = stream_of(oldest.record.stream);
    const std::uint64_t end = oldest.end();
    if (end > stream.decided) {
      if (held_bytes_ <= limits::kRedactHeldBytes) return std::nullopt;
      // Stretches that lie behind have to be put back: blot() adds at the end only.
      std::deque<Stretch> later;
      while (!stream.blots.empty() && stream.blots.back().begin >= end) {
        later.push_front(stream.blots.back());
        stream.blots.pop_back();
      }
      blot(stream, std::max(stream.decided, oldest.begin), end);
      for (const Stretch& each : later) blot(stream, each.begin, each.end);
    }
    LogRecord record = std::move(oldest.record);
    if (!oldest.known && !stream.blots.empty()) {
      record.text = blotted(record.text, oldest.begin, stream.blots);
    }
    const bool known = oldest.known;
    held_bytes_ -= static_cast<std::size_t>(end - oldest.begin) + kRecordCost;
    held_.pop_front();
    // One that ends right here is kept: the next may touch it.
    while (!stream.blots.empty() && stream.blots.front().end < end) stream.blots.pop_front();
    if (!known) return record;
  }
  return std::nullopt;
}

void Redactor::finish() {
  for (Stream* stream : {&stdout_, &stderr_}) {
    stream->place = 0;
    stream->decided = stream->end;
  }
}

void Redactor::cut() {
  for (Stream* stream : {&stdout_, &stderr_}) {
    if (stream->decided < stream->end) blot(*stream, stream->decided, stream->end);
  }
  finish();
}

void Redactor::reset() {
  stdout_ = {};
  stderr_ = {};
  held_.clear();
  held_bytes_ = 0;
}

}  // namespace pawl
