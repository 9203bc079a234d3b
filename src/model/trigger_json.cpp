#include "model/trigger_json.h"

#include <array>

#include "model/pipeline_json.h"

namespace pawl {
namespace {

constexpr std::array<std::string_view, 3> kCatchups = {"none", "latest", "all"};
constexpr std::array<std::string_view, 3> kUpstreamEnds = {"success", "failure", "completion"};

}  // namespace

std::string_view to_string(Catchup catchup) {
  return kCatchups.at(static_cast<std::size_t>(catchup));
}

std::string_view to_string(UpstreamEnd end) {
  return kUpstreamEnds.at(static_cast<std::size_t>(end));
}

namespace model_json {
namespace {

// What the trigger asks of its runs.
void write_demands(const Variables& params, const std::vector<std::uint32_t>& starts, Json& json) {
  if (!params.empty()) json.set("params", variables(params));
  if (starts.empty()) return;
  Json indexes = Json::array();
  for (const std::uint32_t index : starts) indexes.push(index);
  json.set("starts", std::move(indexes));
}

Json json_of(const CronTrigger& trigger) {
  Json json;
  json.set("type", "cron");
  json.set("expression", trigger.schedule.expression());
  json.set("seconds", trigger.schedule.has_seconds());
  json.set("timezone", trigger.zone.name());
  if (trigger.catchup != Catchup::kLatest) json.set("catchup", to_string(trigger.catchup));
  if (trigger.deadline_ms != 0) json.set("deadline_ms", trigger.deadline_ms);
  if (trigger.splay_ms != 0) {
    json.set("splay_ms", trigger.splay_ms);
    json.set("offset_ms", trigger.offset_ms);
  }
  write_demands(trigger.params, trigger.starts, json);
  return json;
}

Json json_of(const PipelineTrigger& trigger) {
  Json json;
  json.set("type", "pipeline");
  json.set("name", trigger.pipeline);
  json.set("on", to_string(trigger.on));
  write_demands(trigger.params, {}, json);
  return json;
}

Json json_of(const WebhookTrigger& trigger) {
  Json json;
  json.set("type", "webhook");
  json.set("path", trigger.path);
  json.set("secrets", strings(trigger.secrets));
  if (trigger.provider != WebhookTrigger{}.provider) json.set("provider", trigger.provider);
  if (!trigger.events.empty()) json.set("events", strings(trigger.events));
  if (!trigger.when.empty()) json.set("when", trigger.when);
  write_demands(trigger.params, trigger.starts, json);
  return json;
}

Result<void> read_starts(const Reader& reader, std::vector<std::uint32_t>& starts) {
  const Json& json = reader.member("starts");
  if (json.is_null()) return {};
  for (const Json& item : json.items()) {
    const std::int64_t index = item.as_integer(-1);
    const bool rises = starts.empty() || index > starts.back();
    if (index < 0 || index >= static_cast<std::int64_t>(limits::kTaskInstances) || !rises) {
      return corrupt(reader.path("starts"), "must list rising indexes of tasks");
    }
    starts.push_back(static_cast<std::uint32_t>(index));
  }
  if (!starts.empty()) return {};
  return corrupt(reader.path("starts"), "must list at least one task");
}

Result<Trigger> read_pipeline_trigger(const Reader& reader) {
  PipelineTrigger trigger;
  PAWL_CHECK(reader.read("name", trigger.pipeline));
  if (!is_valid_name(trigger.pipeline)) return corrupt(reader.path("name"), "is no valid name");
  PAWL_CHECK(read_word(reader, "on", kUpstreamEnds, trigger.on));
  PAWL_CHECK(reader.read("params", trigger.params));
  return Trigger(std::move(trigger));
}

Result<Trigger> read_cron(const Reader& reader) {
  std::string expression;
  bool seconds = false;
  std::string timezone = "UTC";
  PAWL_CHECK(reader.read("expression", expression));
  PAWL_CHECK(reader.read("seconds", seconds));
  PAWL_CHECK(reader.read("timezone", timezone));
  Result<CronSchedule> schedule = CronSchedule::parse(expression, seconds);
  if (!schedule) return corrupt(reader.path("expression"), "is wrong: " + schedule.error().text());
  Result<Zone> zone = Zone::load(timezone);
  if (!zone) return corrupt(reader.path("timezone"), "is wrong: " + zone.error().text());
  CronTrigger trigger{*std::move(schedule), *std::move(zone)};
  PAWL_CHECK(read_word(reader, "catchup", kCatchups, trigger.catchup));
  PAWL_CHECK(reader.read("deadline_ms", trigger.deadline_ms, kMaxInteger));
  PAWL_CHECK(reader.read("splay_ms", trigger.splay_ms, limits::kSplayMaxMs));
  PAWL_CHECK(reader.read("offset_ms", trigger.offset_ms, limits::kSplayMaxMs));
  PAWL_CHECK(reader.read("params", trigger.params));
  PAWL_CHECK(read_starts(reader, trigger.starts));
  return Trigger(std::move(trigger));
}

Result<Trigger> read_webhook(const Reader& reader) {
  WebhookTrigger trigger;
  PAWL_CHECK(reader.read("path", trigger.path));
  PAWL_CHECK(reader.read("secrets", trigger.secrets));
  PAWL_CHECK(reader.read("provider", trigger.provider));
  PAWL_CHECK(reader.read("events", trigger.events));
  PAWL_CHECK(reader.read("when", trigger.when));
  PAWL_CHECK(reader.read("params", trigger.params));
  PAWL_CHECK(read_starts(reader, trigger.starts));
  if (trigger.path.empty() || trigger.path.size() > limits::kWebhookPathBytes) {
    return corrupt(reader.path("path"),
                   "must have 1 to " + std::to_string(limits::kWebhookPathBytes) + " characters");
  }
  return Trigger(std::move(trigger));
}

}  // namespace

Json trigger_json(const Trigger& trigger) {
  return std::visit([](const auto& kind) { return json_of(kind); }, trigger);
}

Result<Trigger> read_trigger(const Reader& reader) {
  std::string type;
  PAWL_CHECK(reader.read("type", type));
  if (type == "cron") return read_cron(reader);
  if (type == "webhook") return read_webhook(reader);
  if (type == "pipeline") return read_pipeline_trigger(reader);
  return corrupt(reader.path("type"),
                 "must be cron, webhook or pipeline, not '" + escape_control(type) + "'");
}

}  // namespace model_json
}  // namespace pawl
