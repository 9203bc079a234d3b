// From a followed log to stored chunks: batches records, and makes a log that is read again (after a
// restart of the agent or the engine) continue exactly where it stopped. One thread.
//
// Where it stopped is a LogPosition: the time of the last record and how many records carry it. For that
// the times must not fall. The engine's may: stdout and stderr are stamped by two threads, and the
// host's clock can be set back. So a record's time is raised to the highest one before it, and after an
// interruption the log is read again from where the raised times come out the same: a moment before the
// position or, if the clock was set back, the log's start. What was there before is skipped, by time and,
// at the last time, by count. A log that no longer has that place has a gap.
//
// Docker 20.10's follower can jump back when the engine starts a new log file while it reads. A record from
// the past in a log of that size, while the clock has not been set back, is such a jump; it is treated
// like an interruption.
//
// Secrets are blotted out on the way (redactor.h). A record that is held back for that is taken, but not stored: an agent that
// is killed meanwhile reads it again. So the next agent's redactor, too, is shown what was stored before, and stands
// where this one stood.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exec/redactor.h"
#include "model/log_chunk.h"
#include "ports/clock.h"
#include "ports/container_engine.h"
#include "ports/event_sink.h"

namespace pawl {

class LogCollector : public LogSink {
 public:
  // `watch` is asked after limits::kLogWatchMs of silence; false ends the stream.
  LogCollector(const AttemptKey& key, EventSink& sink, const Clock& clock,
               const LogPosition& resume_from, std::function<bool()> watch);

  // These do not appear in what is stored, nor in notes (secret_patterns.h). Before the first stream.
  void hide(const std::vector<std::string>& patterns);
  [[nodiscard]] std::string redacted(std::string_view text) const;

  // Something to do at that time, and then at the time that it returns, while a stream is read.
  using Turn = std::function<MonoTime()>;
  void take_turns(MonoTime first, Turn turn);

  // The log is about to be read (again). Returns from which time on, for follow_logs().
  [[nodiscard]] std::int64_t begin_stream();

  [[nodiscard]] bool take(LogRecord&& record) override;
  [[nodiscard]] std::optional<std::int64_t> before_wait() override;
  void may_miss() override;

  // One line of pawl's own. It waits for the next flush like any record.
  void note(std::string_view text);
  // Posts what has gathered. False: the agent is shutting down and nothing is taken any more.
  [[nodiscard]] bool flush();

  // The log was read to its end.
  void end_of_log();
  // No stream follows: what is held back comes out. `whole`: nothing is missing at the end.
  void end_of_output(bool whole);

  // Some of the output is missing, or may be: the engine had dropped it before it was read.
  [[nodiscard]] bool incomplete() const { return incomplete_; }
  // Records that were new, since the attempt's start in this agent.
  [[nodiscard]] std::uint64_t taken() const { return taken_; }

 private:
  void begin_replay();
  [[nodiscard]] bool is_known(std::int64_t time_ns);
  [[nodiscard]] bool is_jump_back(std::int64_t time_ns) const;
  [[nodiscard]] bool add(LogRecord&& record);
  [[nodiscard]] bool add_decided();
  void append(LogRecord&& record);
  void note_gap();
  void note_lag();
  [[nodiscard]] std::int64_t wall_ns() const { return clock_.wall().ms * 1'000'000; }

  const AttemptKey key_;
  EventSink& sink_;
  const Clock& clock_;
  const std::function<bool()> watch_;
  LogPosition position_;  // of the last record taken
  std::optional<Redactor> redactor_;
  Turn turn_;
  MonoTime next_turn_;

  bool place_found_ = false;  // a stream from the log's start has come to where it goes on
  bool clock_fell_ = false;   // in this log, by more than the moment that is read again

  bool replaying_ = false;  // the records that come now may be known already
  std::int64_t replay_time_ns_ = 0;
  std::uint32_t replayed_at_last_ = 0;

  LogChunk chunk_;
  std::size_t chunk_bytes_ = 0;
  MonoTime chunk_since_;
  MonoTime quiet_since_;
  bool open_ = true;

  std::uint64_t taken_ = 0;
  std::size_t engine_bytes_ = 0;  // of this stream in the engine's files, roughly
  bool caught_up_ = false;
  bool lag_noted_ = false;
  bool gap_noted_ = false;
  bool incomplete_ = false;
};

}  // namespace pawl
