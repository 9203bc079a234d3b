#include "http/json_views.h"

#include <algorithm>
#include <cstring>
#include <queue>

#include "base/version.h"
#include "model/dag.h"
#include "model/pipeline_json.h"

namespace pawl::http {
namespace {

Json variables_json(const Variables& variables) {
  Json json = Json::object();
  for (const auto& [name, value] : variables) json.set(name, value);
  return json;
}

Json strings_json(const std::vector<std::string>& strings) {
  Json json = Json::array();
  for (const std::string& text : strings) json.push(text);
  return json;
}

// "SIGKILL"; null where no signal ended it.
Json signal_json(const Attempt& attempt) {
  const std::optional<int> signal = end_signal(attempt);
  if (!signal) return {};
  // The real-time ones have no names.
  const char* name = ::sigabbrev_np(*signal);
  return name == nullptr ? "signal " + std::to_string(*signal) : std::string("SIG") + name;
}

Json usage_json(const std::optional<ResourceUsage>& usage) {
  if (!usage) return {};
  Json json;
  json.set("peak_memory_bytes", usage->peak_memory_bytes);
  json.set("cpu_ms", usage->cpu_ms);
  json.set("throttled_ms", usage->throttled_ms);
  return json;
}

Json attempt_json(const Attempt& attempt) {
  Json json;
  json.set("number", attempt.key.attempt);
  json.set("status", to_string(attempt.status));
  json.set("reason", to_string(attempt.reason));
  json.set("message", attempt.message);
  json.set("exit_code", attempt.exit_code ? Json(*attempt.exit_code) : Json());
  json.set("signal", signal_json(attempt));
  json.set("oom_killed", attempt.oom_killed);
  json.set("usage", usage_json(attempt.usage));
  json.set("container_id", attempt.container_id);
  json.set("created_at", time_json(attempt.created_at));
  json.set("started_at", time_json(attempt.started_at));
  json.set("ended_at", time_json(attempt.ended_at));
  json.set("log_incomplete", attempt.log_incomplete);
  return json;
}

Json stop_json(RunStop stop) {
  switch (stop) {
    case RunStop::kNone:
      return {};
    case RunStop::kCancel:
      return "cancel";
    case RunStop::kTimeout:
      return "timeout";
    case RunStop::kReplace:
      return "replace";
  }
  return {};
}

// What a snapshot leaves out of a task where it is the default.
void set_language(Json& json, const Task& task) {
  json.set("base", task.base);
  json.set("matrix", variables_json(task.matrix));
  json.set("trigger_rule", to_string(task.rule));
  json.set("when", task.when);
  json.set("hook", task.hook == Hook::kNone ? Json() : Json(to_string(task.hook)));
  json.set("allow_failure", task.allow_failure);
}

// The part of a task that its definition knows.
void set_definition(Json& json, const Pipeline& definition, std::uint32_t index,
                    const std::vector<std::uint32_t>& task_levels) {
  const Task& task = definition.tasks[index];
  Json depends_on = Json::array();
  for (std::uint32_t upstream : task.upstream) depends_on.push(definition.tasks[upstream].id);
  json.set("id", task.id);
  json.set("index", index);
  json.set("level", task_levels[index]);
  json.set("depends_on", std::move(depends_on));
  json.set("image", task.image);
  json.set("command", strings_json(task.command));
  json.set("cpus", static_cast<double>(task.cpus_milli) / 1000);
  json.set("memory_bytes", task.memory_bytes);
  json.set("pids", task.pids);
  json.set("timeout_ms", task.timeout_ms);
  set_language(json, task);
}

void set_unknown_definition(Json& json, std::uint32_t index) {
  json.set("id", std::to_string(index));
  json.set("index", index);
  json.set("level", 0);
  json.set("depends_on", Json::array());
  json.set("image", "");
  json.set("command", Json::array());
  for (const char* name : {"cpus", "memory_bytes", "pids", "timeout_ms"}) json.set(name, Json());
  set_language(json, Task{});
}

// 0 stands for none.
Json span_json(std::int64_t span_ms) { return span_ms == 0 ? Json() : Json(span_ms); }

// What a trigger asks of its runs: the ids that they begin with, none for all.
void set_demands(Json& json, const Pipeline& pipeline, const Variables& params,
                 const std::vector<std::uint32_t>& starts) {
  Json tasks = Json::array();
  for (const std::uint32_t index : starts) tasks.push(pipeline.tasks.at(index).id);
  json.set("params", variables_json(params));
  json.set("tasks", std::move(tasks));
}

Json trigger_json(const Pipeline& pipeline, const CronTrigger& cron) {
  Json json;
  json.set("type", "cron");
  json.set("expression", cron.schedule.expression());
  json.set("seconds", cron.schedule.has_seconds());
  json.set("timezone", cron.zone.name());
  json.set("catchup", to_string(cron.catchup));
  json.set("deadline_ms", span_json(cron.deadline_ms));
  json.set("splay_ms", span_json(cron.splay_ms));
  json.set("offset_ms", cron.offset_ms);
  set_demands(json, pipeline, cron.params, cron.starts);
  return json;
}

Json trigger_json(const Pipeline& pipeline, const WebhookTrigger& webhook) {
  Json json;
  json.set("type", "webhook");
  json.set("path", webhook.path);
  json.set("provider", webhook.provider);
  json.set("secrets", strings_json(webhook.secrets));
  json.set("events", strings_json(webhook.events));
  json.set("when", webhook.when);
  set_demands(json, pipeline, webhook.params, webhook.starts);
  return json;
}

Json trigger_json(const Pipeline&, const PipelineTrigger& upstream) {
  Json json;
  json.set("type", "pipeline");
  json.set("name", upstream.pipeline);
  json.set("on", to_string(upstream.on));
  json.set("params", variables_json(upstream.params));
  return json;
}

Json triggers_json(const Pipeline& pipeline) {
  Json triggers = Json::array();
  for (const Trigger& trigger : pipeline.triggers) {
    triggers.push(
        std::visit([&](const auto& kind) { return trigger_json(pipeline, kind); }, trigger));
  }
  return triggers;
}

// As a snapshot has them, and what it leaves out.
Json complete_tasks(const Pipeline& pipeline, const Json& stored) {
  Json::Array tasks = stored.items();
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const Task& task = pipeline.tasks.at(i);
    set_language(tasks[i], task);
    if (task.secrets.empty()) tasks[i].set("secrets", Json::array());
    tasks[i].set("outputs", strings_json(task.outputs));
    tasks[i].set("kill_grace_ms", task.kill_grace_ms);
  }
  return tasks;
}

Json concurrency_json(const std::optional<Concurrency>& concurrency) {
  if (!concurrency) return {};
  Json json;
  json.set("group", concurrency->group);
  json.set("limit", concurrency->limit);
  json.set("on_conflict", to_string(concurrency->on_conflict));
  return json;
}

Json refusal_json(const Elsewhere* refusal) {
  if (refusal == nullptr) return {};
  Json json;
  json.set("why", refusal->why);
  json.set("file", refusal->file);
  json.set("line", refusal->line);
  return json;
}

// What summary and detail say alike of how a pipeline stands.
void set_standing(Json& json, const Pipeline& pipeline, const PipelineStanding& standing) {
  json.set("concurrency", concurrency_json(pipeline.concurrency));
  json.set("priority", pipeline.priority);
  json.set("timeout_ms", span_json(pipeline.timeout_ms));
  Json suspended;
  if (standing.suspension != nullptr) {
    suspended.set("since", time_json(standing.suspension->since));
    suspended.set("actor", standing.suspension->actor);
  }
  json.set("suspended", std::move(suspended));
  json.set("state", "in_force");
  json.set("refusal", refusal_json(standing.refusal));
}

Json last_run_json(const PipelineStanding& standing, WallTime now) {
  return standing.last_run != nullptr ? run_summary_json(*standing.last_run, now) : Json();
}

Json disk_json(const DiskStatus& disk) {
  if (!disk.counted_at.is_set()) return {};
  Json json;
  json.set("counted_at", time_json(disk.counted_at));
  json.set("store_bytes", disk.store_bytes);
  json.set("image_bytes", disk.image_bytes);
  json.set("workspace_bytes", disk.workspace_bytes);
  json.set("max_bytes", disk.max_bytes);
  return json;
}

}  // namespace

