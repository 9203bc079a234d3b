#include "config/trigger_reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/wording.h"
#include "model/pipeline_json.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"cron", "webhook", "pipeline"};
constexpr std::array<std::string_view, 4> kCronOnly = {"timezone", "seconds", "catchup",
                                                       "deadline"};
// In the order of their enums.
constexpr std::array<std::string_view, 3> kCatchups = {"none", "latest", "all"};
constexpr std::array<std::string_view, 3> kUpstreamEnds = {"success", "failure", "completion"};
constexpr std::string_view kPathRule =
    "segments of A-Z a-z 0-9 . _ - with single '/' between them, and no leading '/'";

template <typename Enum, std::size_t N>
Enum index_of(const std::array<std::string_view, N>& words, const std::string& word) {
  return static_cast<Enum>(std::find(words.begin(), words.end(), word) - words.begin());
}

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

std::optional<Trigger> read_cron(MappingReader& mapping, const HostConfig& host) {
  ValueReader& values = mapping.values();
  const auto expression = mapping.filled_text("cron", limits::kTitleBytes);
  const std::optional<Zone> zone = read_zone(mapping, host);
  const auto seconds = mapping.boolean("seconds");
  const auto catchup = mapping.word("catchup", kCatchups);
  const auto deadline_ms = mapping.duration_ms("deadline", {1000, limits::kTimeoutMaxMs});
  if (!expression) return std::nullopt;
  Result<CronSchedule> schedule = CronSchedule::parse(*expression, seconds.value_or(false));
  if (!schedule) {
    const Error& error = schedule.error();
    values.add(mapping.place_of("cron"),
               "bad cron expression " + quoted(*expression) + ": " + error.message +
                   (error.context.empty() ? "" : " (" + error.context + " of the expression)"));
    return std::nullopt;
  }
  if (!zone) return std::nullopt;
  CronTrigger trigger{std::move(*schedule), *zone};
  if (catchup) trigger.catchup = index_of<Catchup>(kCatchups, *catchup);
  trigger.deadline_ms = deadline_ms.value_or(trigger.deadline_ms);
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
  values.add(place, "pipeline " + quoted(own) + " would trigger itself for ever");
  return false;
}

std::optional<Trigger> read_pipeline_trigger(MappingReader& trigger, const YamlNode& node,
                                             const std::string& own) {
  PipelineTrigger result;
  if (node.kind != YamlNode::Kind::kMapping) {
    auto name = trigger.values().filled_text(node, "'pipeline'", limits::kValueBytes);
    if (!name || !check_upstream(*name, own, node.place, trigger.values())) return std::nullopt;
    result.pipeline = std::move(*name);
    return result;
  }
  auto mapping = trigger.mapping("pipeline");
  mapping->require("name");
  auto name = mapping->filled_text("name", limits::kValueBytes);
  if (const auto on = mapping->word("on", kUpstreamEnds)) {
    result.on = index_of<UpstreamEnd>(kUpstreamEnds, *on);
  }
  if (!name || !check_upstream(*name, own, mapping->place_of("name"), trigger.values())) {
    return std::nullopt;
  }
  result.pipeline = std::move(*name);
  return result;
}

bool check_path(const std::string& path, Place place, ValueReader& values) {
  if (path.size() <= limits::kWebhookPathBytes && is_webhook_path(path)) return true;
  if (path.size() > limits::kWebhookPathBytes) {
    values.add(place, "a webhook's path has at most " + std::to_string(limits::kWebhookPathBytes) +
                          " bytes");
  } else {
    values.add(place, quoted(path) + " is not a webhook's path: " + std::string(kPathRule));
  }
  return false;
}

std::string default_secret(std::string path) {
  std::replace(path.begin(), path.end(), '/', '-');
  return path;
}

std::vector<std::string> read_secrets(MappingReader& mapping) {
  ValueReader& values = mapping.values();
  std::vector<std::string> result;
  for (Placed<std::string>& secret : mapping.texts("secret", limits::kWebhookPathBytes)) {
    if (!is_secret_name(secret.value)) {
      values.add(secret.place, quoted(secret.value) +
                                   " is not a secret's name: a file name of A-Z a-z 0-9 . _ -");
    } else if (std::find(result.begin(), result.end(), secret.value) != result.end()) {
      values.add(secret.place, "secret " + quoted(secret.value) + " is given twice");
    } else {
      result.push_back(std::move(secret.value));
    }
  }
  const YamlNode& node = *mapping.find("secret");
  if (node.kind == YamlNode::Kind::kSequence && node.items.empty()) {
    values.add(node.place, "'secret' is an empty list; webhooks without a signature are not taken");
  }
  if (result.size() > limits::kWebhookSecrets) {
    values.add(node.place, "'secret' has " + std::to_string(result.size()) + " names; at most " +
                               std::to_string(limits::kWebhookSecrets) + " are allowed");
  }
  return result;
}

