#include "http/use_history.h"

#include <map>
#include <optional>
#include <string>

#include "model/limits.h"

namespace pawl::http {
namespace {

// A task of some definition: which one of the explained pipeline's it is, and its cap then.
struct KnownTask {
  std::optional<std::size_t> index;
  std::int64_t memory_bytes = 0;
};
using KnownTasks = std::vector<KnownTask>;
using Indexes = std::map<std::string, std::size_t>;  // by task id

KnownTasks tasks_of(const Pipeline& definition, const Indexes& indexes) {
  KnownTasks known;
  for (const Task& task : definition.tasks) {
    const auto found = indexes.find(task.id);
    known.push_back(
        {found == indexes.end() ? std::nullopt : std::optional(found->second), task.memory_bytes});
  }
  return known;
}

void add_samples(std::vector<std::vector<UseSample>>& samples, const RunDetail& detail,
                 const KnownTasks& known) {
  for (const Attempt& attempt : detail.attempts) {
    if (attempt.key.task >= known.size() || !known[attempt.key.task].index) continue;
    if (!attempt.ended_at.is_set() || !attempt.started_at.is_set()) continue;
    if (!attempt.usage && !attempt.oom_killed) continue;
    const KnownTask& task = known[attempt.key.task];
    samples[*task.index].push_back({attempt.ended_at.ms - attempt.started_at.ms, task.memory_bytes,
                                    attempt.usage.value_or(ResourceUsage{}), attempt.oom_killed});
  }
}

// 0 stands for "not known".
Json known_json(std::int64_t value) { return value == 0 ? Json() : Json(value); }

Json use_json(const TaskUse& use) {
  if (use.attempts == 0) return {};
  const bool is_timed = use.timed_attempts > 0;
  Json json;
  json.set("attempts", use.attempts);
  json.set("ooms", use.ooms);
  json.set("peak_memory_bytes", known_json(use.peak_memory_bytes));
  json.set("median_cpus_milli", is_timed ? Json(use.median_cpus_milli) : Json());
  json.set("highest_cpus_milli", is_timed ? Json(use.highest_cpus_milli) : Json());
  json.set("throttled_percent", is_timed ? Json(use.throttled_percent) : Json());
  return json;
}

}  // namespace

Result<std::vector<TaskUse>> read_use(const StoreReader& store, const Pipeline& pipeline) {
  Indexes indexes;
  for (std::size_t i = 0; i < pipeline.tasks.size(); ++i) indexes.emplace(pipeline.tasks[i].id, i);
  std::map<Sha256, KnownTasks> known;
  known.emplace(content_hash(pipeline), tasks_of(pipeline, indexes));
  RunQuery query;
  query.pipeline = pipeline.name;
  query.limit = limits::kUseRuns;
  PAWL_TRY(const RunPage page, store.runs(query));
  std::vector<std::vector<UseSample>> samples(pipeline.tasks.size());
  for (const Run& run : page.runs) {
    const Result<RunDetail> detail = store.run(run.id);
    if (!detail) continue;
    auto found = known.find(run.definition);
    if (found == known.end()) {
      const Result<PipelinePtr> definition = store.definition(run.definition);
      KnownTasks tasks = definition ? tasks_of(**definition, indexes) : KnownTasks{};
      found = known.emplace(run.definition, std::move(tasks)).first;
    }
    add_samples(samples, *detail, found->second);
  }
  std::vector<TaskUse> uses;
  for (const std::vector<UseSample>& of_task : samples) uses.push_back(summarise_use(of_task));
  return uses;
}

Json with_use(const Pipeline& pipeline, const HostPolicy& policy, const Json& tasks,
              const std::vector<TaskUse>& uses) {
  Json::Array explained = tasks.items();
  for (std::size_t i = 0; i < explained.size(); ++i) {
    const CapSuggestion caps = suggest_caps(pipeline.tasks.at(i), policy, uses.at(i));
    Json suggested;
    suggested.set("memory_bytes", known_json(caps.memory_bytes));
    suggested.set("cpus_milli", known_json(caps.cpus_milli));
    explained[i].set("use", use_json(uses.at(i)));
    explained[i].set("suggested", std::move(suggested));
  }
  return explained;
}

}  // namespace pawl::http
