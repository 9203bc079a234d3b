#include "config/trigger_reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "base/digest.h"
#include "config/expression_check.h"
#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/trigger_demands.h"
#include "config/webhook_reader.h"
#include "config/wording.h"
#include "model/pipeline_json.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 5> kCronOnly = {"timezone", "seconds", "catchup", "deadline",
                                                       "splay"};
// Where ticks are looked at from: a check must not depend on when it is made.
constexpr WallTime kLookFrom{1'704'067'200'000};  // 2024-01-01T00:00:00Z
constexpr int kTicksLookedAt = 100;

// Nothing, with a problem, for a zone that is unknown.
std::optional<Zone> read_zone(MappingReader& mapping, const HostConfig& host) {
  const auto name = mapping.filled_text("timezone", limits::kTitleBytes);
  if (!name) return host.zone;
  Result<Zone> loaded = Zone::load(*name);
  if (loaded) return *loaded;
  mapping.values().add(mapping.place_of("timezone"),
                       "unknown timezone " + quoted(*name) + "; write " +
                           "a name of the IANA database such as Europe/Berlin");
  return std::nullopt;
}

// This host's place in [0, splay), in whole seconds: the same for ever, and spread over the hosts.
std::int64_t stable_offset_ms(std::int64_t splay_ms, const std::string& host,
                              const std::string& pipeline) {
  const Sha256 digest = sha256(host + '\0' + pipeline);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < sizeof number; ++i) number = number << 8 | digest.at(i);
  constexpr std::int64_t kSecondMs = 1000;
  const auto seconds = static_cast<std::uint64_t>(splay_ms / kSecondMs);
  return static_cast<std::int64_t>(number % seconds) * kSecondMs;
}

// The shortest time between two of the schedule's first ticks; nothing when there are none.
std::optional<std::int64_t> shortest_distance_ms(const CronTrigger& cron) {
  std::optional<std::int64_t> shortest;
  auto tick = cron.schedule.next(kLookFrom, cron.zone);
  for (int i = 0; i < kTicksLookedAt && tick; ++i) {
    const auto next = cron.schedule.next(*tick, cron.zone);
    if (next && (!shortest || next->ms - tick->ms < *shortest)) shortest = next->ms - tick->ms;
    tick = next;
  }
  return shortest;
}

void warn_of_ticks(MappingReader& mapping, const CronTrigger& cron) {
  ValueReader& values = mapping.values();
  if (!cron.schedule.next(kLookFrom, cron.zone)) {
    values.warn(mapping.place_of("cron"), "cron expression " + quoted(cron.schedule.expression()) +
                                              " never fires: no such time comes within " +
                                              std::to_string(limits::kCronHorizonYears) + " years");
  }
  if (cron.splay_ms == 0) return;
  const auto distance_ms = shortest_distance_ms(cron);
  if (!distance_ms || cron.splay_ms < *distance_ms) return;
  values.warn(mapping.place_of("splay"),
              "'splay' (" + format_exact_duration(cron.splay_ms) +
                  ") is not shorter than the time between two ticks (" +
                  format_exact_duration(*distance_ms) +
                  "), so that a tick may come after the next one's time");
}

std::optional<CronSchedule> read_schedule(MappingReader& mapping) {
  const auto expression = mapping.filled_text("cron", limits::kTitleBytes);
  const auto seconds = mapping.boolean("seconds");
  if (!expression) return std::nullopt;
  Result<CronSchedule> schedule = CronSchedule::parse(*expression, seconds.value_or(false));
  if (schedule) return std::move(*schedule);
  const Error& error = schedule.error();
  mapping.values().add(
      mapping.place_of("cron"),
      "bad cron expression " + quoted(*expression) + ": " + error.message +
          (error.context.empty() ? "" : " (" + error.context + " of the expression)"));
  return std::nullopt;
}

std::optional<Trigger> read_cron(MappingReader& mapping, const Pipeline& pipeline,
                                 const HostConfig& host) {
  std::optional<CronSchedule> schedule = read_schedule(mapping);
  const std::optional<Zone> zone = read_zone(mapping, host);
  const auto catchup = mapping.choice<Catchup>("catchup");
  const auto deadline_ms = mapping.duration_ms("deadline");
  const auto splay_ms = mapping.duration_ms("splay");
  const TriggerForm form{mapping};
  Variables params = read_trigger_params(form, pipeline);
  std::vector<std::uint32_t> starts = read_starts(form, pipeline);
  if (!schedule || !zone) return std::nullopt;
  CronTrigger trigger{std::move(*schedule), *zone};
  trigger.catchup = catchup.value_or(trigger.catchup);
  trigger.deadline_ms = deadline_ms.value_or(trigger.deadline_ms);
  trigger.splay_ms = splay_ms.value_or(trigger.splay_ms);
  if (splay_ms) trigger.offset_ms = stable_offset_ms(*splay_ms, host.host_name, pipeline.name);
  trigger.params = std::move(params);
  trigger.starts = std::move(starts);
  warn_of_ticks(mapping, trigger);
  return trigger;
}

