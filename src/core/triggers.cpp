#include "core/triggers.h"

#include <algorithm>

#include "core/groups.h"
#include "core/progress.h"
#include "core/readiness.h"
#include "core/schedule.h"

namespace pawl {
namespace {

struct Acceptance {
  Status status = Status::kPending;  // else the run is final from the start
  Reason reason = Reason::kNone;
  std::string message;
};

// What a new run is made from.
struct Draft {
  PipelinePtr definition;
  TriggerInfo trigger;
  std::vector<std::string> identities;
  Variables params;
  std::vector<std::uint32_t> starts;  // model/pipeline.h
  Acceptance acceptance;
  const RunDetail* original = nullptr;  // of a retry
  bool failed_only = false;             // the original's tasks that succeeded keep their result
};

// Nothing when there is room for one more run of the pipeline.
std::optional<Error> find_overload(const State& state, const PipelineEntry& entry) {
  if (state.ends_only) {
    return Error{ErrorKind::kExhausted,
                 "there is no room (on the disk, or within state.max_size): nothing new is begun "
                 "until there is",
                 {}};
  }
  if (state.runs.size() >= limits::kUnfinishedRuns) {
    return Error{ErrorKind::kExhausted,
                 "this host has " + std::to_string(limits::kUnfinishedRuns) +
                     " unfinished runs already; try again when some have ended",
                 {}};
  }
  if (entry.unfinished_runs >= limits::kUnfinishedRunsPerPipeline) {
    return Error{ErrorKind::kExhausted,
                 "pipeline '" + entry.definition->name + "' has " +
                     std::to_string(limits::kUnfinishedRunsPerPipeline) +
                     " unfinished runs already; try again when some have ended",
                 {}};
  }
  return std::nullopt;
}

// A group that is full skips the run, where its rule says so.
Acceptance check_group(const State& state, const Pipeline& definition) {
  const auto& concurrency = definition.concurrency;
  if (!concurrency || concurrency->on_conflict != OnConflict::kSkip) return {};
  if (!group_is_full(state, *concurrency)) return {};
  return {Status::kSkipped, Reason::kConflict,
          "its concurrency group '" + concurrency->group + "' is full"};
}

Acceptance check_suspension(const State& state, const std::string& pipeline) {
  const auto found = state.suspended.find(pipeline);
  if (found == state.suspended.end()) return {};
  const Suspension& suspension = found->second;
  return {Status::kSkipped, Reason::kCondition,
          "the pipeline is suspended since " + format_rfc3339(suspension.since) +
              (suspension.actor.empty() ? "" : " by " + suspension.actor)};
}

Run make_record(StepContext& context, const Draft& draft) {
  Run run;
  run.id = RunId{++context.state.last_run.value};
  run.pipeline = draft.definition->name;
  run.trigger = draft.trigger;
  run.params = draft.params;
  run.definition = content_hash(*draft.definition);
  run.revision = draft.definition->origin.revision;
  run.created_at = context.wall;
  run.status = draft.acceptance.status;
  run.reason = draft.acceptance.reason;
  run.message = draft.acceptance.message;
  if (is_final(run.status)) run.ended_at = context.wall;
  return run;
}

// What a retry keeps of the original's task: that it was no part of the run and, where only failed tasks are wanted, its
// success.
void take_over(const StepContext& context, const Draft& draft, TaskState& task) {
  if (draft.definition->tasks[task.index].hook != Hook::kNone) return;
  for (const TaskState& before : draft.original->tasks) {
    if (before.index != task.index) continue;
    if (before.status == Status::kSkipped && before.reason == Reason::kNone) {
      task.status = Status::kSkipped;
      task.ended_at = context.wall;
      task.message = before.message;
    } else if (draft.failed_only && before.status == Status::kSuccess) {
      const RunId run = task.run;
      task = before;
      task.run = run;
      task.attempts = 0;
      task.message = "kept from run " + draft.original->run.id.text();
    }
  }
}

TaskState make_task(const StepContext& context, const Draft& draft, const Run& run,
                    std::uint32_t index) {
  TaskState task;
  task.run = run.id;
  task.index = index;
  if (is_final(run.status)) {
    task.status = Status::kSkipped;
    task.reason = run.reason;
    task.ended_at = context.wall;
  } else if (draft.original != nullptr) {
    take_over(context, draft, task);
  }
  return task;
}

// The tasks that a trigger's runs begin with, and all behind them; the others are no part of the run.
void leave_out(StepContext& context, const Draft& draft, RunEntry& run) {
  if (draft.starts.empty() || is_final(run.run.status)) return;
  std::vector<bool> is_part(run.tasks.size(), false);
  std::vector<std::uint32_t> open = draft.starts;
  while (!open.empty()) {
    const std::uint32_t index = open.back();
    open.pop_back();
    if (is_part[index]) continue;
    is_part[index] = true;
    open.insert(open.end(), run.downstream[index].begin(), run.downstream[index].end());
  }
  for (std::uint32_t index = 0; index < run.tasks.size(); ++index) {
    TaskState& task = run.tasks[index].state;
    if (is_part[index] || !is_main(run, index) || is_final(task.status)) continue;
    task.status = Status::kSkipped;
    task.ended_at = context.wall;
    task.message = "not started by this trigger";
  }
}

RunId make_run(StepContext& context, PipelineEntry& entry, const Draft& draft) {
  RunEntry run;
  run.definition = draft.definition;
  run.run = make_record(context, draft);
  const RunId id = run.run.id;
  context.emit(SaveDefinition{run.definition});
  context.emit(SaveRun{run.run});
  UpstreamLists upstream;
  for (std::uint32_t index = 0; index < run.definition->tasks.size(); ++index) {
    TaskEntry task;
    task.state = make_task(context, draft, run.run, index);
    run.tasks.push_back(std::move(task));
    upstream.push_back(run.definition->tasks[index].upstream);
  }
  run.downstream = invert(upstream);
  leave_out(context, draft, run);
  find_outcomes(run);
  for (const TaskEntry& task : run.tasks) context.emit(SaveTask{task.state});
  for (const std::string& identity : draft.identities) {
    context.emit(SaveTrigger{run.run.pipeline, identity, id});
  }
  if (is_final(run.run.status)) {
    // A run that was never to be is no end that others wait for; one that could not be made is.
    if (run.run.status == Status::kFailed) {
      context.ended.push_back({id, run.run.pipeline, run.run.status, run.run.trigger.depth});
    }
    return id;
  }
  ++entry.unfinished_runs;
  context.state.runs.emplace(id, std::move(run));
  context.touched.insert(id);  // a retry may keep all that there is
  enter_group(context, id);
  return id;
}

// What a trigger asks of the run that it makes.
struct Demand {
  Variables params;
  std::vector<std::uint32_t> starts;
};

// A run that nobody waits for: what stands in its way is recorded in it.
void make_unasked(StepContext& context, PipelineEntry& entry, TriggerInfo trigger, Demand demand,
                  Acceptance acceptance) {
  Draft draft;
  draft.definition = entry.definition;
  draft.trigger = std::move(trigger);
  draft.identities = {draft.trigger.identity};
  draft.starts = std::move(demand.starts);
  if (acceptance.status == Status::kPending) {
    if (auto overload = find_overload(context.state, entry)) {
      acceptance = {Status::kSkipped, Reason::kConflict, overload->message};
    } else if (auto resolved = resolve_params(*entry.definition, demand.params)) {
      draft.params = std::move(resolved).value();
      acceptance = check_group(context.state, *entry.definition);
    } else {
      acceptance = {Status::kFailed, Reason::kCondition, resolved.error().message};
    }
  }
  draft.acceptance = std::move(acceptance);
  make_run(context, entry, draft);
}

Error no_such_pipeline(const std::string& name) {
  return Error{ErrorKind::kNotFound, "no pipeline '" + name + "' is in force on this host", {}};
}

// The pipeline that a person's request is for. nullptr: answered already, with the run that it has or with why there
// can be none.
PipelineEntry* find_target(StepContext& context, RequestId request, const TriggerTarget& target) {
  if (target.existing) {
    context.emit(Reply{request, {}, {{target.pipeline, *target.existing, true}}});
    return nullptr;
  }
  const auto entry = context.state.pipelines.find(target.pipeline);
  if (entry == context.state.pipelines.end()) {
    context.reply(request, no_such_pipeline(target.pipeline));
    return nullptr;
  }
  return &entry->second;
}

void note_action(StepContext& context, const std::string& actor, std::string verb,
                 std::string subject) {
  context.emit(SaveAction{Action{context.wall, actor, std::move(verb), std::move(subject)}});
}

// Why the run cannot be tried again.
std::optional<Error> find_retry_obstacle(const RetryRequested& event) {
  const Run& original = event.original.run;
  if (!is_final(original.status)) {
    return Error{ErrorKind::kConflict, "run " + original.id.text() + " has not ended", {}};
  }
  if (event.failed_only && original.status == Status::kSuccess) {
    return Error{ErrorKind::kConflict,
                 "run " + original.id.text() + " succeeded: there is nothing to retry",
                 {}};
  }
  return std::nullopt;
}

}  // namespace

void accept_manual(StepContext& context, const ManualTriggered& event) {
  const TriggerTarget& target = event.target;
  PipelineEntry* entry = find_target(context, event.request, target);
  if (entry == nullptr) return;
  if (auto overload = find_overload(context.state, *entry)) {
    return context.reply(event.request, std::move(*overload));
  }
  auto params = resolve_params(*entry->definition, target.params);
  if (!params) return context.reply(event.request, std::move(params).error());

  Draft draft;
  draft.definition = entry->definition;
  draft.trigger = TriggerInfo{TriggerKind::kManual, target.identities.front(), event.actor, {}};
  draft.identities = target.identities;
  draft.params = std::move(params).value();
  draft.starts = target.starts;
  draft.acceptance = check_group(context.state, *draft.definition);
  const RunId run = make_run(context, *entry, draft);
  note_action(context, event.actor, "run", "run " + run.text() + " of " + target.pipeline);
  context.emit(Reply{event.request, {}, {{target.pipeline, run, false}}});
}

void accept_webhook(StepContext& context, const WebhookReceived& event) {
  Reply reply{event.request, {}, {}};
  std::optional<Error> refusal;
  for (const TriggerTarget& target : event.targets) {
    if (target.existing) {
      reply.runs.push_back({target.pipeline, *target.existing, true});
      continue;
    }
    const auto entry = context.state.pipelines.find(target.pipeline);
    if (entry == context.state.pipelines.end()) {
      refusal = no_such_pipeline(target.pipeline);
      continue;
    }
    if (auto overload = find_overload(context.state, entry->second)) {
      refusal = std::move(overload);
      continue;
    }
    auto params = resolve_params(*entry->second.definition, target.params);
    if (!params) {
      refusal = std::move(params).error();
      continue;
    }
    Draft draft;
    draft.definition = entry->second.definition;
    draft.trigger = TriggerInfo{TriggerKind::kWebhook, target.identities.front(), {}, {}};
    draft.identities = target.identities;
    draft.params = std::move(params).value();
    draft.starts = target.starts;
    draft.acceptance = check_suspension(context.state, target.pipeline);
    if (draft.acceptance.status == Status::kPending) {
      draft.acceptance = check_group(context.state, *draft.definition);
    }
    reply.runs.push_back({target.pipeline, make_run(context, entry->second, draft), false});
  }
  // With any refusal the whole delivery is refused, so that the sender tries again: the pipelines
  // that got their run know the delivery then.
  if (refusal) reply.error = std::move(refusal);
  if (event.request != 0) context.emit(std::move(reply));
}

void accept_retry(StepContext& context, const RetryRequested& event) {
  const TriggerTarget& target = event.target;
  // What Git has taken away must not run again.
  PipelineEntry* entry = find_target(context, event.request, target);
  if (entry == nullptr) return;
  if (auto obstacle = find_retry_obstacle(event)) {
    return context.reply(event.request, std::move(*obstacle));
  }
  if (auto overload = find_overload(context.state, *entry)) {
    return context.reply(event.request, std::move(*overload));
  }
  const Run& original = event.original.run;
  Draft draft;
  draft.definition = event.definition;
  draft.trigger =
      TriggerInfo{TriggerKind::kRetry, target.identities.front(), event.actor, {}, original.id};
  draft.identities = target.identities;
  draft.params = original.params;
  draft.acceptance = check_group(context.state, *draft.definition);
  draft.original = &event.original;
  draft.failed_only = event.failed_only;
  const RunId run = make_run(context, *entry, draft);
  note_action(context, event.actor, "retry", "run " + original.id.text() + " as " + run.text());
  context.emit(Reply{event.request, {}, {{target.pipeline, run, false}}});
}

void accept_tick(StepContext& context, const DueTick& tick) {
  std::string identity = tick_identity(tick);
  // The new run's number: an instant can come more than twice.
  if (tick.existing) {
    identity += " again, run " + RunId{context.state.last_run.value + 1}.text();
  }
  TriggerInfo trigger{TriggerKind::kCron, identity, {}, tick.at};
  Acceptance acceptance;
  if (tick.missed) acceptance = {Status::kSkipped, Reason::kDeadline, tick.message};
  make_unasked(context, context.state.pipelines.at(tick.pipeline), std::move(trigger),
               {tick.params, tick.starts}, std::move(acceptance));
}

void accept_follower(StepContext& context, const std::string& pipeline, TriggerInfo trigger,
                     const Variables& params, const std::string& obstacle) {
  Acceptance acceptance = check_suspension(context.state, pipeline);
  if (!obstacle.empty()) acceptance = {Status::kSkipped, Reason::kCondition, obstacle};
  make_unasked(context, context.state.pipelines.at(pipeline), std::move(trigger), {params, {}},
               std::move(acceptance));
}

void on_suspend(StepContext& context, const SuspendRequested& event) {
  State& state = context.state;
  const auto entry = state.pipelines.find(event.pipeline);
  const bool is_suspended = state.suspended.contains(event.pipeline);
  // One that is suspended can be resumed although Git has taken it away.
  if (entry == state.pipelines.end() && !is_suspended) {
    return context.reply(event.request, no_such_pipeline(event.pipeline));
  }
  if (event.suspend && !is_suspended) {
    const Suspension suspension{context.wall, event.actor};
    state.suspended.emplace(event.pipeline, suspension);
    unschedule(context, event.pipeline);
    context.emit(SaveSuspension{event.pipeline, suspension});
    note_action(context, event.actor, "suspend", "pipeline " + event.pipeline);
  } else if (!event.suspend && is_suspended) {
    state.suspended.erase(event.pipeline);
    context.emit(DeleteSuspension{event.pipeline});
    note_action(context, event.actor, "resume", "pipeline " + event.pipeline);
    if (entry != state.pipelines.end()) {
      // What came due meanwhile was not wanted: the schedule starts from now.
      entry->second.mark = std::max(entry->second.mark, context.wall);
      schedule_after(context, event.pipeline, entry->second.mark);
      context.emit(SaveScheduleMark{event.pipeline, entry->second.mark});
    }
  }
  if (event.request != 0) context.emit(Reply{event.request, {}, {}});
}

}  // namespace pawl
