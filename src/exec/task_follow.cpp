// The second half of TaskRunner: from the start to the end. The log's end is not taken for the
// container's: the engine is asked, and if the container lives on, the log is followed again. Nor is it
// taken for the whole log, unless the container had ended before the stream began.
#include <utility>

#include "exec/end_belief.h"
#include "exec/task_runner.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

// containerd's own code for an end that it does not know. A live-restored container that had exited with 0 while no
// engine was there was seen to have it (20.10).
constexpr int kUnknownExit = 255;

}  // namespace

TaskRunner::Step TaskRunner::follow() {
  learn_secrets();
  log_.take_turns(usage_.first(), [this] { return usage_.look(spec_.name, shutdown_); });
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
    if (read && ended_before) {
      log_.end_of_log();
      return Step::kEnded;
    }
    // Before the engine is asked, so that nothing goes unseen between its answer and the next stream.
    const bool away = !read && is_away(read.error());
    if (away && !pause(shutdown_, backoff.next_ms())) return Step::kStopped;
    const Step step = read ? await_end() : read_failed(read.error());
    if (step == Step::kEnded && ended_ && !ended_before) continue;
    if (step != Step::kAgain) return step;
    if (!away && !pause(shutdown_, backoff.next_ms())) return Step::kStopped;
  }
}

// kAgain: the container lives.
TaskRunner::Step TaskRunner::await_end() {
  // The log ends a moment before the container's state says so. Only wait() tells an end for certain.
  std::string engine;
  const auto state = ask<ContainerState>([&](const std::stop_token& stop) {
    while (true) {
      auto waited = parts_.engine.wait(spec_.name, limits::kContainerEndMs, stop);
      if (waited || waited.error().kind != ErrorKind::kTimeout) return waited;
      engine = parts_.engine.incarnation();
      auto looked = parts_.engine.inspect(spec_.name, stop);
      if (!looked || looked->phase != Phase::kExited) return looked;
    }
  });
  if (!state && state.error().kind == ErrorKind::kCancelled) return Step::kStopped;
  if (!state && state.error().kind == ErrorKind::kNotFound) return missing();
  if (!state) return Step::kAgain;
  if (state->phase == Phase::kCreated) return lost(forgotten());
  if (state->phase == Phase::kRunning) {
    seen_running(*state, engine);
    return Step::kAgain;
  }
  state_ = *state;
  ended_ = true;
  return judge(*state);
}

TaskRunner::Step TaskRunner::judge(const ContainerState& state) {
  const std::string told_by = parts_.engine.incarnation();
  switch (
      judge_end({rebooted_, engine_, told_by, connection_broke_, engines_restore_live(told_by)})) {
    case EndBelief::kHostRestarted:
      return lost(kHostRestarted);
    case EndBelief::kEngineRestarted:
      return lost(
          "the container engine was restarted while it ran; how it would have ended is not known");
    case EndBelief::kTrue:
      break;
  }
  const bool ended_unseen = !engine_.empty() && engine_ != told_by;
  // What it printed while no engine was there to read it is gone with it (seen with 20.10).
  if (ended_unseen) log_cut_ = true;
  if (!state.ended_at.is_set() || (ended_unseen && state.exit_code == kUnknownExit)) {
    return lost("the engine does not know how container " + spec_.name + " ended");
  }
  outcome_.exit_code = state.exit_code;
  outcome_.oom_killed = state.oom_killed;
  return end(AttemptOutcome::Kind::kExited, Reason::kNone, state.error);
}

// Whether the container outlives the way from engine_ to this incarnation.
bool TaskRunner::engines_restore_live(const std::string& incarnation) {
  if (incarnation.empty() || incarnation == engine_) return false;
  if (!parts_.live_restore.of(engine_)) return false;
  const auto asked = ask<bool>([&](const std::stop_token& stop) -> Result<bool> {
    PAWL_CHECK(parts_.live_restore.learn(incarnation, stop));
    return true;
  });
  return asked && parts_.live_restore.of(incarnation);
}

void TaskRunner::seen_running(const ContainerState& state, const std::string& engine) {
  if (engine.empty() && !engine_.empty()) return;
  connection_broke_ = false;
  if (engine == engine_) return;
  (void)parts_.live_restore.learn(engine, shutdown_);
  if (!engine_.empty()) {
    if (!parts_.live_restore.of(engine)) log_cut_ = true;
    log_.note("the container engine was restarted; the container ran on");
  }
  engine_ = engine;
  if (!reported_) return;
  Event event;
  event.body = AttemptStarted{order_.key, state.id, state.started_at, engine_};
  // A shutdown is noticed by the stop token.
  (void)parts_.sink.post(std::move(event));
}

// kAgain: there may be more to read. kEnded: there is not; with ended_, the outcome stands.
TaskRunner::Step TaskRunner::read_failed(const Error& error) {
  if (is_away(error)) {
    connection_broke_ |= error.kind == ErrorKind::kUnavailable;
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
  log_cut_ = true;
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
