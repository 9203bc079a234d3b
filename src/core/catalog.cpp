#include "core/catalog.h"

#include <algorithm>
#include <map>
#include <set>

#include "core/chains.h"
#include "core/schedule.h"

namespace pawl {
namespace {

using PipelineSet = std::map<std::string, PipelinePtr>;

struct Merge {
  PipelineSet in_force;           // of this source, after the pull
  std::vector<Problem> problems;  // names that were taken
};

std::string owner_text(const Origin& origin) {
  return origin.file + " (source " + origin.source + ")";
}

bool claim(const State& state, const std::string& source, Merge& merge,
           const PipelinePtr& pipeline) {
  const auto report = [&](const Origin& owner) {
    merge.problems.push_back(Problem{pipeline->origin.file, pipeline->origin.line, 1,
                                     "pipeline '" + pipeline->name + "' is already defined in " +
                                         owner_text(owner) + "; rename one of them"});
  };
  if (const auto other = state.pipelines.find(pipeline->name);
      other != state.pipelines.end() && other->second.definition->origin.source != source) {
    report(other->second.definition->origin);
    return false;
  }
  const auto [place, inserted] = merge.in_force.emplace(pipeline->name, pipeline);
  if (!inserted && place->second != pipeline) report(place->second->origin);
  return inserted;
}

bool is_owner(const State& state, const std::string& source, const Pipeline& pipeline) {
  const auto found = state.pipelines.find(pipeline.name);
  return found != state.pipelines.end() && found->second.definition->origin.source == source &&
         found->second.definition->origin.file == pipeline.origin.file;
}

// Broken files first: what runs already keeps its name whatever the other files say.
Merge merge_files(const State& state, const std::string& source,
                  const std::vector<SourceFile>& files) {
  Merge merge;
  std::set<std::string> broken;
  for (const SourceFile& file : files) {
    if (file.broken) broken.insert(file.path);
  }
  for (const auto& [name, entry] : state.pipelines) {
    const Origin& origin = entry.definition->origin;
    if (origin.source == source && broken.contains(origin.file)) {
      merge.in_force.emplace(name, entry.definition);
    }
  }
  std::size_t others = 0;
  for (const auto& [name, entry] : state.pipelines) {
    if (entry.definition->origin.source != source) ++others;
  }
  const auto take = [&](const SourceFile& file, const PipelinePtr& pipeline) {
    if (others + merge.in_force.size() >= limits::kPipelines) {
      merge.problems.push_back(Problem{file.path, pipeline->origin.line, 1,
                                       "this host has " + std::to_string(limits::kPipelines) +
                                           " pipelines already; '" + pipeline->name +
                                           "' is left out"});
      return;
    }
    claim(state, source, merge, pipeline);
  };
  // Who has a name keeps it, wherever its file sorts among those that would take it.
  for (const bool owners : {true, false}) {
    for (const SourceFile& file : files) {
      if (file.broken) continue;
      for (const PipelinePtr& pipeline : file.pipelines) {
        if (is_owner(state, source, *pipeline) == owners) take(file, pipeline);
      }
    }
  }
  return merge;
}

bool same_schedule(const Pipeline& a, const Pipeline& b) {
  std::vector<CronTrigger> left;
  std::vector<CronTrigger> right;
  for (const Trigger& trigger : a.triggers) {
    if (const auto* cron = std::get_if<CronTrigger>(&trigger)) left.push_back(*cron);
  }
  for (const Trigger& trigger : b.triggers) {
    if (const auto* cron = std::get_if<CronTrigger>(&trigger)) right.push_back(*cron);
  }
  return left == right;
}

void put_in_force(StepContext& context, const PipelinePtr& pipeline) {
  PipelineEntry& entry = context.state.pipelines[pipeline->name];
  const PipelinePtr before = entry.definition;
  if (before == pipeline) return;
  if (before && before->origin == pipeline->origin &&
      content_hash(*before) == content_hash(*pipeline)) {
    return;
  }
  if (before) drop_follower(context.state, *before);
  entry.definition = pipeline;
  add_follower(context.state, *pipeline);
  if (!before) {
    // It may have been here before, with runs that are still under way.
    entry.unfinished_runs = static_cast<std::uint32_t>(
        std::count_if(context.state.runs.begin(), context.state.runs.end(),
                      [&](const auto& run) { return run.second.run.pipeline == pipeline->name; }));
  }
  context.emit(SavePipeline{pipeline});
  if (!before || !same_schedule(*before, *pipeline)) {
    // A new or changed schedule starts from now: its past is not caught up.
    entry.mark = std::max(entry.mark, context.wall);
    context.emit(SaveScheduleMark{pipeline->name, entry.mark});
    schedule_after(context, pipeline->name, entry.mark);
  }
}

// Pipeline triggers that close a circle are said here, and not followed when they come (core/chains.h).
void find_circles(const State& state, const PipelineSet& pipelines,
                  std::vector<Problem>& problems) {
  std::size_t budget = limits::kTriggerWalk;
  for (const auto& [name, pipeline] : pipelines) {
    if (!comes_after(state.pipelines, name, name, budget)) continue;
    problems.push_back(Problem{
        pipeline->origin.file, pipeline->origin.line, 1,
        "the pipeline triggers of '" + name + "' lead back to itself: the circle is not followed"});
  }
}

// Takes the source's pipelines that are not in `kept` out of force.
void retire(StepContext& context, const std::string& source, const PipelineSet& kept) {
  std::vector<std::string> gone;
  for (const auto& [pipeline, entry] : context.state.pipelines) {
    if (entry.definition->origin.source == source && !kept.contains(pipeline)) {
      gone.push_back(pipeline);
    }
  }
  for (const std::string& pipeline : gone) {
    unschedule(context, pipeline);
    drop_follower(context.state, *context.state.pipelines.at(pipeline).definition);
    context.state.pipelines.erase(pipeline);
    context.emit(DeletePipeline{pipeline});
  }
}

}  // namespace

void apply_pull(StepContext& context, const SourcePulled& pulled) {
  State& state = context.state;
  const std::string& name = pulled.state.name;
  SourceState next = pulled.state;
  const SourceState before = state.sources[name];
  if (!pulled.state.error.empty()) {
    next = before;
    next.name = name;
    next.url = pulled.state.url;
    next.error = pulled.state.error;
    next.attempted_at = pulled.state.attempted_at;
  } else if (pulled.unchanged) {
    next = before;
    next.error.clear();
    next.attempted_at = pulled.state.attempted_at;
    next.pulled_at = pulled.state.pulled_at;
  } else {
    Merge merge = merge_files(state, name, pulled.files);
    retire(context, name, merge.in_force);
    for (const auto& [pipeline, definition] : merge.in_force) put_in_force(context, definition);
    next.pipelines = static_cast<std::uint32_t>(merge.in_force.size());
    next.elsewhere.clear();
    for (const SourceFile& file : pulled.files) {
      const std::size_t room = limits::kElsewhere - next.elsewhere.size();
      const std::size_t taken = std::min(room, file.elsewhere.size());
      next.elsewhere.insert(next.elsewhere.end(), file.elsewhere.begin(),
                            file.elsewhere.begin() + static_cast<std::ptrdiff_t>(taken));
    }
    next.problems.insert(next.problems.end(), merge.problems.begin(), merge.problems.end());
    find_circles(state, merge.in_force, next.problems);
    if (next.problems.size() > limits::kYamlProblems) {
      next.problems.resize(limits::kYamlProblems);
    }
  }
  state.sources[name] = next;
  context.emit(SaveSource{next});
  if (pulled.request != 0) context.emit(Reply{pulled.request, {}, {}});
}

void remove_source(StepContext& context, const SourceRemoved& removed) {
  retire(context, removed.name, {});
  context.state.sources.erase(removed.name);
  context.emit(DeleteSource{removed.name});
}

}  // namespace pawl
