#include "core/progress.h"

#include <algorithm>

#include "core/groups.h"
#include "core/verdict.h"

namespace pawl {
namespace {

void disarm(StepContext& context, std::optional<MonoTime>& armed, Timer::Kind kind, TaskRef task) {
  if (armed) context.state.timers.erase(Timer{*armed, kind, task});
  armed.reset();
}

void arm(StepContext& context, std::optional<MonoTime>& armed, Timer::Kind kind, TaskRef task,
         MonoTime at) {
  disarm(context, armed, kind, task);
  armed = at;
  context.state.timers.insert(Timer{at, kind, task});
}

TaskRef ref_of(const RunEntry& run, std::uint32_t task) { return TaskRef{run.run.id, task}; }

void make_ready(StepContext& context, const RunEntry& run, std::uint32_t index) {
  context.state.ready.insert(ref_of(run, index), run.definition->priority, run.run.pipeline);
}

bool is_through(const RunEntry& run, std::uint32_t index) {
  const auto& upstream = run.definition->tasks[index].upstream;
  return std::all_of(upstream.begin(), upstream.end(), [&](std::uint32_t before) {
    return run.tasks[before].state.status == Status::kSuccess;
  });
}

void finish_task(StepContext& context, RunEntry& run, std::uint32_t index, Status status,
                 Reason reason, std::string message) {
  TaskEntry& task = run.tasks[index];
  disarm(context, task.retry_at, Timer::Kind::kRetry, ref_of(run, index));
  context.state.ready.erase(ref_of(run, index), run.definition->priority, run.run.pipeline);
  task.state.status = status;
  task.state.reason = reason;
  task.state.message = std::move(message);
  task.state.ended_at = context.wall;
  task.state.retry_at = {};
  --run.unfinished_tasks;
  context.emit(SaveTask{task.state});
}

// What the final state of `index` means for the tasks behind it.
void propagate(StepContext& context, RunEntry& run, std::uint32_t index) {
  std::vector<std::uint32_t> changed = {index};
  while (!changed.empty()) {
    const std::uint32_t current = changed.back();
    changed.pop_back();
    for (const std::uint32_t next : run.downstream[current]) {
      TaskEntry& task = run.tasks[next];
      if (task.state.status != Status::kPending) continue;
      if (run.tasks[current].state.status != Status::kSuccess) {
        finish_task(context, run, next, Status::kSkipped, Reason::kUpstream,
                    "task '" + run.definition->tasks[current].id + "' did not succeed");
        changed.push_back(next);
        continue;
      }
      if (run.admitted && !task.retry_at && is_through(run, next)) make_ready(context, run, next);
    }
  }
}

void finish_run_if_done(StepContext& context, RunEntry& run) {
  if (run.unfinished_tasks > 0) return;
  const RunVerdict verdict = judge_run(run);
  run.run.status = verdict.status;
  run.run.reason = verdict.reason;
  run.run.message = verdict.message;
  run.run.ended_at = context.wall;
  context.emit(SaveRun{run.run});
  disarm(context, run.deadline, Timer::Kind::kRun, ref_of(run, 0));
  const auto pipeline = context.state.pipelines.find(run.run.pipeline);
  if (pipeline != context.state.pipelines.end() && pipeline->second.unfinished_runs > 0) {
    --pipeline->second.unfinished_runs;
  }
  context.ended.push_back({run.run.id, run.run.pipeline, run.run.status, run.run.trigger.depth});
  leave_group(context, run);
  context.emit(RemoveWorkspace{run.run.id});
  const PipelinePtr definition = run.definition;
  context.state.runs.erase(run.run.id);  // `run` is gone from here on
  if (definition->concurrency) admit_waiting(context, definition->concurrency->group);
}

void start_attempt(StepContext& context, TaskRef ref) {
  RunEntry& run = context.state.runs.at(ref.run);
  TaskEntry& task = run.tasks[ref.task];
  ++context.state.slots_used;
  context.state.ready.take_slot(run.run.pipeline);
  ++task.state.attempts;
  task.state.status = Status::kRunning;
  task.state.reason = Reason::kNone;
  task.state.message.clear();
  task.state.retry_at = {};
  if (!task.state.started_at.is_set()) task.state.started_at = context.wall;
  task.stop = StopCause::kNone;
  task.recovered = false;
  Attempt attempt;
  attempt.key = AttemptKey{ref.run, ref.task, task.state.attempts};
  attempt.created_at = context.wall;
  attempt.boot_id = context.state.settings.boot_id;
  task.live = attempt;
  if (run.run.status == Status::kPending) {
    run.run.status = Status::kRunning;
    run.run.started_at = context.wall;
    context.emit(SaveRun{run.run});
    arm_run_timeout(context, run, 0);
  }
  context.emit(SaveTask{task.state});
  context.emit(SaveAttempt{attempt});
  RunAttempt order;
  order.key = attempt.key;
  order.definition = run.definition;
  order.params = run.run.params;
  order.env = run.definition->tasks[ref.task].env;
  order.command = run.definition->tasks[ref.task].command;
  context.emit(std::move(order));
}

// The live task entry an attempt's report is about, or nullptr for a stale report.
RunEntry* find_live(State& state, const AttemptKey& key) {
  const auto run = state.runs.find(key.run);
  if (run == state.runs.end() || key.task >= run->second.tasks.size()) return nullptr;
  const TaskEntry& task = run->second.tasks[key.task];
  return task.live && task.live->key == key ? &run->second : nullptr;
}

// What a task becomes whose attempt ended while its run is being stopped.
struct Cut {
  Status status = Status::kCancelled;
  Reason reason = Reason::kNone;
  std::string message;
};

Cut cut_short(const Run& run, const Attempt& attempt) {
  if (attempt.status == Status::kSuccess) return {Status::kSuccess, Reason::kNone, {}};
  if (run.stop == RunStop::kTimeout) return {Status::kFailed, Reason::kTimeout, run.message};
  if (run.stop == RunStop::kReplace) return {Status::kCancelled, Reason::kConflict, run.message};
  return {Status::kCancelled, attempt.reason, attempt.message};
}

}  // namespace

StopCause cause_of(RunStop stop) {
  if (stop == RunStop::kNone) return StopCause::kNone;
  return stop == RunStop::kTimeout ? StopCause::kRunTimeout : StopCause::kCancel;
}

void start_run(StepContext& context, RunEntry& run) {
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    const TaskEntry& task = run.tasks[index];
    if (task.state.status == Status::kPending && !task.retry_at && is_through(run, index)) {
      make_ready(context, run, index);
    }
  }
}

