// A decision about a task is taken once, when its rule can be judged: then it is skipped, or its condition is asked and
// it is skipped, failed or released into the ready queue. The end of a run is not noticed on the way, but at the end of
// the step (settle_touched()): a run can be over within the very call that admits it.
#include "core/readiness.h"

#include <algorithm>
#include <numeric>

#include "core/ahead.h"
#include "core/evaluation.h"
#include "core/groups.h"
#include "core/timers.h"
#include "core/verdict.h"
#include "model/dag.h"

namespace pawl {
namespace {

const Task& task_of(const RunEntry& run, std::uint32_t index) {
  return run.definition->tasks[index];
}

Outcome outcome_of(const RunEntry& run, std::uint32_t index) {
  const TaskState& state = run.tasks[index].state;
  const Task& task = task_of(run, index);
  switch (state.status) {
    case Status::kPending:
    case Status::kRunning:
      return Outcome::kOpen;
    case Status::kSuccess:
      return Outcome::kSuccess;
    case Status::kFailed:
      return task.allow_failure ? Outcome::kSuccess : Outcome::kFailed;
    case Status::kCancelled:
      return Outcome::kFailed;
    case Status::kSkipped:
      break;
  }
  // Without a reason: not part of this run.
  if (state.reason == Reason::kNone) return Outcome::kSuccess;
  if (state.reason != Reason::kUpstream || !hands_failure_on(task.rule)) return Outcome::kSkipped;
  const bool failure = std::any_of(
      task.upstream.begin(), task.upstream.end(),
      [&](std::uint32_t before) { return run.tasks[before].outcome == Outcome::kFailed; });
  return failure ? Outcome::kFailed : Outcome::kSkipped;
}

Readiness judge_upstream(const RunEntry& run, std::uint32_t index) {
  std::vector<Outcome> outcomes;
  for (const std::uint32_t before : task_of(run, index).upstream) {
    outcomes.push_back(run.tasks[before].outcome);
  }
  return judge_rule(task_of(run, index).rule, outcomes);
}

// "task 'build' failed", of the upstream task that decided; "no upstream task failed" and the like, of none.
std::string why_skipped(const RunEntry& run, std::uint32_t index) {
  const Task& task = task_of(run, index);
  if (task.rule == TriggerRule::kAllSuccess || task.rule == TriggerRule::kNoneFailed) {
    for (const std::uint32_t before : task.upstream) {
      const Outcome outcome = run.tasks[before].outcome;
      const bool harmless = outcome == Outcome::kOpen || outcome == Outcome::kSuccess ||
                            (outcome == Outcome::kSkipped && task.rule != TriggerRule::kAllSuccess);
      if (!harmless) return "task '" + task_of(run, before).id + "' did not succeed";
    }
  }
  return "its trigger_rule " + std::string(to_string(task.rule)) + " does not hold";
}

// True: the task is over.
bool decide(StepContext& context, RunEntry& run, std::uint32_t index) {
  switch (judge_upstream(run, index)) {
    case Readiness::kWait:
      return false;
    case Readiness::kSkip:
      finish_task(context, run, index, Status::kSkipped, Reason::kUpstream,
                  why_skipped(run, index));
      return true;
    case Readiness::kRun:
      break;
  }
  if (!run.admitted) return false;
  const Result<bool> condition = condition_holds(context.state, run, index);
  if (!condition) {
    finish_task(context, run, index, Status::kFailed, Reason::kCondition,
                "its condition cannot be evaluated: " + condition.error().message);
    return true;
  }
  if (!*condition) {
    finish_task(context, run, index, Status::kSkipped, Reason::kCondition,
                "its condition is false");
    return true;
  }
  make_ready(context, run, index);
  return false;
}

void consider(StepContext& context, RunEntry& run, std::vector<std::uint32_t> open) {
  while (!open.empty()) {
    const std::uint32_t index = open.back();
    open.pop_back();
    const TaskEntry& task = run.tasks[index];
    const bool waits = task.state.status == Status::kPending && !task.released && !task.retry_at;
    if (!waits || (!is_main(run, index) && !run.hooks_open)) continue;
    if (!decide(context, run, index)) continue;
    open.insert(open.end(), run.downstream[index].begin(), run.downstream[index].end());
  }
}

bool answers(Hook hook, Status end) {
  switch (hook) {
    case Hook::kNone:
      return false;
    case Hook::kOnSuccess:
      return end == Status::kSuccess;
    case Hook::kOnFailure:
      return end == Status::kFailed;
    case Hook::kOnCancel:
      return end == Status::kCancelled;
    case Hook::kOnExit:
      return true;
  }
  return false;
}

// The other tasks are over: the hooks that answer their end begin, the others never will.
void open_hooks(StepContext& context, RunEntry& run) {
  run.hooks_open = true;
  disarm(context, run.deadline, Timer::Kind::kRun, ref_of(run, 0));
  const Status end = judge_run(run).status;
  std::vector<std::uint32_t> answering;
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    if (is_main(run, index) || run.tasks[index].state.status != Status::kPending) continue;
    if (answers(task_of(run, index).hook, end)) {
      answering.push_back(index);
    } else {
      finish_task(context, run, index, Status::kSkipped, Reason::kCondition,
                  "the run is " + std::string(to_string(end)));
    }
  }
  consider(context, run, std::move(answering));
}

// "; hook 'page': exit code 1", of the first that failed.
std::string hook_failure(const RunEntry& run) {
  for (const TaskEntry& task : run.tasks) {
    const Task& definition = task_of(run, task.state.index);
    if (definition.hook == Hook::kNone || task.outcome != Outcome::kFailed) continue;
    if (task.state.status != Status::kFailed) continue;
    return "hook '" + definition.id + "': " + task.state.message;
  }
  return {};
}

void finish_run(StepContext& context, RunEntry& run) {
  const RunVerdict verdict = judge_run(run);
  run.run.status = verdict.status;
  run.run.reason = verdict.reason;
  run.run.message = verdict.message;
  if (const std::string failure = hook_failure(run); !failure.empty()) {
    run.run.message += (run.run.message.empty() ? "" : "; ") + failure;
  }
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

}  // namespace

bool would_run(const RunEntry& run, std::uint32_t index) {
  std::vector<Outcome> outcomes;
  for (const std::uint32_t before : task_of(run, index).upstream) {
    const TaskEntry& task = run.tasks[before];
    outcomes.push_back(task.live ? Outcome::kSuccess : task.outcome);
  }
  return judge_rule(task_of(run, index).rule, outcomes) == Readiness::kRun;
}

bool is_main(const RunEntry& run, std::uint32_t index) {
  return task_of(run, index).hook == Hook::kNone;
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
  task.outcome = outcome_of(run, index);
  --run.unfinished_tasks;
  if (is_main(run, index)) --run.unfinished_main;
  context.emit(SaveTask{task.state});
  drop_ahead(context, ref_of(run, index));
  context.touched.insert(run.run.id);
}

void consider_downstream(StepContext& context, RunEntry& run, std::uint32_t index) {
  consider(context, run, run.downstream[index]);
}

void make_ready(StepContext& context, RunEntry& run, std::uint32_t index) {
  run.tasks[index].released = true;
  context.state.ready.insert(ref_of(run, index), run.definition->priority, run.run.pipeline);
}

void start_run(StepContext& context, RunEntry& run) {
  std::vector<std::uint32_t> all(run.tasks.size());
  std::iota(all.rbegin(), all.rend(), 0);  // the first task is considered first
  consider(context, run, std::move(all));
}

void find_outcomes(RunEntry& run) {
  UpstreamLists upstream;
  for (const Task& task : run.definition->tasks) upstream.push_back(task.upstream);
  const std::vector<std::uint32_t> level = levels(upstream);
  std::vector<std::uint32_t> order(run.tasks.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t a, std::uint32_t b) { return level[a] < level[b]; });
  run.unfinished_tasks = 0;
  run.unfinished_main = 0;
  for (const std::uint32_t index : order) {
    run.tasks[index].outcome = outcome_of(run, index);
    if (run.tasks[index].outcome != Outcome::kOpen) continue;
    ++run.unfinished_tasks;
    if (is_main(run, index)) ++run.unfinished_main;
  }
}

void settle_touched(StepContext& context) {
  while (!context.touched.empty()) {
    const RunId id = *context.touched.begin();
    context.touched.erase(context.touched.begin());
    const auto found = context.state.runs.find(id);
    if (found == context.state.runs.end()) continue;
    RunEntry& run = found->second;
    if (run.unfinished_main == 0 && !run.hooks_open) open_hooks(context, run);
    if (run.unfinished_tasks == 0) finish_run(context, run);
  }
}

}  // namespace pawl