std::vector<std::uint32_t> task_levels(const Pipeline& definition) {
  UpstreamLists upstream;
  for (const Task& task : definition.tasks) upstream.push_back(task.upstream);
  return levels(upstream);
}

Json time_json(WallTime time) { return time.is_set() ? Json(format_rfc3339(time)) : Json(); }

std::string time_text_ns(std::int64_t time_ns) {
  return format_rfc3339(WallTime{time_ns / 1'000'000});
}

Json status_json(const AgentSnapshot& snapshot) {
  Json engine;
  engine.set("name", snapshot.engine.name);
  engine.set("reachable", snapshot.engine.reachable);
  engine.set("version", snapshot.engine.version);
  engine.set("api_version", snapshot.engine.api_version);
  engine.set("error", snapshot.engine.error);
  Json json;
  json.set("version", kVersion);
  json.set("host", snapshot.host_name);
  json.set("started_at", time_json(snapshot.started_at));
  json.set("ready", snapshot.ready);
  json.set("workers", snapshot.workers);
  json.set("slots_used", snapshot.slots_used);
  json.set("ready_tasks", snapshot.ready_tasks);
  json.set("unfinished_runs", snapshot.unfinished_runs);
  json.set("pipelines", snapshot.pipelines ? snapshot.pipelines->size() : 0);
  json.set("engine", std::move(engine));
  json.set("disk", disk_json(snapshot.disk));
  json.set("warnings", strings_json(snapshot.warnings));
  return json;
}

