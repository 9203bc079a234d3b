#include "exec/log_collector.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kReadAgainNs = 2'000 * kNsPerMs;
constexpr std::size_t kRecordCost = 16;        // as LogChunk::bytes()
constexpr std::size_t kEngineRecordCost = 80;  // {"log":"…","stream":"stdout","time":"…"}
// The engine's first file may be full from here on: binary output takes up to six times its size in it.
constexpr std::size_t kFirstFileBytes = limits::kEngineLogFileBytes / 8;

}  // namespace

LogCollector::LogCollector(const AttemptKey& key, EventSink& sink, const Clock& clock,
                           const LogPosition& resume_from, std::function<bool()> watch)
    : key_(key), sink_(sink), clock_(clock), watch_(std::move(watch)), position_(resume_from) {
  chunk_.key = key_;
  quiet_since_ = clock_.mono();
}

void LogCollector::hide(const std::vector<std::string>& patterns) {
  redactor_.reset();
  if (!patterns.empty()) redactor_.emplace(patterns);
}

std::string LogCollector::redacted(std::string_view text) const {
  return redactor_ ? redactor_->redact(text) : std::string(text);
}

void LogCollector::take_turns(MonoTime first, Turn turn) {
  next_turn_ = first;
  turn_ = std::move(turn);
}

std::int64_t LogCollector::begin_stream() {
  // An earlier agent's position says nothing of the clock, nor of a secret's beginning.
  const bool from_start = !place_found_ || clock_fell_;
  begin_replay();
  if (!replaying_) place_found_ = true;
  if (!place_found_ && redactor_) redactor_->reset();
  engine_bytes_ = 0;
  caught_up_ = false;
  quiet_since_ = clock_.mono();
  return from_start ? 0 : std::max<std::int64_t>(position_.last_time_ns - kReadAgainNs, 0);
}

void LogCollector::begin_replay() {
  replaying_ = position_.last_time_ns > 0;
  replay_time_ns_ = 0;
  replayed_at_last_ = 0;
}

// While replaying: whether the record was taken before.
bool LogCollector::is_known(std::int64_t time_ns) {
  replay_time_ns_ = std::max(replay_time_ns_, time_ns);
  if (replay_time_ns_ < position_.last_time_ns) return true;
  if (replay_time_ns_ == position_.last_time_ns && replayed_at_last_ < position_.records_at_last) {
    ++replayed_at_last_;
    return true;
  }
  if (replayed_at_last_ < position_.records_at_last) note_gap();
  replaying_ = false;
  place_found_ = true;
  return false;
}

// Falling times that are neither the jitter of two threads nor a clock that was set back.
bool LogCollector::is_jump_back(std::int64_t time_ns) const {
  return time_ns < position_.last_time_ns - limits::kLogJitterMs * kNsPerMs &&
         engine_bytes_ > kFirstFileBytes && wall_ns() + kNsPerMs > position_.last_time_ns;
}

bool LogCollector::take(LogRecord&& record) {
  quiet_since_ = clock_.mono();
  engine_bytes_ += record.text.size() + kEngineRecordCost;
  if (!replaying_ && is_jump_back(record.time_ns)) begin_replay();
  const std::int64_t highest = replaying_ ? replay_time_ns_ : position_.last_time_ns;
  if (record.time_ns < highest - kReadAgainNs / 2) clock_fell_ = true;
  if (replaying_ && is_known(record.time_ns)) {
    if (!redactor_ || place_found_) return open_;
    redactor_->take(std::move(record), true);
    return add_decided();
  }

  record.time_ns = std::max(record.time_ns, position_.last_time_ns);
  if (record.time_ns > position_.last_time_ns) {
    position_ = LogPosition{record.time_ns, 1};
  } else {
    ++position_.records_at_last;
  }
  ++taken_;
  if (!redactor_) return add(std::move(record));
  redactor_->take(std::move(record));
  return add_decided();
}

bool LogCollector::add_decided() {
  while (auto record = redactor_->next()) {
    if (!add(std::move(*record))) return false;
  }
  return open_;
}

bool LogCollector::add(LogRecord&& record) {
  if (chunk_bytes_ + record.text.size() + kRecordCost > limits::kLogChunkBytes && !flush()) {
    return false;
  }
  append(std::move(record));
  return open_;
}

void LogCollector::append(LogRecord&& record) {
  if (chunk_.records.empty()) chunk_since_ = clock_.mono();
  chunk_bytes_ += record.text.size() + kRecordCost;
  chunk_.records.push_back(std::move(record));
}

void LogCollector::note(std::string_view text) {
  append(LogRecord{LogStream::kPawl, wall_ns(), escape_control(redacted(text)) + "\n"});
}

// The place where the taken records end is not in the engine's log any more.
void LogCollector::note_gap() {
  incomplete_ = true;
  if (redactor_) redactor_->cut();
  if (std::exchange(gap_noted_, true)) return;
  note(
      "a part of the output is missing here: the container engine had dropped it before it was "
      "read");
}

void LogCollector::may_miss() {
  incomplete_ = true;
  if (std::exchange(gap_noted_, true)) return;
  note(
      "the task prints more than the container engine keeps; parts of the output may be missing "
      "from here on");
}

void LogCollector::end_of_log() {
  if (replaying_ && replayed_at_last_ < position_.records_at_last) note_gap();
}

void LogCollector::end_of_output(bool whole) {
  if (!redactor_) return;
  if (whole) {
    redactor_->finish();
  } else {
    redactor_->cut();
  }
  // A shutdown is noticed by the flush that follows.
  (void)add_decided();
}

// A follower that is a file behind the writer may have missed the file in between (limits.h).
void LogCollector::note_lag() {
  const std::int64_t lag_ms = (wall_ns() - position_.last_time_ns) / kNsPerMs;
  if (lag_ms < limits::kLogLagMs) {
    caught_up_ = true;
    return;
  }
  if (lag_noted_ || !caught_up_ || engine_bytes_ < limits::kEngineLogFileBytes) return;
  lag_noted_ = true;
  incomplete_ = true;
  note(
      "the task prints faster than the container engine hands it over; from here on parts of the "
      "output may be missing");
}

bool LogCollector::flush() {
  if (!open_) return false;
  if (chunk_.records.empty()) return true;
  if (chunk_.records.back().stream != LogStream::kPawl) note_lag();
  LogChunk chunk;
  chunk.key = key_;
  std::swap(chunk, chunk_);
  chunk_bytes_ = 0;
  open_ = sink_.post_log(std::move(chunk));
  return open_;
}

std::optional<std::int64_t> LogCollector::before_wait() {
  if (!open_) return std::nullopt;
  if (turn_ && next_turn_ <= clock_.mono()) next_turn_ = turn_();
  const MonoTime now = clock_.mono();
  std::int64_t wait_ms = quiet_since_.ms + limits::kLogWatchMs - now.ms;
  if (wait_ms <= 0) {
    if (!watch_()) return std::nullopt;
    quiet_since_ = clock_.mono();
    wait_ms = limits::kLogWatchMs;
  }
  if (turn_) wait_ms = std::min(wait_ms, std::max<std::int64_t>(next_turn_.ms - now.ms, 0));
  if (chunk_.records.empty()) return wait_ms;
  const std::int64_t flush_ms = chunk_since_.ms + limits::kLogFlushMs - now.ms;
  if (flush_ms > 0) return std::min(wait_ms, flush_ms);
  if (!flush()) return std::nullopt;
  return wait_ms;
}

}  // namespace pawl
