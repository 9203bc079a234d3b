// What one run's records must say together, and what may change them.
#include <algorithm>

#include "sim/language.h"
#include "sim/observer.h"

namespace pawl::sim {

void Observer::check_task(const StoredRun& run, const TaskState& task, std::size_t live,
                          bool queued) {
  const RunId id = run.run.id;
  const std::string name = ", task " + std::to_string(task.index);
  if (live > 1) violate(id, name + ": two attempts are under way");
  if ((task.status == Status::kRunning) != (live == 1)) {
    violate(id, name + ": running and being under way do not agree");
  }
  if (task.status == Status::kPending && is_stopped(run, task.index)) {
    violate(id, name + ": waits in a run that was stopped");
  }
  // A retry kept it: it was decided elsewhere.
  if (never_was(run) || (task.attempts == 0 && task.status == Status::kSuccess)) return;
  const Expected expected = expected_of(run, task.index);
  if (task.attempts > 0 && expected != Expected::kGo) {
    violate(id, name + ": was started although its rule or condition does not let it run");
  }
  if (task.status == Status::kPending && !queued && expected == Expected::kSkipUpstream) {
    violate(id, name + ": waits although its rule cannot hold any more");
  }
  if (task.status == Status::kPending && !queued &&
      (expected == Expected::kSkipCondition || expected == Expected::kFail)) {
    violate(id, name + ": waits although its condition is decided");
  }
  if (task.status == Status::kSkipped && task.reason == Reason::kUpstream &&
      expected != Expected::kSkipUpstream) {
    violate(id, name + ": was skipped although its rule holds");
  }
  if (task.status == Status::kSkipped && task.reason == Reason::kCondition &&
      expected != Expected::kSkipCondition) {
    violate(id, name + ": was skipped although its condition holds");
  }
  if (task.status == Status::kFailed && task.reason == Reason::kCondition &&
      expected != Expected::kFail && !has_bad_env(run, task.index)) {
    violate(id, name + ": failed by a condition that can be evaluated");
  }
  if (task.attempts > 0 && task.status == Status::kSuccess &&
      task.outputs != Variables{{"v", output_of({id, task.index, task.attempts})}}) {
    violate(id, name + ": has other outputs than its attempt gave");
  }
}

void Observer::check_run_end(const StoredRun& run) {
  const RunId id = run.run.id;
  if (!run.run.ended_at.is_set()) violate(id, " has no end");
  if (never_was(run)) return;
  if (run.run.status != end_of(run)) violate(id, ": its tasks ended in another way than it did");
  const bool cut = std::any_of(run.tasks.begin(), run.tasks.end(), [&](const TaskState& task) {
    return !is_hook(run, task.index) && task.reason == Reason::kTimeout &&
           task.status == Status::kSkipped;
  });
  if (run.run.stop == RunStop::kTimeout && cut && run.run.reason != Reason::kTimeout) {
    violate(id, " ran into its timeout and does not say so");
  }
  for (const TaskState& task : run.tasks) {
    if (task.status == Status::kCancelled && !is_stopped(run, task.index)) {
      violate(id, ": a task was cancelled, and nobody stopped it");
    }
    if (is_hook(run, task.index) && !answers_end(run, task.index) && task.attempts > 0) {
      violate(id, ": a hook answered another end");
    }
  }
}

void Observer::check_run(RunId id, const StepRecord& step) {
  const auto found = store_.runs.find(id);
  if (found == store_.runs.end() || !found->second.definition) {
    return violate(id, ": something of it was stored, not the run itself");
  }
  const StoredRun& run = found->second;
  if (run.tasks.size() != run.definition->tasks.size()) return violate(id, " lacks tasks");
  bool all_final = true;
  for (const TaskState& task : run.tasks) {
    std::size_t live = 0;
    for (auto key = store_.live.lower_bound(AttemptKey{id, task.index, 0});
         key != store_.live.end() && key->run == id && key->task == task.index; ++key) {
      ++live;
    }
    check_task(run, task, live, step.queued.contains(id));
    all_final = all_final && is_final(task.status);
    if (run.run.status == Status::kPending && (live > 0 || task.attempts > 0)) {
      violate(id, " is pending and has started a task");
    }
  }
  if (is_final(run.run.status) != all_final) {
    violate(id, ": it has ended exactly when all its tasks have");
  }
  if (is_final(run.run.status)) check_run_end(run);
}

void Observer::check_attempt_end(const StepRecord& step, const AttemptKey& key) {
  const Attempt& attempt = store_.attempts.at(key);
  const auto* ended = std::get_if<AttemptEnded>(&step.event.body);
  if (step.recovery || ended == nullptr || ended->key != key) {
    return violate(key.run, ": an attempt ended that nobody reported as ended");
  }
  const AttemptOutcome& outcome = ended->outcome;
  if (attempt.log_incomplete != outcome.log_incomplete) {
    violate(key.run, ": that output is missing was not recorded");
  }
  if (attempt.status == Status::kSuccess &&
      (outcome.kind != AttemptOutcome::Kind::kExited || outcome.exit_code != 0)) {
    violate(key.run, ": an attempt is a success, and was not reported as one");
  }
  check_attempt_truth(attempt);
}

void Observer::check_attempt_truth(const Attempt& attempt) {
  const RunId id = attempt.key.run;
  const auto found = engine_.history.find(attempt.key);
  const ContainerHistory truth =
      found == engine_.history.end() ? ContainerHistory{} : found->second;
  if (attempt.status == Status::kSuccess &&
      (truth.good_ends == 0 || (truth.good_ends > 1 && !truth.lost))) {
    violate(id, ": an attempt is a success, and its container had no exit code 0 of its own");
  }
  // A start in a later boot than the attempt's own that no agent lived to record cannot be told from one
  // that the reboot cut off.
  const bool doubtful = !attempt.started_at.is_set() && attempt.boot_id != truth.boot_id;
  if (attempt.reason == Reason::kLost && !truth.interfered && !doubtful) {
    violate(id, ": an attempt is lost, and its container was there");
  }
  if (attempt.reason == Reason::kExitCode && !truth.interfered &&
      attempt.exit_code != truth.exit_code) {
    violate(id, ": an attempt has another exit code than its container");
  }
  const std::int64_t timeout_ms = run_of(id).definition->tasks[attempt.key.task].timeout_ms;
  const std::int64_t ran_ms = life_.clock.true_ms() - truth.started_ms;
  if (attempt.reason == Reason::kTimeout && run_of(id).run.stop == RunStop::kNone &&
      life_.clock.set_at_ms() < truth.started_ms && ran_ms < timeout_ms) {
    violate(id, ": an attempt timed out before its time");
  }
}

void Observer::check_stop(const StepRecord& step, RunId id) {
  const StoredRun& run = run_of(id);
  switch (run.run.stop) {
    case RunStop::kNone:
      return violate(id, " was stopped, and then was not");
    case RunStop::kCancel: {
      const auto* cancel = std::get_if<CancelRequested>(&step.event.body);
      if (step.recovery || cancel == nullptr || cancel->run != id) {
        violate(id, " was cancelled, and nobody asked for it");
      }
      return;
    }
    case RunStop::kTimeout: {
      const auto started = run_started_ms_.find(id);
      if (run.definition->timeout_ms == 0) return violate(id, " timed out, and has no timeout");
      if (started == run_started_ms_.end()) {
        return violate(id, " timed out before its first task was started");
      }
      if (life_.clock.set_at_ms() < started->second &&
          life_.clock.true_ms() - started->second < run.definition->timeout_ms) {
        violate(id, " timed out before its time");
      }
      return;
    }
    case RunStop::kReplace: {
      const auto& own = run.definition->concurrency;
      const bool replaced =
          own && std::any_of(delta_.made.begin(), delta_.made.end(), [&](RunId made) {
            const auto& other = run_of(made).definition->concurrency;
            return made > id && other && other->group == own->group &&
                   other->on_conflict == OnConflict::kReplace;
          });
      if (!replaced) violate(id, " was replaced, and no run took its place");
      return;
    }
  }
}

namespace {

RequestId request_of(const Event& event) {
  return std::visit(
      [](const auto& body) -> RequestId {
        if constexpr (requires { body.request; }) return body.request;
        return 0;
      },
      event.body);
}

}  // namespace

void Observer::check_replies(const StepRecord& step) {
  const RequestId request = step.recovery ? 0 : request_of(step.event);
  std::size_t replies = 0;
  for (const Command& command : step.commands) {
    const auto* reply = std::get_if<Reply>(&command);
    if (reply == nullptr) continue;
    ++replies;
    if (reply->request != request) violate("an answer went to somebody who had not asked");
    for (const AcceptedRun& accepted : reply->runs) {
      const bool is_trigger = std::holds_alternative<ManualTriggered>(step.event.body) ||
                              std::holds_alternative<WebhookReceived>(step.event.body) ||
                              std::holds_alternative<RetryRequested>(step.event.body);
      const auto run = store_.runs.find(accepted.run);
      if (run == store_.runs.end() || run->second.run.pipeline != accepted.pipeline) {
        violate(accepted.run, " was promised and is not stored");
      } else if (is_trigger && was_made(accepted.run) == accepted.duplicate) {
        violate(accepted.run, ": the caller was told wrongly whether it is new");
      }
    }
    for (const RunId id : delta_.made) {
      const TriggerKind kind = run_of(id).run.trigger.kind;
      if (reply->error && (kind == TriggerKind::kManual || kind == TriggerKind::kRetry)) {
        violate(id, " was made, and its caller was refused");
      }
    }
  }
  if (replies != (request == 0 ? 0u : 1u)) violate("a request got no answer, or two");
}

void Observer::check_actions(const StepRecord& step) {
  std::set<std::string> verbs;
  for (const Command& command : step.commands) {
    if (const auto* save = std::get_if<SaveAction>(&command)) verbs.insert(save->action.verb);
  }
  const auto expect = [&](const char* verb, bool done) {
    if (verbs.contains(verb) != done) {
      violate(std::string("the action '") + verb + "' and its record do not go together");
    }
  };
  const auto made_by = [&](TriggerKind kind) {
    return std::any_of(delta_.made.begin(), delta_.made.end(),
                       [&](RunId id) { return run_of(id).run.trigger.kind == kind; });
  };
  expect("run", made_by(TriggerKind::kManual));
  expect("retry", made_by(TriggerKind::kRetry));
  expect("cancel", !delta_.hooks_stopped.empty() ||
                       std::any_of(delta_.stopped.begin(), delta_.stopped.end(), [&](RunId id) {
                         return run_of(id).run.stop == RunStop::kCancel;
                       }));
  expect("suspend", store_.suspensions.size() > delta_.suspensions.size());
  // A pipeline that Git takes away may take its suspension along.
  if (std::holds_alternative<SuspendRequested>(step.event.body)) {
    expect("resume", store_.suspensions.size() < delta_.suspensions.size());
  }
}

}  // namespace pawl::sim
