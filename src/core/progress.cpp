#include "core/progress.h"

#include <algorithm>

#include "core/ahead.h"
#include "core/chains.h"
#include "core/evaluation.h"
#include "core/readiness.h"
#include "core/timers.h"
#include "core/verdict.h"

namespace pawl {
namespace {

void begin_run(StepContext& context, RunEntry& run) {
  if (run.run.status != Status::kPending) return;
  run.run.status = Status::kRunning;
  run.run.started_at = context.wall;
  context.emit(SaveRun{run.run});
  arm_run_timeout(context, run, 0);
}

void start_attempt(StepContext& context, TaskRef ref) {
  RunEntry& run = context.state.runs.at(ref.run);
  TaskEntry& task = run.tasks[ref.task];
  auto order = make_order(context, run, {ref.run, ref.task, task.state.attempts + 1});
  if (!order) {
    finish_task(context, run, ref.task, Status::kFailed, Reason::kCondition, order.error().message);
    return consider_downstream(context, run, ref.task);
  }
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
  attempt.key = order->key;
  attempt.created_at = context.wall;
  attempt.boot_id = context.state.settings.boot_id;
  task.live = attempt;
  begin_run(context, run);
  context.emit(SaveTask{task.state});
  context.emit(SaveAttempt{attempt});
  use_ahead(context, attempt.key);
  context.emit(std::move(order).value());
  context.begun.push_back(ref);
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

Cut cut_short(const Run& run, bool is_hook, const Attempt& attempt) {
  if (attempt.status == Status::kSuccess) return {Status::kSuccess, Reason::kNone, {}};
  if (is_hook) return {Status::kCancelled, attempt.reason, attempt.message};
  if (run.stop == RunStop::kTimeout) return {Status::kFailed, Reason::kTimeout, run.message};
  if (run.stop == RunStop::kReplace) return {Status::kCancelled, Reason::kConflict, run.message};
  return {Status::kCancelled, attempt.reason, attempt.message};
}

// Gives ready tasks to free workers.
void dispatch(StepContext& context) {
  State& state = context.state;
  if (state.ends_only) return;
  // A task that cannot be started is over: what follows from that may come before the others that wait.
  while (context.touched.empty() && state.slots_used < state.settings.workers &&
         !state.ready.empty()) {
    start_attempt(context, state.ready.pop());
  }
}

StopCause cause_of(RunStop stop) {
  if (stop == RunStop::kNone) return StopCause::kNone;
  return stop == RunStop::kTimeout ? StopCause::kRunTimeout : StopCause::kCancel;
}

// Only the hooks are left: they end now.
void cancel_hooks(StepContext& context, RunEntry& run) {
  run.run.hooks_cancelled = true;
  context.emit(SaveRun{run.run});
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    TaskEntry& task = run.tasks[index];
    if (task.live) {
      stop_attempt(context, run, index, StopCause::kCancel);
    } else if (task.state.status == Status::kPending) {
      finish_task(context, run, index, Status::kCancelled, Reason::kNone, "");
    }
  }
}

}  // namespace

void stop_run(StepContext& context, RunId id, RunStop stop, std::string message) {
  RunEntry& run = context.state.runs.at(id);
  if (run.run.stop != RunStop::kNone || run.unfinished_main == 0) return;
  run.run.stop = stop;
  run.run.message = std::move(message);
  context.emit(SaveRun{run.run});
  disarm(context, run.deadline, Timer::Kind::kRun, ref_of(run, 0));
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    TaskEntry& task = run.tasks[index];
    if (!is_main(run, index)) continue;
    if (task.live) {
      stop_attempt(context, run, index, cause_of(stop));
    } else if (task.state.status == Status::kPending && stop == RunStop::kTimeout) {
      finish_task(context, run, index, Status::kSkipped, Reason::kTimeout, run.run.message);
    } else if (task.state.status == Status::kPending) {
      const Reason reason = stop == RunStop::kReplace ? Reason::kConflict : Reason::kNone;
      finish_task(context, run, index, Status::kCancelled, reason, "");
    }
  }
}

