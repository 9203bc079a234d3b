#include "config/webhook_reader.h"

#include <algorithm>

#include "config/names.h"
#include "config/trigger_demands.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"

namespace pawl::config {
namespace {

constexpr std::string_view kPathRule =
    "segments of A-Z a-z 0-9 . _ - with single '/' between them, and no leading '/'";

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

std::string read_provider(MappingReader& mapping) {
  auto provider = mapping.word("provider");
  const WebhookTrigger defaults;
  if (!provider) return defaults.provider;
  if (*provider != defaults.provider) {
    mapping.values().warn(mapping.place_of("provider"),
                          "deliveries of provider " + quoted(*provider) +
                              " are taken by a later version of pawl; this one refuses them");
  }
  return std::move(*provider);
}

std::vector<std::string> read_events(MappingReader& mapping) {
  const YamlNode* node = mapping.find("events");
  if (node == nullptr) return {};
  ValueReader& values = mapping.values();
  std::vector<std::string> result;
  for (Placed<std::string>& event : mapping.texts("events", limits::kTitleBytes)) {
    if (!is_event_name(event.value)) {
      values.add(event.place,
                 quoted(event.value) + " is not an event's name: a-z 0-9 _ . : -, such as push");
    } else if (std::find(result.begin(), result.end(), event.value) != result.end()) {
      values.add(event.place, "'events' has " + quoted(event.value) + " twice");
    } else {
      result.push_back(std::move(event.value));
    }
  }
  if (node->kind == YamlNode::Kind::kSequence && node->items.empty()) {
    values.add(node->place, "'events' is an empty list; leave it out to take every event");
  }
  if (result.size() > limits::kWebhookEvents) {
    values.add(node->place, "'events' has " + std::to_string(result.size()) + " names; at most " +
                                std::to_string(limits::kWebhookEvents) + " are allowed");
  }
  return result;
}

// true and false are literals, as in a task.
std::string read_when(MappingReader& mapping, ExpressionCheck& expressions) {
  const YamlNode* node = mapping.find("when");
  if (node == nullptr) return {};
  auto text =
      mapping.values().filled_text(*node, "'when'", limits::kValueBytes, Expressions::kTaken);
  if (!text) return {};
  if (const auto literal = parse_core_boolean(*text)) return *literal ? "" : "${{ false }}";
  (void)expressions.check_condition(*node, "'when'", webhook_scope());
  text->resize(text->find_last_not_of(" \n") + 1);
  return std::move(*text);
}

}  // namespace

std::optional<WebhookTrigger> read_webhook(MappingReader& trigger, const Pipeline& pipeline,
                                           ExpressionCheck& expressions) {
  ValueReader& values = trigger.values();
  const YamlNode& node = *trigger.find("webhook");
  const bool is_long = node.kind == YamlNode::Kind::kMapping;
  std::optional<MappingReader> mapping = is_long ? trigger.mapping("webhook") : std::nullopt;
  const TriggerForm form{trigger, mapping ? &*mapping : nullptr};
  WebhookTrigger webhook;
  webhook.params = read_trigger_params(form, pipeline, &expressions);
  webhook.starts = read_starts(form, pipeline);
  std::optional<std::string> path;
  Place path_place = node.place;
  if (mapping) {
    mapping->require("path");
    path = mapping->filled_text("path", limits::kValueBytes);
    path_place = mapping->place_of("path");
    webhook.provider = read_provider(*mapping);
    webhook.events = read_events(*mapping);
    webhook.when = read_when(*mapping, expressions);
    if (mapping->find("secret") != nullptr) webhook.secrets = read_secrets(*mapping);
  } else {
    path = values.filled_text(node, "'webhook'", limits::kValueBytes);
  }
  if (!path || !check_path(*path, path_place, values)) return std::nullopt;
  webhook.path = std::move(*path);
  const bool has_secret = mapping && mapping->find("secret") != nullptr;
  if (!has_secret) webhook.secrets = {default_secret(webhook.path)};
  return webhook;
}

}  // namespace pawl::config
