#include "cli/run_json.h"

#include <string>
#include <vector>

#include "model/dag.h"

namespace pawl::cli {
namespace {

Json time_json(WallTime time) { return time.is_set() ? Json(format_rfc3339(time)) : Json(); }

Json duration_json(const Run& run, WallTime now) {
  if (!run.started_at.is_set()) return {};
  return (run.ended_at.is_set() ? run.ended_at : now).ms - run.started_at.ms;
}

Json attempt_json(const Attempt& attempt) {
  return Json::object()
      .set("number", attempt.key.attempt)
      .set("status", to_string(attempt.status))
      .set("reason", to_string(attempt.reason))
      .set("message", attempt.message)
      .set("exit_code", attempt.exit_code ? Json(*attempt.exit_code) : Json())
      .set("container_id", attempt.container_id)
      .set("created_at", time_json(attempt.created_at))
      .set("started_at", time_json(attempt.started_at))
      .set("ended_at", time_json(attempt.ended_at));
}

void add_definition(Json& json, const Pipeline& definition, std::uint32_t index,
                    const std::vector<std::uint32_t>& task_levels) {
  const Task& task = definition.tasks[index];
  Json upstream = Json::array();
  for (const std::uint32_t other : task.upstream) upstream.push(definition.tasks[other].id);
  Json command = Json::array();
  for (const std::string& argument : task.command) command.push(argument);
  json.set("id", task.id)
      .set("index", index)
      .set("level", task_levels[index])
      .set("depends_on", std::move(upstream))
      .set("image", task.image)
      .set("command", std::move(command))
      .set("cpus", static_cast<double>(task.cpus_milli) / 1000)
      .set("memory_bytes", task.memory_bytes)
      .set("pids", task.pids)
      .set("timeout_ms", task.timeout_ms);
}

}  // namespace

Json run_summary_json(const Run& run, WallTime now) {
  Json params = Json::object();
  for (const auto& [name, value] : run.params) params.set(name, value);
  return Json::object()
      .set("id", run.id.text())
      .set("pipeline", run.pipeline)
      .set("status", to_string(run.status))
      .set("reason", to_string(run.reason))
      .set("message", run.message)
      .set("trigger", Json::object()
                          .set("kind", to_string(run.trigger.kind))
                          .set("identity", run.trigger.identity)
                          .set("actor", run.trigger.actor)
                          .set("scheduled_at", time_json(run.trigger.scheduled_at)))
      .set("params", std::move(params))
      .set("revision", run.revision)
      .set("created_at", time_json(run.created_at))
      .set("started_at", time_json(run.started_at))
      .set("ended_at", time_json(run.ended_at))
      .set("duration_ms", duration_json(run, now))
      .set("cancel_requested", run.cancel_requested);
}

Json run_detail_json(const RunDetail& detail, const Pipeline* definition, WallTime now) {
  std::vector<std::uint32_t> task_levels;
  if (definition != nullptr) {
    UpstreamLists upstream;
    for (const Task& task : definition->tasks) upstream.push_back(task.upstream);
    task_levels = levels(upstream);
  }
  Json tasks = Json::array();
  for (const TaskState& task : detail.tasks) {
    Json json = Json::object();
    if (task.index < task_levels.size()) {
      add_definition(json, *definition, task.index, task_levels);
    } else {
      json.set("id", std::to_string(task.index)).set("index", task.index);
    }
    Json attempts = Json::array();
    for (const Attempt& attempt : detail.attempts) {
      if (attempt.key.task == task.index) attempts.push(attempt_json(attempt));
    }
    tasks.push(json.set("status", to_string(task.status))
                   .set("reason", to_string(task.reason))
                   .set("message", task.message)
                   .set("started_at", time_json(task.started_at))
                   .set("ended_at", time_json(task.ended_at))
                   .set("retry_at", time_json(task.retry_at))
                   .set("attempts", std::move(attempts)));
  }
  return run_summary_json(detail.run, now).set("tasks", std::move(tasks));
}

}  // namespace pawl::cli