bool check_upstream(const std::string& upstream, const std::string& own, Place place,
                    ValueReader& values) {
  if (!is_valid_name(upstream)) {
    const std::string proposal = slug(upstream);
    values.add(place, quoted(upstream) + " is no pipeline's name (" + std::string(kNameRule) + ")" +
                          (proposal.empty() ? "" : "; use '" + proposal + "'"));
    return false;
  }
  if (upstream != own) return true;
  values.add(place, "pipeline " + quoted(own) +
                        " would trigger itself for ever; name another pipeline, or use 'cron' to "
                        "run it again and again");
  return false;
}

std::optional<Trigger> read_pipeline_trigger(MappingReader& trigger, const Pipeline& pipeline) {
  const YamlNode& node = *trigger.find("pipeline");
  const bool is_long = node.kind == YamlNode::Kind::kMapping;
  std::optional<MappingReader> mapping = is_long ? trigger.mapping("pipeline") : std::nullopt;
  PipelineTrigger result;
  result.params = read_trigger_params({trigger, mapping ? &*mapping : nullptr}, pipeline);
  if (trigger.find("tasks") != nullptr) {
    trigger.values().add(trigger.place_of_key("tasks"),
                         "'tasks' belongs to cron and webhook triggers only");
  }
  std::optional<std::string> name;
  Place place = node.place;
  if (mapping) {
    mapping->require("name");
    name = mapping->filled_text("name", limits::kValueBytes);
    place = mapping->place_of("name");
    result.on = mapping->choice<UpstreamEnd>("on").value_or(result.on);
  } else {
    name = trigger.values().filled_text(node, "'pipeline'", limits::kValueBytes);
  }
  if (!name || !check_upstream(*name, pipeline.name, place, trigger.values())) return std::nullopt;
  result.pipeline = std::move(*name);
  return result;
}

std::optional<Trigger> read_trigger(ValueReader& values, const YamlNode& node,
                                    const Pipeline& pipeline, const HostConfig& host,
                                    ExpressionCheck& expressions) {
  MappingReader mapping(values, node, kTriggerKeys, "a trigger");
  if (node.kind != YamlNode::Kind::kMapping) return std::nullopt;
  std::size_t kinds = 0;
  for (std::string_view kind : kTriggerKeys.kinds) kinds += node.find(kind) != nullptr ? 1 : 0;
  if (kinds == 0) {
    values.add(node.place, "a trigger needs 'cron', 'webhook' or 'pipeline'");
    return std::nullopt;
  }
  if (kinds > 1) {
    values.add(node.place, "a trigger is of one kind; give each of " + listed(kTriggerKeys.kinds) +
                               " a list item of its own");
  }
  if (mapping.find("cron") != nullptr) return read_cron(mapping, pipeline, host);
  for (std::string_view key : kCronOnly) {
    if (mapping.find(key) == nullptr) continue;
    values.add(mapping.place_of_key(key),
               "'" + std::string(key) + "' belongs to cron triggers only");
  }
  if (mapping.find("pipeline") != nullptr) return read_pipeline_trigger(mapping, pipeline);
  return read_webhook(mapping, pipeline, expressions);
}

// In words, for messages.
std::string described(const Trigger& trigger) {
  if (const auto* cron = std::get_if<CronTrigger>(&trigger)) {
    return "cron " + quoted(cron->schedule.expression());
  }
  if (const auto* webhook = std::get_if<WebhookTrigger>(&trigger)) {
    return "webhook " + quoted(webhook->path);
  }
  const auto& upstream = std::get<PipelineTrigger>(trigger);
  return "the trigger on " + std::string(to_string(upstream.on)) + " of pipeline " +
         quoted(upstream.pipeline);
}

}  // namespace

std::vector<Trigger> read_triggers(MappingReader& mapping, const Pipeline& pipeline,
                                   const HostConfig& host) {
  ValueReader& values = mapping.values();
  ExpressionCheck expressions(values);
  std::vector<Trigger> result;
  std::unordered_map<std::string, std::uint32_t> lines;
  for (const YamlNode* node : mapping.items("triggers", limits::kTriggers)) {
    auto trigger = read_trigger(values, *node, pipeline, host, expressions);
    if (!trigger) continue;
    const std::string what = described(*trigger);
    const Variables& params =
        std::visit([](const auto& kind) -> const Variables& { return kind.params; }, *trigger);
    check_params_complete(values, node->place, what, params, pipeline);
    // Two alike are one schedule, if of cron.
    if (!std::holds_alternative<CronTrigger>(*trigger)) {
      const auto [first, is_new] = lines.emplace(what, node->place.line);
      if (!is_new) {
        values.add(node->place,
                   what + " is given twice; the first is in line " + std::to_string(first->second));
        continue;
      }
    }
    result.push_back(std::move(*trigger));
  }
  return result;
}

}  // namespace pawl::config
