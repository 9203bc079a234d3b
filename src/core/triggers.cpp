#include "core/triggers.h"

#include <algorithm>

#include "core/progress.h"

namespace pawl {
namespace {

struct Acceptance {
  Status status = Status::kPending;  // else the run is final from the start
  Reason reason = Reason::kNone;
  std::string message;
};

// Nothing when there is room for one more run of the pipeline.
std::optional<Error> find_overload(const State& state, const PipelineEntry& entry) {
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

RunId make_run(StepContext& context, PipelineEntry& entry, TriggerInfo trigger,
               const std::vector<std::string>& identities, Variables params,
               const Acceptance& acceptance) {
  State& state = context.state;
  RunEntry run;
  run.definition = entry.definition;
  run.run.id = RunId{++state.last_run.value};
  run.run.pipeline = entry.definition->name;
  run.run.trigger = std::move(trigger);
  run.run.params = std::move(params);
  run.run.definition = content_hash(*entry.definition);
  run.run.revision = entry.definition->origin.revision;
  run.run.created_at = context.wall;
  run.run.status = acceptance.status;
  run.run.reason = acceptance.reason;
  run.run.message = acceptance.message;
  const bool ended = is_final(acceptance.status);
  if (ended) run.run.ended_at = context.wall;

  const RunId id = run.run.id;
  context.emit(SaveDefinition{run.definition});
  context.emit(SaveRun{run.run});
  UpstreamLists upstream;
  for (std::uint32_t index = 0; index < run.definition->tasks.size(); ++index) {
    TaskEntry task;
    task.state.run = id;
    task.state.index = index;
    if (ended) {
      task.state.status = Status::kSkipped;
      task.state.reason = acceptance.reason;
      task.state.ended_at = context.wall;
    }
    context.emit(SaveTask{task.state});
    run.tasks.push_back(std::move(task));
    upstream.push_back(run.definition->tasks[index].upstream);
  }
  for (const std::string& identity : identities) {
    context.emit(SaveTrigger{run.run.pipeline, identity, id});
  }
  if (ended) return id;

  run.downstream = invert(upstream);
  run.unfinished_tasks = static_cast<std::uint32_t>(run.tasks.size());
  ++entry.unfinished_runs;
  RunEntry& stored = state.runs.emplace(id, std::move(run)).first->second;
  start_run(context, stored);
  return id;
}

Error no_such_pipeline(const std::string& name) {
  return Error{ErrorKind::kNotFound, "no pipeline '" + name + "' is in force on this host", {}};
}

}  // namespace

void accept_manual(StepContext& context, const ManualTriggered& event) {
  const TriggerTarget& target = event.target;
  if (target.existing) {
    context.emit(Reply{event.request, {}, {{target.pipeline, *target.existing, true}}});
    return;
  }
  const auto entry = context.state.pipelines.find(target.pipeline);
  if (entry == context.state.pipelines.end()) {
    return context.reply(event.request, no_such_pipeline(target.pipeline));
  }
  if (auto overload = find_overload(context.state, entry->second)) {
    return context.reply(event.request, std::move(*overload));
  }
  auto params = resolve_params(*entry->second.definition, event.params);
  if (!params) return context.reply(event.request, std::move(params).error());

  TriggerInfo trigger{TriggerKind::kManual, target.identities.front(), event.actor, {}};
  const RunId run = make_run(context, entry->second, std::move(trigger), target.identities,
                             std::move(params).value(), {});
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
    auto params = resolve_params(*entry->second.definition, {});
    if (!params) {
      refusal = std::move(params).error();
      continue;
    }
    TriggerInfo trigger{TriggerKind::kWebhook, target.identities.front(), {}, {}};
    const RunId run = make_run(context, entry->second, std::move(trigger), target.identities,
                               std::move(params).value(), {});
    reply.runs.push_back({target.pipeline, run, false});
  }
  // With any refusal the whole delivery is refused, so that the sender tries again: the pipelines
  // that got their run know the delivery then.
  if (refusal) reply.error = std::move(refusal);
  if (event.request != 0) context.emit(std::move(reply));
}

void accept_tick(StepContext& context, const std::string& pipeline, WallTime tick) {
  PipelineEntry& entry = context.state.pipelines.at(pipeline);
  const std::string identity = "cron:" + format_rfc3339(tick);
  TriggerInfo trigger{TriggerKind::kCron, identity, {}, tick};
  Acceptance acceptance;
  Variables params;
  if (auto overload = find_overload(context.state, entry)) {
    acceptance = {Status::kSkipped, Reason::kConflict, overload->message};
  } else if (auto resolved = resolve_params(*entry.definition, {})) {
    params = std::move(resolved).value();
  } else {
    acceptance = {Status::kFailed, Reason::kCondition, resolved.error().message};
  }
  make_run(context, entry, std::move(trigger), {identity}, std::move(params), acceptance);
}

}  // namespace pawl
