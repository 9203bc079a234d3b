#include "core/recovery.h"

#include <algorithm>

#include "core/chains.h"
#include "core/context.h"
#include "core/groups.h"
#include "core/progress.h"
#include "core/readiness.h"
#include "core/schedule.h"

namespace pawl {
namespace {

void load_catalog(StepContext& context, const StoredWorld& world) {
  State& state = context.state;
  for (const SourceState& source : world.sources) state.sources[source.name] = source;
  for (const auto& [name, suspension] : world.suspensions) state.suspended[name] = suspension;
  for (const PipelinePtr& pipeline : world.pipelines) {
    PipelineEntry& entry = state.pipelines[pipeline->name];
    entry.definition = pipeline;
    add_follower(state, *pipeline);
    entry.mark = context.wall;  // without a stored mark there is no past to catch up
  }
  for (const auto& [name, mark] : world.schedule_marks) {
    const auto entry = state.pipelines.find(name);
    if (entry != state.pipelines.end()) entry->second.mark = mark;
  }
  for (const auto& [name, entry] : state.pipelines) schedule_after(context, name, entry.mark);
}

// A run whose definition is damaged cannot go on: what it would run is not known.
void fail_without_definition(StepContext& context, const RunDetail& detail) {
  for (TaskState task : detail.tasks) {
    if (is_final(task.status)) continue;
    task.status = Status::kFailed;
    task.reason = Reason::kLost;
    task.message = "its definition in the store is damaged";
    task.ended_at = context.wall;
    context.emit(SaveTask{task});
  }
  for (Attempt attempt : detail.attempts) {
    if (is_final(attempt.status)) continue;
    attempt.status = Status::kFailed;
    attempt.reason = Reason::kLost;
    attempt.ended_at = context.wall;
    context.emit(SaveAttempt{attempt});
    context.emit(RemoveContainer{attempt.key});
  }
  Run run = detail.run;
  run.status = Status::kFailed;
  run.reason = Reason::kLost;
  run.message = "its definition in the store is damaged";
  run.ended_at = context.wall;
  context.emit(SaveRun{run});
  context.emit(RemoveWorkspace{run.id});
}

RunEntry build_entry(const RunDetail& detail, const PipelinePtr& definition) {
  RunEntry run;
  run.run = detail.run;
  run.definition = definition;
  UpstreamLists upstream;
  run.tasks.resize(definition->tasks.size());
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    run.tasks[index].state.run = detail.run.id;
    run.tasks[index].state.index = index;
    upstream.push_back(definition->tasks[index].upstream);
  }
  for (const TaskState& task : detail.tasks) {
    if (task.index < run.tasks.size()) run.tasks[task.index].state = task;
  }
  for (const Attempt& attempt : detail.attempts) {
    if (attempt.key.task >= run.tasks.size()) continue;
    TaskEntry& task = run.tasks[attempt.key.task];
    // A damaged task record comes back as pending: its attempts still count.
    task.state.attempts = std::max(task.state.attempts, attempt.key.attempt);
    if (!is_final(attempt.status) && !is_final(task.state.status)) {
      task.state.status = Status::kRunning;
      task.live = attempt;
      task.recovered = true;
    }
  }
  run.downstream = invert(upstream);
  find_outcomes(run);
  return run;
}

// What the attempt was given is worked out again. What cannot be any more (a newer version reads a text in another way)
// matters only if the container is not there yet: then it is called off.
RunAttempt recovered_order(StepContext& context, const RunEntry& run, const AttemptKey& key) {
  auto order = make_order(context, run, key);
  if (order) return std::move(order).value();
  RunAttempt called_off;
  called_off.key = key;
  called_off.definition = run.definition;
  called_off.stop = true;
  return called_off;
}

void resume_task(StepContext& context, RunEntry& run, std::uint32_t index) {
  TaskEntry& task = run.tasks[index];
  if (task.live) {
    const bool started = task.live->status == Status::kRunning;
    ++context.state.slots_used;
    context.state.ready.take_slot(run.run.pipeline);
    const std::string& boot = context.state.settings.boot_id;
    RunAttempt order = recovered_order(context, run, task.live->key);
    const StopCause stop = stop_of(run, index);
    order.expect_started = started;
    order.stop |= stop != StopCause::kNone;
    order.recovered = true;
    order.rebooted = !boot.empty() && !task.live->boot_id.empty() && task.live->boot_id != boot;
    order.engine = task.live->engine;
    context.emit(std::move(order));
    if (started) arm_timeout(context, run, index);
    if (stop != StopCause::kNone) stop_attempt(context, run, index, stop);
    return;
  }
  if (task.state.status == Status::kRunning) {
    // Its attempt's record is damaged: as if it had never been recorded, the task is asked for anew.
    task.state.status = Status::kPending;
    context.emit(SaveTask{task.state});
  }
  if (task.state.status != Status::kPending) return;
  if (task.state.retry_at.is_set()) {
    const std::int64_t wait_ms =
        std::clamp<std::int64_t>(task.state.retry_at.ms - context.wall.ms, 0,
                                 run.definition->tasks[index].retries.max_delay_ms);
    arm_retry(context, run, index, context.mono.plus_ms(wait_ms));
  }
}

// Whether an agent before this one had given it its place: then a task of it was asked for.
bool was_admitted(const RunEntry& run) {
  return run.run.status == Status::kRunning ||
         std::any_of(run.tasks.begin(), run.tasks.end(),
                     [](const TaskEntry& task) { return task.state.attempts > 0; });
}

void load_run(StepContext& context, const RunDetail& detail, const PipelinePtr& definition) {
  if (!definition) return fail_without_definition(context, detail);
  State& state = context.state;
  RunEntry& run = state.runs.emplace(detail.run.id, build_entry(detail, definition)).first->second;
  if (const auto pipeline = state.pipelines.find(run.run.pipeline);
      pipeline != state.pipelines.end()) {
    ++pipeline->second.unfinished_runs;
  }
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    resume_task(context, run, index);
  }
  if (run.run.started_at.is_set()) {
    arm_run_timeout(context, run, context.wall.ms - run.run.started_at.ms);
  }
  rejoin_group(context, run, was_admitted(run));
}

}  // namespace

Commands recover(State& state, const StoredWorld& world, WallTime wall, MonoTime mono) {
  Commands out;
  StepContext context{state, wall, mono, out};
  state.last_run = world.last_run;
  state.last_wall = wall;
  state.last_mono = mono;
  state.clock_floor = world.highest_time;
  state.clock_wait_end = mono.plus_ms(limits::kClockWaitMs);
  load_catalog(context, world);
  for (std::size_t i = 0; i < world.unfinished.size(); ++i) {
    load_run(context, world.unfinished[i], world.unfinished_definitions[i]);
  }
  for (const RunDetail& detail : world.unfinished) {
    const auto run = state.runs.find(detail.run.id);
    if (run == state.runs.end()) continue;
    if (run->second.admitted) start_run(context, run->second);
    settle(context, detail.run.id);
  }
  std::vector<std::string> groups;
  for (const auto& [name, group] : state.groups) groups.push_back(name);
  for (const std::string& name : groups) admit_waiting(context, name);
  follow_up(context);
  return out;
}

void keep_clock(State& state, const State& before) {
  state.last_wall = before.last_wall;
  state.last_mono = before.last_mono;
  state.clock_trusted = before.clock_trusted;
  state.clock_floor = before.clock_floor;
  state.clock_wait_end = before.clock_wait_end;
  state.clock_jumped = before.clock_jumped;
}

}  // namespace pawl
