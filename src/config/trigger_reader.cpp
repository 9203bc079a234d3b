#include "config/trigger_reader.h"

#include <algorithm>
#include <array>
#include <unordered_map>

#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 3> kKinds = {"cron", "webhook", "pipeline"};
constexpr std::array<std::string_view, 2> kCronOnly = {"timezone", "seconds"};
constexpr std::string_view kPathRule =
    "segments of A-Z a-z 0-9 . _ - with single '/' between them, and no leading '/'";

std::optional<Trigger> read_cron(MappingReader& mapping, const HostConfig& host) {
  ValueReader& values = mapping.values();
  const auto expression = mapping.filled_text("cron", limits::kTitleBytes);
  const auto zone_name = mapping.filled_text("timezone", limits::kTitleBytes);
  const auto seconds = mapping.boolean("seconds");

  std::optional<Zone> zone = host.zone;
  if (zone_name) {
    Result<Zone> loaded = Zone::load(*zone_name);
    if (!loaded) {
      zone.reset();
      values.add(mapping.place_of("timezone"),
                 "unknown timezone " + quoted(*zone_name) + "; write " +
                     "a name of the IANA database such as Europe/Berlin");
    } else {
      zone = *loaded;
    }
  }
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
  return CronTrigger{std::move(*schedule), *zone};
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
                                    const HostConfig& host) {
  MappingReader mapping(values, node, kTriggerKeys, "a trigger");
  if (node.kind != YamlNode::Kind::kMapping) return std::nullopt;
  std::size_t kinds = 0;
  for (std::string_view kind : kKinds) kinds += node.find(kind) != nullptr ? 1 : 0;
  if (kinds == 0) {
    values.add(node.place, "a trigger needs 'cron' or 'webhook'");
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
  const YamlNode* webhook = mapping.find("webhook");
  return webhook == nullptr ? std::nullopt : read_webhook(mapping, *webhook);
}

}  // namespace

std::vector<Trigger> read_triggers(MappingReader& pipeline, const HostConfig& host) {
  std::vector<Trigger> result;
  std::unordered_map<std::string, std::uint32_t> webhook_lines;
  for (const YamlNode* node : pipeline.items("triggers", limits::kTriggers)) {
    auto trigger = read_trigger(pipeline.values(), *node, host);
    if (!trigger) continue;
    if (const auto* webhook = std::get_if<WebhookTrigger>(&*trigger)) {
      const auto [first, is_new] = webhook_lines.emplace(webhook->path, node->place.line);
      if (!is_new) {
        pipeline.values().add(node->place, "webhook " + quoted(webhook->path) +
                                               " is given twice; the first is in line " +
                                               std::to_string(first->second));
        continue;
      }
    }
    result.push_back(std::move(*trigger));
  }
  return result;
}

}  // namespace pawl::config