std::optional<Trigger> read_webhook(MappingReader& trigger, const YamlNode& node) {
  ValueReader& values = trigger.values();
  WebhookTrigger webhook;
  if (node.kind != YamlNode::Kind::kMapping) {
    auto path = values.filled_text(node, "'webhook'", limits::kValueBytes);
    if (!path || !check_path(*path, node.place, values)) return std::nullopt;
    webhook.path = std::move(*path);
    webhook.secrets = {default_secret(webhook.path)};
    return webhook;
  }
  auto mapping = trigger.mapping("webhook");
  mapping->require("path");
  auto path = mapping->filled_text("path", limits::kValueBytes);
  constexpr std::array<std::string_view, 1> kProviders = {"github"};
  const auto provider = mapping->filled_text("provider", limits::kTitleBytes);
  if (provider && *provider != kProviders.front()) {
    values.add(mapping->place_of("provider"),
               "provider " + quoted(*provider) +
                   " is not supported by this version of pawl; only github is");
  }
  const bool has_secret = mapping->find("secret") != nullptr;
  if (has_secret) webhook.secrets = read_secrets(*mapping);
  if (!path || !check_path(*path, mapping->place_of("path"), values)) return std::nullopt;
  webhook.path = std::move(*path);
  if (!has_secret) webhook.secrets = {default_secret(webhook.path)};
  return webhook;
}

std::optional<Trigger> read_trigger(ValueReader& values, const YamlNode& node,
                                    const std::string& name, const HostConfig& host) {
  MappingReader mapping(values, node, kTriggerKeys, "a trigger");
  if (node.kind != YamlNode::Kind::kMapping) return std::nullopt;
  std::size_t kinds = 0;
  for (std::string_view kind : kKinds) kinds += node.find(kind) != nullptr ? 1 : 0;
  if (kinds == 0) {
    values.add(node.place, "a trigger needs 'cron', 'webhook' or 'pipeline'");
    return std::nullopt;
  }
  if (kinds > 1) {
    values.add(node.place, "a trigger is of one kind; give each of " + listed(kKinds) +
                               " a list item of its own");
  }
  if (mapping.find("cron") != nullptr) return read_cron(mapping, host);
  for (std::string_view key : kCronOnly) {
    if (mapping.find(key) == nullptr) continue;
    values.add(mapping.place_of_key(key),
               "'" + std::string(key) + "' belongs to cron triggers only");
  }
  if (const YamlNode* upstream = mapping.find("pipeline")) {
    return read_pipeline_trigger(mapping, *upstream, name);
  }
  return read_webhook(mapping, *mapping.find("webhook"));
}

// What may be there once only, in words; empty for cron, of which two alike are one schedule.
std::string once_only(const Trigger& trigger) {
  if (const auto* webhook = std::get_if<WebhookTrigger>(&trigger)) {
    return "webhook " + quoted(webhook->path);
  }
  if (const auto* upstream = std::get_if<PipelineTrigger>(&trigger)) {
    return "the trigger on " + std::string(to_string(upstream->on)) + " of pipeline " +
           quoted(upstream->pipeline);
  }
  return "";
}

}  // namespace

std::vector<Trigger> read_triggers(MappingReader& pipeline, const std::string& name,
                                   const HostConfig& host) {
  std::vector<Trigger> result;
  std::unordered_map<std::string, std::uint32_t> lines;
  for (const YamlNode* node : pipeline.items("triggers", limits::kTriggers)) {
    auto trigger = read_trigger(pipeline.values(), *node, name, host);
    if (!trigger) continue;
    if (const std::string what = once_only(*trigger); !what.empty()) {
      const auto [first, is_new] = lines.emplace(what, node->place.line);
      if (!is_new) {
        pipeline.values().add(node->place, what + " is given twice; the first is in line " +
                                               std::to_string(first->second));
        continue;
      }
    }
    result.push_back(std::move(*trigger));
  }
  return result;
}

}  // namespace pawl::config