void stop_run(StepContext& context, RunId id, RunStop stop, std::string message) {
  RunEntry& run = context.state.runs.at(id);
  if (run.run.stop != RunStop::kNone) return;
  run.run.stop = stop;
  run.run.message = std::move(message);
  context.emit(SaveRun{run.run});
  disarm(context, run.deadline, Timer::Kind::kRun, ref_of(run, 0));
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    TaskEntry& task = run.tasks[index];
    if (task.live) {
      stop_attempt(context, run, index, cause_of(stop));
    } else if (task.state.status == Status::kPending && stop == RunStop::kTimeout) {
      finish_task(context, run, index, Status::kSkipped, Reason::kTimeout, run.run.message);
    } else if (task.state.status == Status::kPending) {
      const Reason reason = stop == RunStop::kReplace ? Reason::kConflict : Reason::kNone;
      finish_task(context, run, index, Status::kCancelled, reason, "");
    }
  }
  finish_run_if_done(context, run);
}

void arm_run_timeout(StepContext& context, RunEntry& run, std::int64_t used_ms) {
  const std::int64_t timeout_ms = run.definition->timeout_ms;
  if (timeout_ms == 0 || run.run.stop != RunStop::kNone) return;
  arm(context, run.deadline, Timer::Kind::kRun, ref_of(run, 0),
      context.mono.plus_ms(timeout_ms - std::clamp<std::int64_t>(used_ms, 0, timeout_ms)));
}

