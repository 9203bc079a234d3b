#include "sim/observer.h"

#include <algorithm>

#include "sim/language.h"
#include "sim/world.h"

namespace pawl::sim {
namespace {

bool is_signalled(const StepRecord& step, const AttemptKey& key) {
  return std::any_of(step.commands.begin(), step.commands.end(), [&](const Command& command) {
    const auto* signal = std::get_if<SignalAttempt>(&command);
    return signal != nullptr && signal->key == key;
  });
}

}  // namespace

void Observer::process_started() {
  clock_trusted_ = false;
  clock_wait_end_ = life_.clock.mono().plus_ms(limits::kClockWaitMs);
  clock_floor_ = store_.highest_time;
}

bool Observer::was_made(RunId id) const {
  return std::find(delta_.made.begin(), delta_.made.end(), id) != delta_.made.end();
}

void Observer::before(const StepRecord& step) {
  tight_ = step.ends_only;
  Delta fresh;
  if (catalog_changed_) {
    fresh.marks = store_.marks;
    fresh.suspensions = store_.suspensions;
    fresh.pipelines = store_.pipelines;
    catalog_changed_ = false;
  } else {
    std::swap(fresh.marks, delta_.marks);
    std::swap(fresh.suspensions, delta_.suspensions);
    std::swap(fresh.pipelines, delta_.pipelines);
  }
  delta_ = std::move(fresh);
  for (const Command& command : step.commands) {
    if (const auto* save = std::get_if<SaveRun>(&command)) {
      const auto known = store_.runs.find(save->run.id);
      const bool is_new = known == store_.runs.end();
      if (is_new && !was_made(save->run.id)) delta_.made.push_back(save->run.id);
      const bool had_ended = !is_new && is_final(known->second.run.status);
      if (!had_ended && is_final(save->run.status) && save->run.status != Status::kSkipped) {
        delta_.ended.insert(save->run.id);
      }
      const RunStop before = is_new ? RunStop::kNone : known->second.run.stop;
      if (save->run.stop != before) delta_.stopped.insert(save->run.id);
      const bool hooks_before = !is_new && known->second.run.hooks_cancelled;
      if (save->run.hooks_cancelled != hooks_before) delta_.hooks_stopped.insert(save->run.id);
      delta_.touched.insert(save->run.id);
    } else if (const auto* task = std::get_if<SaveTask>(&command)) {
      delta_.touched.insert(task->task.run);
    } else if (const auto* attempt = std::get_if<SaveAttempt>(&command)) {
      const AttemptKey& key = attempt->attempt.key;
      delta_.touched.insert(key.run);
      const Attempt* known_attempt = store_.find_attempt(key);
      if (known_attempt == nullptr) delta_.dispatched.push_back(key);
      const bool had_ended = known_attempt != nullptr && is_final(known_attempt->status);
      if (!had_ended && is_final(attempt->attempt.status)) delta_.ended_attempts.insert(key);
    } else if (!is_effect(command)) {
      catalog_changed_ = true;
    }
  }
  // Judged by what was stored before the step.
  for (const AttemptKey& key : delta_.dispatched) check_dispatch(step, key);
}

void Observer::after(const StepRecord& step) {
  if (step.recovery) {
    recovered_ms_ = life_.clock.true_ms();
    rebuilt_floor_ = store_.highest_time;
  }
  observe_clock(step);
  const bool time_passed = !step.recovery && std::holds_alternative<TimePassed>(step.event.body);
  if (!time_passed || !step.commands.empty()) check_changes(step);
  if (time_passed) {
    if (!tight_ && trusted_ms_ >= recovered_ms_) open_ms_ = life_.clock.true_ms();
    check_attempt_timers(step);
    check_run_timers();
  }
}

void Observer::check_changes(const StepRecord& step) {
  for (const RunId id : delta_.touched) check_run(id, step);
  for (const AttemptKey& key : delta_.ended_attempts) check_attempt_end(step, key);
  for (const RunId id : delta_.stopped) check_stop(step, id);
  check_replies(step);
  check_actions(step);
  check_orders(step);

  for (const RunId id : delta_.made) check_made(step, id);
  for (const RunId id : delta_.ended) check_followers(id);
  check_ticks_of_step(step);

  const auto* started = std::get_if<AttemptStarted>(&step.event.body);
  if (started != nullptr && store_.live.contains(started->key) &&
      store_.attempts.at(started->key).engine != started->engine) {
    violate(started->key.run, ": the engine that runs its task was not recorded");
  }
  follow_retries(step);
  check_slots_and_order(step);
  check_groups(step);
  follow_attempts(step);
}

void Observer::check_orders(const StepRecord& step) {
  for (const Command& command : step.commands) {
    if (const auto* order = std::get_if<RunAttempt>(&command)) check_order(step, *order);
  }
  follow_ahead(step);
  for (const Command& command : step.commands) {
    if (const auto* ahead = std::get_if<PrepareAttempt>(&command)) check_ahead(ahead->order);
  }
}

void Observer::check_ahead(const RunAttempt& order) {
  const AttemptKey& key = order.key;
  const StoredRun& run = run_of(key.run);
  const TaskState& task = run.tasks[key.task];
  if (task.status != Status::kPending || key.attempt != task.attempts + 1) {
    violate(key.run, ": a container was asked for ahead of no attempt that can follow");
  }
  if (is_stopped(run, key.task)) {
    violate(key.run, ": a container was asked for ahead of a task that will not run");
  }
  ahead_.insert_or_assign(key, order);
  if (ahead_.size() > workers_) violate("more containers wait for tasks than there are workers");
}

// Those asked for by this agent, of tasks that may still start.
void Observer::follow_ahead(const StepRecord& step) {
  if (step.recovery) ahead_.clear();
  std::erase_if(ahead_, [&](const auto& entry) {
    const AttemptKey& key = entry.first;
    return store_.find_attempt(key) != nullptr || is_final(run_of(key.run).tasks[key.task].status);
  });
}

void Observer::check_order(const StepRecord& step, const RunAttempt& order) {
  const auto ahead = ahead_.find(order.key);
  if (ahead != ahead_.end() &&
      (ahead->second.env != order.env || ahead->second.command != order.command ||
       ahead->second.params != order.params || ahead->second.run_status != order.run_status)) {
    violate(order.key.run, ": a container was created ahead with another order");
  }
  const Attempt* attempt = store_.find_attempt(order.key);
  if (attempt == nullptr || is_final(attempt->status)) {
    return violate(order.key.run, ": an attempt was handed out that is not recorded as under way");
  }
  const StoredRun& run = run_of(order.key.run);
  if (!order.recovered) return;
  if (order.expect_started != (attempt->status == Status::kRunning)) {
    violate(order.key.run, ": a worker was told wrongly whether the container was started");
  }
  if (order.engine != attempt->engine) {
    violate(order.key.run, ": a worker was not told the engine's incarnation");
  }
  // One that a later part of the recovery stopped gets its signal behind the order.
  if (is_stopped(run, order.key.task) && !order.stop && !is_signalled(step, order.key)) {
    violate(order.key.run, " was stopped, and an attempt was handed out to run");
  }
}

void Observer::check_removal(const RemoveContainer& removal) {
  const Attempt* attempt = store_.find_attempt(removal.key);
  if (attempt != nullptr && !is_final(attempt->status)) {
    violate(removal.key.run, ": a container is removed before its end is stored");
  }
  const auto run = store_.runs.find(removal.key.run);
  if (attempt == nullptr && run != store_.runs.end() &&
      !is_final(run->second.tasks[removal.key.task].status)) {
    violate(removal.key.run, ": a container is removed that its task may still start");
  }
}

void Observer::check_end() {
  for (const auto& [id, stored] : store_.runs) {
    if (!is_final(stored.run.status)) violate(id, " has no final status");
  }
  for (const AttemptKey& key : store_.live) violate(key.run, ": an attempt has no final status");
  if (!engine_.containers.empty()) {
    violate(engine_.containers.begin()->first.run, ": a container was left behind");
  }
  if (!store_.runs.empty() && store_.runs.rbegin()->first.value != store_.runs.size()) {
    violate("a number was left out, and no run has it");
  }
  std::map<std::pair<std::string, std::string>, RunId> identities;
  for (const auto& [id, stored] : store_.runs) {
    const TriggerInfo& trigger = stored.run.trigger;
    if (trigger.identity.empty()) violate(id, " has no identity");
    const auto known = store_.find(stored.run.pipeline, trigger.identity);
    if (!known) {
      violate(id, ": its identity is not stored");
    } else if (*known != id) {
      violate(id, ": its identity belongs to run " + known->text());
    }
    if (!identities.emplace(std::pair{stored.run.pipeline, trigger.identity}, id).second) {
      violate(id, ": trigger " + trigger.identity + " made two runs");
    }
  }
}

}  // namespace pawl::sim