Json run_summary_json(const Run& run, WallTime now) {
  Json trigger;
  trigger.set("kind", to_string(run.trigger.kind));
  trigger.set("identity", run.trigger.identity);
  trigger.set("actor", run.trigger.actor);
  trigger.set("scheduled_at", time_json(run.trigger.scheduled_at));
  trigger.set("parent_run_id",
              run.trigger.parent == RunId{} ? Json() : Json(run.trigger.parent.text()));
  Json duration;
  if (run.started_at.is_set()) {
    const WallTime end = run.ended_at.is_set() ? run.ended_at : now;
    // The host's clock may have been set back in between.
    duration = std::max<std::int64_t>(end.ms - run.started_at.ms, 0);
  }
  Json json;
  json.set("id", run.id.text());
  json.set("pipeline", run.pipeline);
  json.set("status", to_string(run.status));
  json.set("reason", to_string(run.reason));
  json.set("message", run.message);
  json.set("trigger", std::move(trigger));
  json.set("params", variables_json(run.params));
  json.set("revision", run.revision);
  json.set("created_at", time_json(run.created_at));
  json.set("started_at", time_json(run.started_at));
  json.set("ended_at", time_json(run.ended_at));
  json.set("duration_ms", std::move(duration));
  json.set("cancel_requested", run.stop != RunStop::kNone);
  json.set("stop", stop_json(run.stop));
  json.set("hooks_cancelled", run.hooks_cancelled);
  return json;
}

Json run_detail_json(const RunDetail& detail, const Pipeline* definition, WallTime now) {
  std::vector<std::uint32_t> levels_of_tasks;
  if (definition != nullptr) levels_of_tasks = task_levels(*definition);
  Json tasks = Json::array();
  for (const TaskState& state : detail.tasks) {
    Json json;
    if (state.index < levels_of_tasks.size()) {
      set_definition(json, *definition, state.index, levels_of_tasks);
    } else {
      set_unknown_definition(json, state.index);
    }
    Json attempts = Json::array();
    for (const Attempt& attempt : detail.attempts) {
      if (attempt.key.task == state.index) attempts.push(attempt_json(attempt));
    }
    json.set("status", to_string(state.status));
    json.set("reason", to_string(state.reason));
    json.set("message", state.message);
    json.set("started_at", time_json(state.started_at));
    json.set("ended_at", time_json(state.ended_at));
    json.set("retry_at", time_json(state.retry_at));
    json.set("outputs", variables_json(state.outputs));
    json.set("attempts", std::move(attempts));
    tasks.push(std::move(json));
  }
  Json json = run_summary_json(detail.run, now);
  json.set("tasks", std::move(tasks));
  return json;
}

WallTime next_tick(const Pipeline& pipeline, WallTime now) {
  WallTime earliest;
  for (const Trigger& trigger : pipeline.triggers) {
    const auto* cron = std::get_if<CronTrigger>(&trigger);
    if (cron == nullptr) continue;
    const std::optional<WallTime> next = cron->next(now);
    if (next && (!earliest.is_set() || *next < earliest)) earliest = *next;
  }
  return earliest;
}

Json pipeline_summary_json(const Pipeline& pipeline, const PipelineStanding& standing,
                           WallTime now) {
  const bool is_suspended = standing.suspension != nullptr;
  Json::Array triggers = triggers_json(pipeline).items();
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    const auto* cron = std::get_if<CronTrigger>(&pipeline.triggers[i]);
    if (cron == nullptr) continue;
    const std::optional<WallTime> next = is_suspended ? std::nullopt : cron->next(now);
    triggers[i].set("next_tick", time_json(next.value_or(WallTime{})));
  }
  Json json;
  json.set("name", pipeline.name);
  json.set("title", pipeline.title);
  json.set("description", pipeline.description);
  json.set("source", pipeline.origin.source);
  json.set("file", pipeline.origin.file);
  json.set("line", pipeline.origin.line);
  json.set("revision", pipeline.origin.revision);
  json.set("triggers", std::move(triggers));
  json.set("next_tick", time_json(is_suspended ? WallTime{} : next_tick(pipeline, now)));
  json.set("tasks", pipeline.tasks.size());
  set_standing(json, pipeline, standing);
  json.set("last_run", last_run_json(standing, now));
  return json;
}