void arm_timeout(StepContext& context, RunEntry& run, std::uint32_t index) {
  TaskEntry& task = run.tasks[index];
  const Attempt& live = *task.live;
  const std::int64_t timeout_ms = run.definition->tasks[index].timeout_ms;
  // A container that outlived its agent has used up some of its time. Within one boot the monotonic clock
  // says how much. Else the engine's wall clock is compared with ours, and either may have been set
  // meanwhile: what they say is kept within [0, timeout].
  std::int64_t used_ms = 0;
  if (task.recovered) {
    const bool same_boot = !live.boot_id.empty() && live.started_mono.ms > 0 &&
                           live.boot_id == context.state.settings.boot_id;
    used_ms =
        same_boot ? context.mono.ms - live.started_mono.ms : context.wall.ms - live.started_at.ms;
    used_ms = std::clamp<std::int64_t>(used_ms, 0, timeout_ms);
  }
  arm(context, task.deadline, Timer::Kind::kAttempt, ref_of(run, index),
      context.mono.plus_ms(timeout_ms - used_ms));
}

void arm_retry(StepContext& context, RunEntry& run, std::uint32_t index, MonoTime at) {
  arm(context, run.tasks[index].retry_at, Timer::Kind::kRetry, ref_of(run, index), at);
}

void stop_attempt(StepContext& context, RunEntry& run, std::uint32_t index, StopCause cause) {
  TaskEntry& task = run.tasks[index];
  if (task.stop != StopCause::kNone) return;
  task.stop = cause;
  arm(context, task.deadline, Timer::Kind::kAttempt, ref_of(run, index),
      context.mono.plus_ms(limits::kKillGraceMs));
  context.emit(SignalAttempt{task.live->key, false});
}

void settle(StepContext& context, RunId id) {
  RunEntry& run = context.state.runs.at(id);
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    if (is_final(run.tasks[index].state.status)) propagate(context, run, index);
  }
  finish_run_if_done(context, run);
}

void on_started(StepContext& context, const AttemptStarted& event) {
  RunEntry* run = find_live(context.state, event.key);
  if (run == nullptr) return;
  TaskEntry& task = run->tasks[event.key.task];
  if (task.live->status == Status::kRunning) {
    // Re-attached: recovery armed its timer. One that outlived a restart of the engine is the new one's.
    if (event.engine.empty() || event.engine == task.live->engine) return;
    task.live->engine = event.engine;
    return context.emit(SaveAttempt{*task.live});
  }
  task.live->status = Status::kRunning;
  task.live->container_id = event.container_id;
  task.live->started_at = event.started_at.is_set() ? event.started_at : context.wall;
  task.live->started_mono = context.mono;
  // A worker says so only of a container that ran in this boot (exec/task_runner.h), although one of an
  // earlier boot may have been asked for it.
  task.live->boot_id = context.state.settings.boot_id;
  task.live->engine = event.engine;
  context.emit(SaveAttempt{*task.live});
  if (task.stop == StopCause::kNone) arm_timeout(context, *run, event.key.task);
}

