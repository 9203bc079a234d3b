// The second half of TaskRunner: from the start to the end. The log's end is not taken for the
// container's: the engine is asked, and if the container lives on, the log is followed again.
#include <utility>

#include "exec/task_runner.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

}  // namespace

TaskRunner::Step TaskRunner::follow() {
  Backoff backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms);
  while (true) {
    const std::uint64_t taken_before = log_.taken();
    log_.begin_stream();
    const auto read = parts_.engine.follow_logs(spec_.name, 0, log_, shutdown_);
    if (shutdown_.stop_requested()) return Step::kStopped;
    if (log_.taken() > taken_before) {
      log_failures_ = 0;
      backoff = Backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms);
    }
    const Step step = read ? await_end() : read_failed(read.error());
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
  outcome_.exit_code = state->exit_code;
  outcome_.oom_killed = state->oom_killed;
  return end(AttemptOutcome::Kind::kExited, Reason::kNone, state->error);
}

TaskRunner::Step TaskRunner::read_failed(const Error& error) {
  if (error.kind == ErrorKind::kNotFound) return missing();
  if (error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimeout) {
    if (!std::exchange(engine_away_, true) &&
        !say("waiting for the container engine: " + error.message)) {
      return Step::kStopped;
    }
    // Only once it answers is there anything to follow.
    const auto state = inspect();
    if (state || state.error().kind != ErrorKind::kNotFound) return Step::kAgain;
    return missing();
  }
  // kCancelled: ended by watch(), or the sink is closed.
  if (error.kind == ErrorKind::kCancelled && !seen_ended_) return Step::kStopped;
  const Step step = await_end();
  if (step != Step::kEnded) return step;
  if (++log_failures_ < limits::kLogFailures) return Step::kAgain;
  log_.note("the rest of the output could not be read: " + error.message);
  return step;
}

// The engine's follower has been seen to go on waiting for an ended container.
bool TaskRunner::watch() {
  const auto state = parts_.engine.inspect(spec_.name, shutdown_);
  seen_ended_ = state && state->phase == Phase::kExited;
  return !seen_ended_;
}

}  // namespace pawl