Json pipeline_detail_json(const Pipeline& pipeline, const PipelineStanding& standing,
                          WallTime now) {
  std::vector<ScheduledTick> scheduled;
  if (standing.suspension == nullptr) {
    scheduled = next_ticks({&pipeline}, now, limits::kPipelineTicks);
  }
  Json ticks = Json::array();
  for (const ScheduledTick& tick : scheduled) ticks.push(time_json(tick.at));
  Json json = to_json(pipeline);
  json.set("triggers", triggers_json(pipeline));
  json.set("tasks", complete_tasks(pipeline, json["tasks"]));
  if (pipeline.hosts == HostSelector{}) json.set("hosts", Json());
  set_standing(json, pipeline, standing);
  json.set("next_tick", scheduled.empty() ? Json() : time_json(scheduled.front().at));
  json.set("next_ticks", std::move(ticks));
  json.set("last_run", last_run_json(standing, now));
  return json;
}

Json refused_summary_json(const SourceState& source, const Elsewhere& pipeline, const Run* last_run,
                          WallTime now) {
  Pipeline unread;
  unread.name = pipeline.pipeline;
  unread.origin = {source.name, pipeline.file, pipeline.line, source.revision};
  Json json = pipeline_summary_json(unread, {last_run, nullptr, &pipeline}, now);
  json.set("tasks", Json());
  json.set("priority", Json());
  json.set("state", "refused");
  return json;
}

Json source_json(const SourceState& source) {
  Json problems = Json::array();
  for (const Problem& problem : source.problems) {
    Json json;
    json.set("file", problem.file);
    json.set("line", problem.line);
    json.set("column", problem.column);
    json.set("message", problem.message);
    json.set("text", problem.text());
    problems.push(std::move(json));
  }
  Json json;
  json.set("name", source.name);
  json.set("url", source.url);
  json.set("revision", source.revision);
  json.set("pulled_at", time_json(source.pulled_at));
  json.set("attempted_at", time_json(source.attempted_at));
  json.set("error", source.error);
  json.set("problems", std::move(problems));
  json.set("pipelines", source.pipelines);
  return json;
}

std::vector<ScheduledTick> next_ticks(const std::vector<const Pipeline*>& pipelines, WallTime now,
                                      std::size_t count) {
  const auto later = [](const ScheduledTick& a, const ScheduledTick& b) {
    if (a.at != b.at) return a.at > b.at;
    return a.pipeline->name > b.pipeline->name;
  };
  std::vector<ScheduledTick> firsts;
  const auto add = [](auto& to, const Pipeline* pipeline, const CronTrigger* cron, WallTime after) {
    const std::optional<WallTime> at = cron->next(after);
    if (at) to.push_back({*at, pipeline, cron});
  };
  for (const Pipeline* pipeline : pipelines) {
    for (const Trigger& trigger : pipeline->triggers) {
      if (const auto* cron = std::get_if<CronTrigger>(&trigger)) add(firsts, pipeline, cron, now);
    }
  }
  std::make_heap(firsts.begin(), firsts.end(), later);
  std::vector<ScheduledTick> ticks;
  while (!firsts.empty() && ticks.size() < count) {
    std::pop_heap(firsts.begin(), firsts.end(), later);
    const ScheduledTick tick = firsts.back();
    firsts.pop_back();
    ticks.push_back(tick);
    const std::size_t before = firsts.size();
    add(firsts, tick.pipeline, tick.trigger, tick.at);
    if (firsts.size() > before) std::push_heap(firsts.begin(), firsts.end(), later);
  }
  return ticks;
}

Json tick_json(const ScheduledTick& tick) {
  Json json;
  json.set("pipeline", tick.pipeline->name);
  json.set("at", time_json(tick.at));
  json.set("expression", tick.trigger->schedule.expression());
  json.set("timezone", tick.trigger->zone.name());
  return json;
}

Json log_record_json(const LogRecord& record) {
  std::string_view stream = "pawl";
  if (record.stream == LogStream::kStdout) stream = "stdout";
  if (record.stream == LogStream::kStderr) stream = "stderr";
  Json json;
  json.set("stream", stream);
  json.set("time", time_text_ns(record.time_ns));
  json.set("text", record.text);
  return json;
}

}  // namespace pawl::http
