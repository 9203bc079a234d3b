// What is due when: ends of attempts and runs that overstay, and tasks that wait to be tried again.
#include <algorithm>

#include "sim/language.h"
#include "sim/observer.h"

namespace pawl::sim {

void Observer::follow_retries(const StepRecord& step) {
  const std::int64_t now = life_.clock.true_ms();
  const auto follow = [&](const StoredRun& run, const TaskState& task) {
    const TaskPlace place{run.run.id, task.index};
    if (task.status != Status::kPending || !task.retry_at.is_set()) {
      retries_.erase(place);
      return;
    }
    // A clock that was set meanwhile may make it shorter or longer, up to the rule's own bounds.
    const std::int64_t wait_ms =
        std::clamp<std::int64_t>(task.retry_at.ms - step.event.wall.ms, 0,
                                 run.definition->tasks[task.index].retries.max_delay_ms);
    retries_[place] = now + wait_ms;
  };
  if (step.recovery) {
    retries_.clear();
    for (const RunId id : store_.unfinished) {
      for (const TaskState& task : run_of(id).tasks) follow(run_of(id), task);
    }
    return;
  }
  for (const Command& command : step.commands) {
    const auto* save = std::get_if<SaveTask>(&command);
    if (save != nullptr)
      follow(run_of(save->task.run), run_of(save->task.run).tasks[save->task.index]);
  }
}

void Observer::follow_attempts(const StepRecord& step) {
  const std::int64_t now = life_.clock.true_ms();
  if (step.recovery) {
    attempts_.clear();
    for (const AttemptKey& key : store_.live) {
      if (store_.attempts.at(key).status == Status::kRunning) attempts_[key].watched_ms = now;
    }
  }
  for (const Command& command : step.commands) {
    if (const auto* save = std::get_if<SaveAttempt>(&command)) {
      if (is_final(save->attempt.status)) {
        attempts_.erase(save->attempt.key);
      } else if (save->attempt.status == Status::kRunning && !step.recovery) {
        attempts_[save->attempt.key].watched_ms = now;
      }
    } else if (const auto* signal = std::get_if<SignalAttempt>(&command)) {
      check_signal(step, *signal);
      if (!store_.live.contains(signal->key)) continue;
      LiveAttempt& live = attempts_[signal->key];
      (signal->kill ? live.kill_ms : live.term_ms) = now;
    } else if (const auto* save_run = std::get_if<SaveRun>(&command)) {
      if (save_run->run.status == Status::kRunning)
        run_started_ms_.try_emplace(save_run->run.id, now);
    }
  }
}

void Observer::check_signal(const StepRecord& step, const SignalAttempt& signal) {
  const Attempt* attempt = store_.find_attempt(signal.key);
  if (attempt == nullptr) return violate(signal.key.run, ": an unknown attempt was signalled");
  const StoredRun& run = run_of(signal.key.run);
  if (signal.kill || step.recovery || is_stopped(run, signal.key.task)) return;
  // Nobody stopped the run, so it is the task's own timeout. What is known of a start by the monotonic
  // clock of this boot stands whatever the wall clock says.
  const auto truth = engine_.history.find(signal.key);
  if (truth == engine_.history.end()) {
    return violate(signal.key.run, ": an attempt timed out before it was started");
  }
  const std::int64_t started_ms = truth->second.started_ms;
  const bool known = attempt->started_mono.ms != 0 && attempt->boot_id == life_.clock.boot_id();
  if (!known && life_.clock.set_at_ms() >= started_ms) return;
  if (life_.clock.true_ms() - started_ms < run.definition->tasks[signal.key.task].timeout_ms) {
    violate(signal.key.run, ": a task was ended before its timeout");
  }
}

void Observer::check_attempt_timers(const StepRecord& step) {
  const std::int64_t now = life_.clock.true_ms();
  for (const AttemptKey& key : store_.live) {
    const StoredRun& run = run_of(key.run);
    const LiveAttempt& live = attempts_[key];
    if (is_stopped(run, key.task) && live.term_ms < 0) {
      violate(key.run, " was stopped, and its task was not told to end");
    }
    const std::int64_t timeout_ms = run.definition->tasks[key.task].timeout_ms;
    if (live.watched_ms >= 0 && live.term_ms < 0 && now - live.watched_ms > timeout_ms) {
      violate(key.run, ": a task runs on after its timeout");
    }
    if (live.term_ms >= 0 && live.kill_ms < 0 &&
        now - live.term_ms > run.definition->tasks[key.task].kill_grace_ms) {
      violate(key.run, ": a task was not killed after its grace");
    }
    if (live.kill_ms >= 0 && now - live.kill_ms > limits::kKillRepeatMs) {
      violate(key.run, ": a task that lives on was not killed again");
    }
  }
  if (tight_ || store_.live.size() >= workers_) return;
  for (const auto& [place, due_ms] : retries_) {
    if (due_ms <= now && !step.queued.contains(place.first)) {
      violate(place.first, ": a task is due to be tried again, a worker is free, and it waits");
    }
  }
}

void Observer::check_run_timers() {
  for (const RunId id : store_.unfinished) {
    const StoredRun& run = run_of(id);
    if (run.definition->timeout_ms == 0 || run.run.status != Status::kRunning ||
        run.run.stop != RunStop::kNone || only_hooks_left(run)) {
      continue;
    }
    const std::int64_t since_ms = std::max(run_started_ms_[id], recovered_ms_);
    if (life_.clock.true_ms() - since_ms > run.definition->timeout_ms) {
      violate(id, " goes on after its timeout");
    }
  }
}

}  // namespace pawl::sim
