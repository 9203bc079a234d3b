#include "config/task_settings.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "config/names.h"
#include "config/variables_reader.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"
#include "model/image_policy.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 4> kRetryWords = {"failed", "timeout", "oom", "lost"};

std::string host_file(const HostConfig& host) {
  return host.file.empty() ? "the host config" : host.file;
}

// 0: the host config does not say, so the host's hardware is the cap.
bool is_over(std::int64_t value, std::int64_t cap) { return cap > 0 && value > cap; }

std::string over_cap(std::string_view key, const std::string& value, const std::string& cap) {
  return "'" + std::string(key) + "' is " + value + "; this host allows at most " + cap +
         " (policy.max." + std::string(key) + ")";
}

std::int64_t capped(std::int64_t value, std::int64_t cap) {
  return is_over(value, cap) ? cap : value;
}

void read_caps(MappingReader& mapping, const HostPolicy& policy, TaskSettings& settings) {
  ValueReader& values = mapping.values();
  settings.cpus_milli = mapping.cpus_milli("cpus");
  if (settings.cpus_milli && is_over(*settings.cpus_milli, policy.max_cpus_milli)) {
    values.add(mapping.place_of("cpus"), over_cap("cpus", format_cpus(*settings.cpus_milli),
                                                  format_cpus(policy.max_cpus_milli)));
  }
  settings.memory_bytes =
      mapping.size_bytes("memory", {limits::kMemoryMinBytes, limits::kMemoryMaxBytes});
  if (settings.memory_bytes && is_over(*settings.memory_bytes, policy.max_memory_bytes)) {
    values.add(mapping.place_of("memory"), over_cap("memory", format_size(*settings.memory_bytes),
                                                    format_size(policy.max_memory_bytes)));
  }
  settings.pids = mapping.integer("pids", {1, limits::kPidsMax});
  if (settings.pids && is_over(*settings.pids, policy.max_pids)) {
    values.add(mapping.place_of("pids"),
               over_cap("pids", std::to_string(*settings.pids), std::to_string(policy.max_pids)));
  }
  settings.timeout_ms = mapping.duration_ms("timeout", {1, limits::kTimeoutMaxMs});
  if (settings.timeout_ms && is_over(*settings.timeout_ms, policy.max_timeout_ms)) {
    values.add(mapping.place_of("timeout"),
               over_cap("timeout", format_exact_duration(*settings.timeout_ms),
                        format_exact_duration(policy.max_timeout_ms)));
  }
}

std::optional<RetryOn> read_retry_on(MappingReader& mapping) {
  const YamlNode* node = mapping.find("on");
  if (node == nullptr) return std::nullopt;
  const auto words = mapping.texts("on", limits::kNameBytes);
  if (node->kind == YamlNode::Kind::kSequence && node->items.empty()) {
    mapping.values().add(node->place,
                         "'on' is an empty list, so nothing would be tried again; "
                         "leave out 'retries' instead");
  }
  RetryOn on{false, false, false, false};
  for (const Placed<std::string>& word : words) {
    if (word.value == "failed") {
      on.failed = true;
    } else if (word.value == "timeout") {
      on.timeout = true;
    } else if (word.value == "oom") {
      on.oom = true;
    } else if (word.value == "lost") {
      on.lost = true;
    } else {
      mapping.values().add(word.place, "'on' takes " + listed(kRetryWords) + ", not " +
                                           quoted(word.value) +
                                           did_you_mean(word.value, kRetryWords));
    }
  }
  return on;
}

std::optional<std::uint32_t> read_backoff_percent(MappingReader& mapping) {
  const auto factor = mapping.number("backoff");
  if (!factor) return std::nullopt;
  constexpr double kMax = static_cast<double>(limits::kBackoffMaxPercent) / 100;
  if (*factor < 1 || *factor > kMax) {
    mapping.values().add(mapping.place_of("backoff"),
                         "'backoff' must be from 1 to " + std::to_string(static_cast<int>(kMax)) +
                             ", not " + quoted(mapping.find("backoff")->text));
    return std::nullopt;
  }
  return static_cast<std::uint32_t>(std::lround(*factor * 100));
}

RetrySettings read_retries(MappingReader& task) {
  RetrySettings settings;
  const YamlNode* node = task.find("retries");
  if (node == nullptr) return settings;
  settings.place = node->place;
  const Range limit_range{0, limits::kRetries};
  if (node->kind == YamlNode::Kind::kScalar) {
    const auto limit = task.values().integer(*node, "'retries'", limit_range);
    if (limit) settings.limit = static_cast<std::uint32_t>(*limit);
    return settings;
  }
  auto mapping = task.mapping("retries");
  if (!mapping) return settings;
  const auto limit = mapping->integer("limit", limit_range);
  if (limit) settings.limit = static_cast<std::uint32_t>(*limit);
  settings.delay_ms = mapping->duration_ms("delay", {0, limits::kTimeoutMaxMs});
  settings.backoff_percent = read_backoff_percent(*mapping);
  settings.max_delay_ms = mapping->duration_ms("max_delay", {0, limits::kTimeoutMaxMs});
  settings.on = read_retry_on(*mapping);
  return settings;
}

