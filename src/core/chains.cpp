#include "core/chains.h"

#include <optional>
#include <set>
#include <vector>

#include "core/triggers.h"

namespace pawl {
namespace {

bool matches(UpstreamEnd on, Status status) {
  switch (on) {
    case UpstreamEnd::kSuccess:
      return status == Status::kSuccess;
    case UpstreamEnd::kFailure:
      return status == Status::kFailed;
    case UpstreamEnd::kCompletion:
      return status == Status::kSuccess || status == Status::kFailed ||
             status == Status::kCancelled;
  }
  return false;
}

// The trigger that the end fires; nullptr: none.
const PipelineTrigger* find_trigger(const Pipeline& pipeline, const EndedRun& ended) {
  for (const Trigger& trigger : pipeline.triggers) {
    const auto* upstream = std::get_if<PipelineTrigger>(&trigger);
    if (upstream != nullptr && upstream->pipeline == ended.pipeline &&
        matches(upstream->on, ended.status)) {
      return upstream;
    }
  }
  return nullptr;
}

// Why the chain must not go on to `next`; empty: it may.
std::string obstacle(const State& state, const EndedRun& ended, const std::string& next) {
  if (ended.depth + 1 > limits::kTriggerDepth) {
    return "its chain of pipeline triggers is longer than " + std::to_string(limits::kTriggerDepth);
  }
  std::size_t budget = limits::kTriggerWalk;
  if (next == ended.pipeline || comes_after(state.pipelines, ended.pipeline, next, budget)) {
    return "its pipeline trigger closes a circle: '" + ended.pipeline + "' itself comes after '" +
           next + "'";
  }
  return {};
}

}  // namespace

void add_follower(State& state, const Pipeline& pipeline) {
  for (const Trigger& trigger : pipeline.triggers) {
    const auto* upstream = std::get_if<PipelineTrigger>(&trigger);
    if (upstream != nullptr) state.followers[upstream->pipeline].insert(pipeline.name);
  }
}

void drop_follower(State& state, const Pipeline& pipeline) {
  for (const Trigger& trigger : pipeline.triggers) {
    const auto* upstream = std::get_if<PipelineTrigger>(&trigger);
    if (upstream == nullptr) continue;
    const auto found = state.followers.find(upstream->pipeline);
    if (found == state.followers.end()) continue;
    found->second.erase(pipeline.name);
    if (found->second.empty()) state.followers.erase(found);
  }
}

bool comes_after(const std::map<std::string, PipelineEntry>& pipelines, const std::string& start,
                 const std::string& target, std::size_t& budget) {
  std::set<std::string> seen;
  std::vector<std::string> open = {start};
  while (!open.empty() && budget > 0) {
    --budget;
    const std::string name = std::move(open.back());
    open.pop_back();
    const auto entry = pipelines.find(name);
    if (entry == pipelines.end()) continue;
    for (const Trigger& trigger : entry->second.definition->triggers) {
      const auto* upstream = std::get_if<PipelineTrigger>(&trigger);
      if (upstream == nullptr) continue;
      if (upstream->pipeline == target) return true;
      if (seen.insert(upstream->pipeline).second) open.push_back(upstream->pipeline);
    }
  }
  return false;
}

void follow_ended(StepContext& context) {
  // A run that is made here can end in this step too: replaced by a later one.
  while (!context.ended.empty()) {
    const EndedRun ended = std::move(context.ended.back());
    context.ended.pop_back();
    const auto followers = context.state.followers.find(ended.pipeline);
    if (followers == context.state.followers.end()) continue;
    for (const std::string& name : followers->second) {
      const auto* fired = find_trigger(*context.state.pipelines.at(name).definition, ended);
      if (fired == nullptr) continue;
      TriggerInfo trigger{TriggerKind::kPipeline,
                          "pipeline:" + ended.pipeline + ":" + ended.id.text(),
                          {},
                          {},
                          ended.id,
                          ended.depth + 1};
      accept_follower(context, name, std::move(trigger), fired->params,
                      obstacle(context.state, ended, name));
    }
  }
}

}  // namespace pawl
