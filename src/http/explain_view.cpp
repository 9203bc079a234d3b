#include "http/explain_view.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "model/limits.h"
#include "model/task_policy.h"

namespace pawl::http {
namespace {

constexpr std::int64_t kClockChangeHorizonMs = 366LL * 24 * 3600 * 1000;

Json host_json(const HostConfig& host) {
  Json labels = Json::object();
  for (const auto& [name, value] : host.labels) labels.set(name, value);
  return Json().set("name", host.host_name).set("labels", std::move(labels));
}

// --- ticks ---

std::string offset_text(std::int32_t offset_s) {
  std::array<char, 16> text{};
  const int minutes = std::abs(offset_s) / 60;
  std::snprintf(text.data(), text.size(), "%c%02d:%02d", offset_s < 0 ? '-' : '+', minutes / 60,
                minutes % 60);
  return text.data();
}

// "2026-03-29T03:00:00+02:00": the zone's own clock, as RFC 3339 writes it.
std::string local_text(const Zone& zone, WallTime time) {
  const CivilTime civil = zone.to_civil(time);
  std::array<char, 96> text{};
  std::snprintf(text.data(), text.size(), "%04lld-%02d-%02dT%02d:%02d:%02d",
                static_cast<long long>(civil.year), civil.month, civil.day, civil.hour,
                civil.minute, civil.second);
  return text.data() + offset_text(zone.offset_s(time));
}

Json tick_json(const Zone& zone, std::optional<WallTime> at) {
  if (!at) return {};
  return Json().set("at", time_json(*at)).set("local", local_text(zone, *at));
}

// next() never falls while its argument rises: the last instant whose next tick is before the limit is searched for.
std::optional<WallTime> last_tick_before(const CronTrigger& cron, WallTime from, WallTime limit) {
  const auto is_before = [&](WallTime after) {
    const std::optional<WallTime> next = cron.next(after);
    return next && *next < limit;
  };
  if (!is_before(from)) return std::nullopt;
  WallTime low = from;
  WallTime high = limit;
  while (high.ms - low.ms > 1) {
    const WallTime middle{low.ms + (high.ms - low.ms) / 2};
    (is_before(middle) ? low : high) = middle;
  }
  return cron.next(low);
}

Json clock_change_json(const CronTrigger& cron, WallTime now) {
  const std::optional<WallTime> at = cron.zone.next_transition(now);
  if (!at || at->ms - now.ms > kClockChangeHorizonMs) return {};
  const WallTime before = at->plus_ms(-1);
  Json json;
  json.set("at", time_json(*at));
  json.set("from", offset_text(cron.zone.offset_s(before)));
  json.set("to", offset_text(cron.zone.offset_s(*at)));
  json.set("last_before", tick_json(cron.zone, last_tick_before(cron, now, *at)));
  json.set("first_after", tick_json(cron.zone, cron.next(before)));
  return json;
}

Json explained_triggers(const Pipeline& pipeline, const Json& known, bool is_suspended,
                        WallTime now) {
  Json::Array triggers = known.items();
  for (std::size_t i = 0; i < triggers.size(); ++i) {
    const auto* cron = std::get_if<CronTrigger>(&pipeline.triggers.at(i));
    if (cron == nullptr) continue;
    Json ticks = Json::array();
    std::optional<WallTime> tick = is_suspended ? std::nullopt : cron->next(now);
    for (std::size_t n = 0; tick && n < limits::kPipelineTicks; ++n) {
      ticks.push(tick_json(cron->zone, tick));
      tick = cron->next(*tick);
    }
    triggers[i].set("clock_change", ticks.items().empty() ? Json() : clock_change_json(*cron, now));
    triggers[i].set("ticks", std::move(ticks));
  }
  return triggers;
}

// --- what the host says to it ---

Json refused_json(const Pipeline& pipeline, const HostPolicy& policy) {
  std::map<std::string, Json> tasks_by_reason;
  for (const Task& task : pipeline.tasks) {
    for (const std::string& reason : policy_refusals(policy, task)) {
      tasks_by_reason[reason].push(task.id);
    }
  }
  Json list = Json::array();
  for (auto& [reason, tasks] : tasks_by_reason) {
    list.push(Json().set("why", reason).set("tasks", std::move(tasks)));
  }
  return list;
}

Json secrets_json(const Pipeline& pipeline, const Control& control) {
  std::set<std::string> names;
  for (const Task& task : pipeline.tasks) {
    for (const SecretUse& secret : task.secrets) names.insert(secret.name);
  }
  for (const Trigger& trigger : pipeline.triggers) {
    if (const auto* webhook = std::get_if<WebhookTrigger>(&trigger)) {
      names.insert(webhook->secrets.begin(), webhook->secrets.end());
    }
  }
  Json list = Json::array();
  for (const std::string& name : names) {
    const Result<std::string> secret = control.secret(name);
    Json json;
    json.set("name", name);
    json.set("exists", secret.ok());
    json.set("error", secret ? Json("") : Json(secret.error().message));
    list.push(std::move(json));
  }
  return list;
}

Json with_levels(const Pipeline& pipeline, const Json& known) {
  const std::vector<std::uint32_t> levels = task_levels(pipeline);
  Json::Array tasks = known.items();
  for (std::size_t i = 0; i < tasks.size(); ++i) tasks[i].set("level", levels.at(i));
  return tasks;
}

}  // namespace

Json pipeline_explanation_json(const Pipeline& pipeline, const PipelineStanding& standing,
                               const HostConfig& host, const Control& control, WallTime now) {
  const std::optional<std::string> why_not = why_not_here(pipeline.hosts, host);
  Json json = pipeline_detail_json(pipeline, standing, now);
  json.set("triggers",
           explained_triggers(pipeline, json["triggers"], standing.suspension != nullptr, now));
  json.set("tasks", with_levels(pipeline, json["tasks"]));
  json.set("host", host_json(host));
  json.set("runs_here", !why_not);
  json.set("why_not", why_not ? Json(*why_not) : Json());
  json.set("refused", refused_json(pipeline, host.policy));
  json.set("secrets", secrets_json(pipeline, control));
  return json;
}

Json elsewhere_explanation_json(const SourceState& source, const Elsewhere& pipeline,
                                const HostConfig& host) {
  Json origin;
  origin.set("source", source.name);
  origin.set("file", pipeline.file);
  origin.set("line", pipeline.line);
  origin.set("revision", source.revision);
  Json json;
  json.set("name", pipeline.pipeline);
  json.set("state", pipeline.refused ? "refused" : "elsewhere");
  json.set("host", host_json(host));
  json.set("runs_here", false);
  json.set("why_not", pipeline.why);
  json.set("origin", std::move(origin));
  return json;
}

}  // namespace pawl::http