void on_ended(StepContext& context, const AttemptEnded& event) {
  RunEntry* run = find_live(context.state, event.key);
  if (run == nullptr) {
    context.emit(RemoveContainer{event.key});
    return;
  }
  const std::uint32_t index = event.key.task;
  TaskEntry& task = run->tasks[index];
  const Task& definition = run->definition->tasks[index];
  Attempt attempt = *task.live;
  apply_outcome(attempt, event.outcome, task.stop, definition.timeout_ms, context.wall);
  if (task.stop == StopCause::kRunTimeout && attempt.status != Status::kSuccess) {
    attempt.status = Status::kFailed;
    attempt.reason = Reason::kTimeout;
    attempt.message = run->run.message;
  }
  disarm(context, task.deadline, Timer::Kind::kAttempt, ref_of(*run, index));
  task.live.reset();
  --context.state.slots_used;
  context.state.ready.free_slot(run->run.pipeline);
  context.emit(SaveAttempt{attempt});

  if (run->run.stop != RunStop::kNone) {
    Cut cut = cut_short(run->run, attempt);
    finish_task(context, *run, index, cut.status, cut.reason, std::move(cut.message));
    propagate(context, *run, index);
  } else if (may_retry(definition.retries, attempt)) {
    const std::int64_t delay_ms = retry_delay_ms(definition.retries, attempt.key.attempt);
    task.state.status = Status::kPending;
    task.state.reason = attempt.reason;
    task.state.message = attempt.message;
    task.state.retry_at = context.wall.plus_ms(delay_ms);
    context.emit(SaveTask{task.state});
    arm_retry(context, *run, index, context.mono.plus_ms(delay_ms));
  } else {
    finish_task(context, *run, index, attempt.status, attempt.reason, attempt.message);
    propagate(context, *run, index);
  }
  context.emit(RemoveContainer{event.key});
  finish_run_if_done(context, *run);
}

void on_cancel(StepContext& context, const CancelRequested& event) {
  const auto found = context.state.runs.find(event.run);
  if (found == context.state.runs.end()) {
    return context.reply(
        event.request,
        Error{ErrorKind::kConflict, "run " + event.run.text() + " is not under way", {}});
  }
  const std::string pipeline = found->second.run.pipeline;
  if (found->second.run.stop == RunStop::kNone) {
    context.emit(SaveAction{Action{context.wall, event.actor, "cancel",
                                   "run " + event.run.text() + " of " + pipeline}});
    stop_run(context, event.run, RunStop::kCancel,
             event.actor.empty() ? "cancelled" : "cancelled by " + event.actor);
  }
  if (event.request != 0) {
    context.emit(Reply{event.request, {}, {{pipeline, event.run, false}}});
  }
}

void on_engine_listed(StepContext& context, const EngineListed& event) {
  for (const ObservedContainer& container : event.containers) {
    if (find_live(context.state, container.key) == nullptr) {
      context.emit(RemoveContainer{container.key});
    }
  }
}

void run_due_timers(StepContext& context) {
  State& state = context.state;
  while (!state.timers.empty() && state.timers.begin()->at <= context.mono) {
    const Timer timer = *state.timers.begin();
    state.timers.erase(state.timers.begin());
    RunEntry& run = state.runs.at(timer.task.run);
    if (timer.kind == Timer::Kind::kRun) {
      run.deadline.reset();
      stop_run(context, timer.task.run, RunStop::kTimeout,
               "the run took longer than " + format_duration(run.definition->timeout_ms));
      continue;
    }
    TaskEntry& task = run.tasks[timer.task.task];
    if (timer.kind == Timer::Kind::kRetry) {
      task.retry_at.reset();
      make_ready(context, run, timer.task.task);
      continue;
    }
    task.deadline.reset();
    if (task.stop == StopCause::kNone) {
      stop_attempt(context, run, timer.task.task, StopCause::kTimeout);
    } else {
      // Said again until the end is reported: a signal is lost while the engine is away.
      arm(context, task.deadline, Timer::Kind::kAttempt, timer.task,
          context.mono.plus_ms(limits::kKillRepeatMs));
      context.emit(SignalAttempt{task.live->key, true});
    }
  }
}

void dispatch(StepContext& context) {
  State& state = context.state;
  if (state.ends_only) return;
  while (state.slots_used < state.settings.workers && !state.ready.empty()) {
    start_attempt(context, state.ready.pop());
  }
}

}  // namespace pawl
