// The second half of TaskRunner: from the start to the end. The log's end is not taken for the
// container's: the engine is asked, and if the container lives on, the log is followed again. Nor is it
// taken for the whole log, unless the container had ended before the stream began.
#include <utility>

#include "exec/task_runner.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

}  // namespace

TaskRunner::Step TaskRunner::follow() {
  Backoff backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms);
  if (state_.phase == Phase::kExited) {
    if (const Step step = await_end(); step != Step::kAgain && !ended_) return step;
  }
  while (true) {
    const bool ended_before = ended_;
    const std::uint64_t taken_before = log_.taken();
    const std::int64_t since_ns = log_.begin_stream();
    const auto read = parts_.engine.follow_logs(spec_.name, since_ns, log_, shutdown_);
    if (shutdown_.stop_requested()) return Step::kStopped;
    if (log_.taken() > taken_before) {
      log_failures_ = 0;
      backoff = Backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms);
    }
    if (read && ended_before) return Step::kEnded;
    const Step step = read ? await_end() : read_failed(read.error());
    if (step == Step::kEnded && ended_ && !ended_before) continue;
    if (step != Step::kAgain) return step;
    if (!pause(shutdown_, backoff.next_ms())) return Step::kStopped;
  }
}

// kAgain: the container lives.
TaskRunner::Step TaskRunner::await_end() {
  // The log ends a moment before the container's state says so.
  const auto state = ask<ContainerState>([this](const std::stop_token& stop) {
    auto waited = parts_.engine.wait(spec_.name, limits::kContainerEndMs, stop);
    if (waited || waited.error().kind != ErrorKind::kTimeout) return waited;
    return parts_.engine.inspect(spec_.name, stop);
  });
  if (!state && state.error().kind == ErrorKind::kCancelled) return Step::kStopped;
  if (!state && state.error().kind == ErrorKind::kNotFound) return missing();
  if (!state || state->phase != Phase::kExited) return Step::kAgain;
  state_ = *state;
  if (!state->ended_at.is_set()) {
    return end(AttemptOutcome::Kind::kMissing, Reason::kNone,
               "the engine does not know how container " + spec_.name + " ended");
  }
  ended_ = true;
  outcome_.exit_code = state->exit_code;
  outcome_.oom_killed = state->oom_killed;
  return end(AttemptOutcome::Kind::kExited, Reason::kNone, state->error);
}

// kAgain: there may be more to read. kEnded: there is not; with ended_, the outcome stands.
TaskRunner::Step TaskRunner::read_failed(const Error& error) {
  if (is_away(error)) {
    if (!std::exchange(engine_away_, true) &&
        !say("waiting for the container engine: " + error.message)) {
      return Step::kStopped;
    }
    // Only once it answers is there anything to follow.
    const auto state = inspect();
    if (state || state.error().kind != ErrorKind::kNotFound) return Step::kAgain;
  } else if (error.kind == ErrorKind::kCancelled) {
    // Not by a stop, so it was the sink, or watch().
    return std::exchange(seen_ended_, false) ? await_end() : Step::kStopped;
  } else if (error.kind != ErrorKind::kNotFound) {
    if (!ended_) return await_end();
    if (++log_failures_ < limits::kLogFailures) return Step::kAgain;
  }
  if (!ended_) return missing();
  log_.note("the rest of the output could not be read: " + error.message);
  return Step::kEnded;
}

// The engine's follower has been seen to go on waiting for an ended container.
bool TaskRunner::watch() {
  const auto state = parts_.engine.inspect(spec_.name, shutdown_);
  seen_ended_ = state && state->phase == Phase::kExited;
  return !seen_ended_;
}

}  // namespace pawl