Result<RunAttempt> make_order(const StepContext& context, const RunEntry& run,
                              const AttemptKey& key) {
  PAWL_TRY(EvaluatedTask evaluated, evaluate_task(context.state, run, key.task, key.attempt));
  RunAttempt order;
  order.key = key;
  order.definition = run.definition;
  order.params = run.run.params;
  order.env = std::move(evaluated.env);
  order.command = std::move(evaluated.command);
  if (!is_main(run, key.task)) order.run_status = to_string(judge_run(run).status);
  return order;
}

StopCause stop_of(const RunEntry& run, std::uint32_t index) {
  if (is_main(run, index)) return cause_of(run.run.stop);
  return run.run.hooks_cancelled ? StopCause::kCancel : StopCause::kNone;
}

void arm_run_timeout(StepContext& context, RunEntry& run, std::int64_t used_ms) {
  const std::int64_t timeout_ms = run.definition->timeout_ms;
  if (timeout_ms == 0 || run.run.stop != RunStop::kNone || run.unfinished_main == 0) return;
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
      context.mono.plus_ms(run.definition->tasks[index].kill_grace_ms));
  context.emit(SignalAttempt{task.live->key, false});
}

void settle(StepContext& context, RunId id) {
  RunEntry& run = context.state.runs.at(id);
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    if (is_final(run.tasks[index].state.status)) consider_downstream(context, run, index);
  }
  context.touched.insert(id);
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

  if (stop_of(*run, index) != StopCause::kNone) {
    Cut cut = cut_short(run->run, !is_main(*run, index), attempt);
    finish_task(context, *run, index, cut.status, cut.reason, std::move(cut.message));
    consider_downstream(context, *run, index);
  } else if (may_retry(definition.retries, attempt)) {
    const std::int64_t delay_ms = retry_delay_ms(definition.retries, attempt.key.attempt);
    task.state.status = Status::kPending;
    task.state.reason = attempt.reason;
    task.state.message = attempt.message;
    task.state.retry_at = context.wall.plus_ms(delay_ms);
    context.emit(SaveTask{task.state});
    arm_retry(context, *run, index, context.mono.plus_ms(delay_ms));
  } else {
    task.state.outputs = event.outcome.outputs;
    finish_task(context, *run, index, attempt.status, attempt.reason, attempt.message);
    consider_downstream(context, *run, index);
  }
  context.emit(RemoveContainer{event.key});
}

void on_cancel(StepContext& context, const CancelRequested& event) {
  const auto found = context.state.runs.find(event.run);
  if (found == context.state.runs.end()) {
    return context.reply(
        event.request,
        Error{ErrorKind::kConflict, "run " + event.run.text() + " is not under way", {}});
  }
  RunEntry& run = found->second;
  const std::string pipeline = run.run.pipeline;
  const bool is_stopped = run.hooks_open ? run.run.hooks_cancelled : run.run.stop != RunStop::kNone;
  if (!is_stopped) {
    context.emit(SaveAction{Action{context.wall, event.actor, "cancel",
                                   "run " + event.run.text() + " of " + pipeline}});
    if (run.hooks_open) {
      cancel_hooks(context, run);
    } else {
      stop_run(context, event.run, RunStop::kCancel,
               event.actor.empty() ? "cancelled" : "cancelled by " + event.actor);
    }
  }
  if (event.request != 0) {
    context.emit(Reply{event.request, {}, {{pipeline, event.run, false}}});
  }
}

void on_engine_listed(StepContext& context, const EngineListed& event) {
  for (const ObservedContainer& container : event.containers) {
    // One that waits for its task: who starts that sees to it. Removed now, it might be gone only after the task's own start.
    if (find_live(context.state, container.key) == nullptr && !keep_ahead(context, container.key)) {
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

void follow_up(StepContext& context) {
  do {
    settle_touched(context);
    follow_ended(context);
    dispatch(context);
  } while (!context.touched.empty() || !context.ended.empty());
  prepare_ahead(context);
}

}  // namespace pawl
