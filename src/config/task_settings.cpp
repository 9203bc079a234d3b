#include "config/task_settings.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "config/names.h"
#include "config/secret_reader.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"

namespace pawl::config {
namespace {

std::string host_file(const HostConfig& host) {
  return host.file.empty() ? "the host config" : host.file;
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
      const auto known = mapping.words("on");
      mapping.values().add(word.place, "'on' takes " + listed(known) + ", not " +
                                           quoted(word.value) + did_you_mean(word.value, known));
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

void check_network(const std::string& network, Place place, const HostConfig& host,
                   ValueReader& values) {
  const auto refusal = refuse_network(host.policy, network);
  if (!refusal) return;
  const std::vector<std::string_view> words(host.policy.networks.begin(),
                                            host.policy.networks.end());
  values.refuse(place, refusal, host.file,
                refusal->key.empty() ? std::string() : values.did_you_mean(network, words));
}

void read_image(MappingReader& mapping, const HostConfig& host, ImageCheck& images,
                TaskSettings& settings) {
  const YamlNode* node = mapping.find("image");
  if (node == nullptr) return;
  const auto image =
      mapping.values().filled_text(*node, "'image'", limits::kImageBytes, Expressions::kTaken);
  if (!image) return;
  settings.image = node;
  if (image->find("${{") == std::string::npos) images.add(*image, node->place, host.policy);
}

// Of what comes together from pipeline, defaults and task.
void check_environment(const TaskDraft& draft, ValueReader& values) {
  if (draft.env.size() > limits::kEnvVariables) {
    values.add(draft.place, "the task has " + std::to_string(draft.env.size()) +
                                " environment variables together with those of the pipeline; at "
                                "most " +
                                std::to_string(limits::kEnvVariables) + " are allowed");
  }
  for (const SecretUse& secret : draft.task.secrets) {
    const auto same =
        std::find_if(draft.env.begin(), draft.env.end(),
                     [&](const Variable& variable) { return variable.name == secret.env; });
    if (same == draft.env.end()) continue;
    values.add(draft.place, "variable " + quoted(secret.env) +
                                " of the task is both in 'env' (line " +
                                std::to_string(same->value->place.line) + ") and a secret");
  }
}

// Likewise of secrets, mounts, and what is this host's alone.
void check_secrets(const TaskDraft& draft, const HostConfig& host, ValueReader& values) {
  for (const SecretUse& secret : draft.task.secrets) {
    // By its default it is among the secrets.
    if (host.secrets_directory + "/" + secret.name == host.engine.credentials_file) {
      values.add(draft.place, "secret " + quoted(secret.name) +
                                  " has the registries' credentials (engine.credentials_file), "
                                  "which are given to no task");
    }
    for (const HostMount& mount : draft.task.mounts) {
      std::string problem = why_no_target(mount.target, secret);
      if (!problem.empty()) values.add(draft.place, std::move(problem));
    }
  }
}

}  // namespace

TaskSettings read_task_settings(MappingReader& mapping, const HostConfig& host,
                                ImageCheck& images) {
  TaskSettings settings;
  ValueReader& values = mapping.values();
  read_image(mapping, host, images, settings);
  settings.caps = read_caps(mapping, host);
  settings.kill_grace_ms = mapping.duration_ms("kill_grace");
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
  settings.allow_failure = mapping.boolean("allow_failure");
  if (mapping.find("secrets") != nullptr) settings.secrets = read_secret_uses(mapping);
  settings.access = read_host_access(mapping, host);
  settings.retries = read_retries(mapping);
  if (const YamlNode* env = mapping.find("env")) settings.env = read_environment(values, *env);
  return settings;
}

void apply_task_settings(const TaskSettings& own, const TaskSettings& defaults,
                         const Environment& pipeline_env, const HostConfig& host,
                         ImageCheck& images, ValueReader& values, TaskDraft& draft) {
  const HostPolicy& policy = host.policy;
  Task& task = draft.task;
  draft.image = own.image != nullptr ? own.image : defaults.image;
  if (draft.image == nullptr && policy.default_image.empty()) {
    values.add(draft.place,
               "the task has no image: give it one, or set defaults.image here or "
               "policy.default_image in " +
                   host_file(host));
  } else if (draft.image == nullptr) {
    task.image = policy.default_image;
    images.add_default(task.image, draft.place, policy);
  }
  const auto pick = [](const auto& first, const auto& second, auto otherwise) {
    return first ? *first : second ? *second : otherwise;
  };
  // The host's default is checked against its own caps; the model's is not.
  const auto fallback = [](std::int64_t of_host, std::int64_t of_model, std::int64_t cap) {
    if (of_host > 0) return of_host;
    return cap > 0 ? std::min(of_model, cap) : of_model;
  };
  task.cpus_milli =
      pick(own.caps.cpus_milli, defaults.caps.cpus_milli,
           fallback(host.defaults.cpus_milli, task.cpus_milli, policy.max_cpus_milli));
  task.memory_bytes =
      pick(own.caps.memory_bytes, defaults.caps.memory_bytes,
           fallback(host.defaults.memory_bytes, task.memory_bytes, policy.max_memory_bytes));
  task.pids = pick(own.caps.pids, defaults.caps.pids,
                   fallback(host.defaults.pids, task.pids, policy.max_pids));
  task.timeout_ms =
      pick(own.caps.timeout_ms, defaults.caps.timeout_ms,
           fallback(host.defaults.timeout_ms, task.timeout_ms, policy.max_timeout_ms));
  task.kill_grace_ms = pick(own.kill_grace_ms, defaults.kill_grace_ms, task.kill_grace_ms);
  task.network = pick(own.network, defaults.network, task.network);
  task.user = pick(own.user, defaults.user, task.user);
  task.read_only = pick(own.read_only, defaults.read_only, task.read_only);
  task.allow_failure = pick(own.allow_failure, defaults.allow_failure, task.allow_failure);
  task.secrets = pick(own.secrets, defaults.secrets, std::vector<SecretUse>{});
  task.mounts = pick(own.access.mounts, defaults.access.mounts, std::vector<HostMount>{});
  task.cap_add = pick(own.access.cap_add, defaults.access.cap_add, std::vector<std::string>{});
  task.privileged = pick(own.access.privileged, defaults.access.privileged, false);
  task.retries = resolve_retries(own.retries, defaults.retries, values);
  draft.env = pipeline_env;
  overlay(draft.env, defaults.env);
  overlay(draft.env, own.env);
  check_environment(draft, values);
  check_secrets(draft, host, values);
}

}  // namespace pawl::config