// Key by key: what the task does not say comes from `defaults`.
RetryPolicy resolve_retries(const RetrySettings& own, const RetrySettings& defaults,
                            ValueReader& values) {
  RetryPolicy policy;
  policy.limit = own.limit.value_or(defaults.limit.value_or(policy.limit));
  policy.delay_ms = own.delay_ms.value_or(defaults.delay_ms.value_or(policy.delay_ms));
  policy.backoff_percent =
      own.backoff_percent.value_or(defaults.backoff_percent.value_or(policy.backoff_percent));
  policy.on = own.on.value_or(defaults.on.value_or(policy.on));
  const auto max_delay_ms = own.max_delay_ms ? own.max_delay_ms : defaults.max_delay_ms;
  // The model's cap is for the model's delay: a longer delay that was asked for is meant.
  policy.max_delay_ms = max_delay_ms.value_or(std::max(policy.max_delay_ms, policy.delay_ms));
  if (policy.max_delay_ms < policy.delay_ms) {
    const bool is_own = own.max_delay_ms || own.delay_ms;
    values.add(is_own ? own.place : defaults.place,
               "'max_delay' (" + format_exact_duration(policy.max_delay_ms) +
                   ") is shorter than 'delay' (" + format_exact_duration(policy.delay_ms) + ")");
  }
  return policy;
}

void check_image(const Placed<std::string>& image, const HostConfig& host, ValueReader& values) {
  if (!is_image_reference(image.value)) {
    values.add(image.place,
               quoted(image.value) + " is not an image reference ([registry/]name[:tag][@digest])");
  } else if (!image_is_allowed(host.policy.images, image.value)) {
    values.add(image.place, "image " + quoted(image.value) +
                                " is not allowed on this host; add it, or a pattern such as " +
                                quoted(image_pattern_for(image.value)) + ", to policy.images in " +
                                host_file(host));
  }
}

void check_network(const std::string& network, Place place, const HostConfig& host,
                   ValueReader& values) {
  const std::vector<std::string>& allowed = host.policy.networks;
  if (network == "none" || std::find(allowed.begin(), allowed.end(), network) != allowed.end()) {
    return;
  }
  const std::vector<std::string_view> words(allowed.begin(), allowed.end());
  values.add(place, "network " + quoted(network) +
                        " is not allowed on this host (policy.networks in " + host_file(host) +
                        " names " + (words.empty() ? "none" : listed(words)) + ")" +
                        did_you_mean(network, words));
}

}  // namespace

TaskSettings read_task_settings(MappingReader& mapping, const HostConfig& host) {
  TaskSettings settings;
  ValueReader& values = mapping.values();
  if (auto image = mapping.filled_text("image", limits::kImageBytes)) {
    settings.image = Placed<std::string>{std::move(*image), mapping.place_of("image")};
    check_image(*settings.image, host, values);
  }
  read_caps(mapping, host.policy, settings);
  settings.network = mapping.filled_text("network", limits::kTitleBytes);
  if (settings.network) {
    check_network(*settings.network, mapping.place_of("network"), host, values);
  }
  settings.user = mapping.filled_text("user", limits::kUserBytes);
  if (settings.user && !is_user(*settings.user)) {
    values.add(mapping.place_of("user"),
               quoted(*settings.user) + " is not a user: a name or number, or user:group");
  }
  settings.read_only = mapping.boolean("read_only");
  settings.retries = read_retries(mapping);
  if (const YamlNode* env = mapping.find("env")) settings.env = read_variables(values, *env);
  return settings;
}

void apply_task_settings(const TaskSettings& own, const TaskSettings& defaults,
                         const Variables& pipeline_env, const HostConfig& host, Place place,
                         ValueReader& values, Task& task) {
  const HostPolicy& policy = host.policy;
  if (own.image || defaults.image) {
    task.image = (own.image ? own.image : defaults.image)->value;
  } else if (!policy.default_image.empty()) {
    task.image = policy.default_image;
    check_image({task.image, place}, host, values);
  } else {
    values.add(place,
               "the task has no image: give it one, or set defaults.image here or "
               "policy.default_image in " +
                   host_file(host));
  }
  const auto pick = [](const auto& first, const auto& second, auto otherwise) {
    return first ? *first : second ? *second : otherwise;
  };
  task.cpus_milli =
      pick(own.cpus_milli, defaults.cpus_milli, capped(task.cpus_milli, policy.max_cpus_milli));
  task.memory_bytes = pick(own.memory_bytes, defaults.memory_bytes,
                           capped(task.memory_bytes, policy.max_memory_bytes));
  task.pids = pick(own.pids, defaults.pids, capped(task.pids, policy.max_pids));
  task.timeout_ms =
      pick(own.timeout_ms, defaults.timeout_ms, capped(task.timeout_ms, policy.max_timeout_ms));
  task.network = pick(own.network, defaults.network, task.network);
  task.user = pick(own.user, defaults.user, task.user);
  task.read_only = pick(own.read_only, defaults.read_only, task.read_only);
  task.retries = resolve_retries(own.retries, defaults.retries, values);
  task.env = pipeline_env;
  overlay(task.env, defaults.env);
  overlay(task.env, own.env);
  if (task.env.size() > limits::kEnvVariables) {
    values.add(place, "the task has " + std::to_string(task.env.size()) +
                          " environment variables together with those of the pipeline; at most " +
                          std::to_string(limits::kEnvVariables) + " are allowed");
  }
}

}  // namespace pawl::config
