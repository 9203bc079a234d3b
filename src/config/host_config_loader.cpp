// The same tree and readers as for pipelines. Where the file is silent, what systemd and Docker set
// in the environment comes before the built-in default; the file always wins.
#include "config/host_config_loader.h"

#include <unistd.h>

#include <array>
#include <cstdlib>
#include <limits>

#include "base/file.h"
#include "config/caps_reader.h"
#include "config/engine_reader.h"
#include "config/host_keys.h"
#include "config/listen_address.h"
#include "config/names.h"
#include "config/policy_reader.h"
#include "config/problem_list.h"
#include "config/reader.h"
#include "config/source_reader.h"
#include "config/wording.h"
#include "config/yaml_parser.h"

namespace pawl {
namespace {

using config::MappingReader;
using config::Place;
using config::quoted;
using config::ValueReader;

constexpr const char* kSocketName = "/pawl.sock";
constexpr const char* kImageDirectory = "/images";
constexpr std::int64_t kKeepAgeMaxMs = 366LL * 24 * 3600 * 1000;  // as durations go (base/time.h)
constexpr std::int64_t kKeepRunsMax = std::numeric_limits<std::uint32_t>::max();

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// systemd.exec(5): several directories are separated by colons; the first is the one to use.
std::string first_directory(const std::string& directories) {
  return directories.substr(0, directories.find(':'));
}

HostConfig defaults(const HostEnvironment& environment) {
  HostConfig config;
  config.host_name = environment.host_name;
  config.engine = config::default_engine(environment);
  if (!environment.state_directory.empty()) {
    config.state_directory = first_directory(environment.state_directory);
  }
  if (!environment.runtime_directory.empty()) {
    config.http_socket = first_directory(environment.runtime_directory) + kSocketName;
  }
  if (!environment.credentials_directory.empty()) {
    config.secrets_directory = environment.credentials_directory;
  }
  return config;
}

// Sets `target` where the key is given and its path is absolute.
void read_path(MappingReader& mapping, std::string_view key, std::string& target,
               std::size_t max_bytes = limits::kPathBytes) {
  auto path = mapping.filled_text(key, max_bytes);
  if (path && config::check_absolute(mapping.values(), key, *path, mapping.place_of(key))) {
    target = std::move(*path);
  }
}

void read_labels(MappingReader& host, HostConfig& config) {
  const config::YamlNode* node = host.find("labels");
  if (node == nullptr || !host.values().is_mapping(*node, "'labels'")) return;
  if (node->entries.size() > limits::kLabels) {
    return host.values().add(
        node->place, "'labels' has more than " + std::to_string(limits::kLabels) + " labels");
  }
  for (const auto& entry : node->entries) {
    if (!is_valid_name(entry.key)) {
      host.values().add(entry.key_place, quoted(entry.key) + " is not a label's name (" +
                                             std::string(config::kNameRule) + ")");
    }
    auto value =
        host.values().text(*entry.value, "label " + quoted(entry.key), limits::kTitleBytes);
    if (value) config.labels[entry.key] = std::move(*value);
  }
}

void read_host(MappingReader& root, HostConfig& config) {
  auto host = root.mapping("host");
  if (!host) return;
  if (auto name = host->filled_text("name", limits::kHostNameBytes)) {
    if (!config::is_host_name(*name)) {
      host->values().add(host->place_of("name"),
                         quoted(*name) + " is not a host's name: letters, digits, '-' and '.'");
    }
    config.host_name = std::move(*name);
  }
  read_labels(*host, config);
  if (auto zone_name = host->filled_text("timezone", limits::kTitleBytes)) {
    Result<Zone> zone = Zone::load(*zone_name);
    if (zone) {
      config.zone = *zone;
      config.timezone = std::move(*zone_name);
    } else {
      host->values().add(host->place_of("timezone"),
                         "unknown timezone " + quoted(*zone_name) +
                             "; write a name of the IANA database such as Europe/Berlin");
    }
  }
}

std::optional<config::ListenAddress> read_listen(MappingReader& mapping, std::string& target) {
  if (auto text = mapping.filled_text("listen", limits::kTitleBytes)) {
    if (!config::parse_listen_address(*text)) {
      mapping.values().add(
          mapping.place_of("listen"),
          quoted(*text) + " is not host:port, such as 127.0.0.1:7433 or [::1]:7433");
      return std::nullopt;
    }
    target = std::move(*text);
  }
  return config::parse_listen_address(target);
}

void read_listeners(MappingReader& root, HostConfig& config) {
  if (auto http = root.mapping("http")) {
    const auto address = read_listen(*http, config.http_listen);
    if (address && !config::is_loopback(*address)) {
      http->values().add(
          http->place_of("listen"),
          "the page and the API have no users in this version of pawl, so they listen "
          "on 127.0.0.1, [::1] or localhost only, not on " +
              quoted(address->host));
    }
    read_path(*http, "socket", config.http_socket, limits::kSocketPathBytes);
  }
  if (auto webhooks = root.mapping("webhooks")) {
    (void)read_listen(*webhooks, config.webhooks_listen);
    config.webhook_max_body_bytes =
        webhooks
            ->size_bytes("max_body", {limits::kWebhookBodyMinBytes,
                                      static_cast<std::int64_t>(limits::kWebhookBodyBytes)})
            .value_or(config.webhook_max_body_bytes);
  }
  const auto http = config::parse_listen_address(config.http_listen);
  const auto webhooks = config::parse_listen_address(config.webhooks_listen);
  if (http && webhooks && http->port == webhooks->port && http->port != 0 &&
      http->host == webhooks->host) {
    const Place place = root.place_of(root.find("webhooks") == nullptr ? "http" : "webhooks");
    root.values().add(place, "http.listen and webhooks.listen are both " +
                                 quoted(config.http_listen) + "; each needs a port of its own");
  }
}

void read_keep(MappingReader& state, HostConfig& config) {
  auto keep = state.mapping("keep");
  if (!keep) return;
  config.keep_age_ms = keep->duration_ms("age", {0, kKeepAgeMaxMs}).value_or(config.keep_age_ms);
  const auto runs = keep->integer("runs_per_pipeline", {0, kKeepRunsMax});
  if (runs) config.keep_runs_per_pipeline = static_cast<std::uint32_t>(*runs);
}

void read_state(MappingReader& root, HostConfig& config) {
  if (auto secrets = root.mapping("secrets")) {
    read_path(*secrets, "directory", config.secrets_directory);
  }
  auto state = root.mapping("state");
  if (!state) return;
  read_path(*state, "directory", config.state_directory);
  config.state_max_bytes =
      state
          ->size_bytes("max_size", {limits::kStoreMapMinBytes,
                                    static_cast<std::int64_t>(limits::kStoreMapBytes)})
          .value_or(config.state_max_bytes);
  config.log_limit_bytes =
      state->size_bytes("log_limit", {limits::kLogLimitMinBytes, limits::kLogLimitBytes})
          .value_or(config.log_limit_bytes);
  read_keep(*state, config);
}

// After the policy, which caps them.
void read_defaults(MappingReader& root, HostConfig& config) {
  auto mapping = root.mapping("defaults");
  if (!mapping) return;
  const config::Caps caps = config::read_caps(*mapping, config);
  config.defaults = {caps.cpus_milli.value_or(0), caps.memory_bytes.value_or(0),
                     caps.pids.value_or(0), caps.timeout_ms.value_or(0)};
}

void read_auth(MappingReader& root) {
  auto auth = root.mapping("auth");
  if (!auth) return;
  const auto mode = auth->filled_text("mode", limits::kTitleBytes);
  if (mode && *mode != "local") {
    auth->values().add(
        auth->place_of("mode"),
        "auth mode " + quoted(*mode) + " is not supported by this version of pawl; only local is");
  }
}

void read_config(ValueReader& values, const config::YamlNode& document,
                 const HostEnvironment& environment, HostConfig& config) {
  MappingReader root(values, document, config::kHostConfigKeys, "the host config");
  if (document.kind != config::YamlNode::Kind::kMapping) return;
  read_host(root, config);
  config.sources = config::read_sources(root);
  config::read_engine(root, environment, config);
  const auto workers = root.integer("workers", {1, limits::kWorkersMax});
  if (workers) config.workers = static_cast<std::uint32_t>(*workers);
  config::read_policy(root, config);
  read_defaults(root, config);
  read_state(root, config);
  if (config.engine.image_directory.empty() && config.engine.type == "docker") {
    config.engine.image_directory = config.state_directory + kImageDirectory;
  }
  read_listeners(root, config);
  read_auth(root);
}

}  // namespace

HostEnvironment read_host_environment() {
  HostEnvironment environment;
  std::array<char, limits::kHostNameBytes + 1> name{};
  if (gethostname(name.data(), name.size() - 1) == 0) environment.host_name = name.data();
  environment.state_directory = environment_variable("STATE_DIRECTORY");
  environment.runtime_directory = environment_variable("RUNTIME_DIRECTORY");
  environment.credentials_directory = environment_variable("CREDENTIALS_DIRECTORY");
  environment.docker_host = environment_variable("DOCKER_HOST");
  environment.docker_tls_verify = environment_variable("DOCKER_TLS_VERIFY");
  environment.docker_cert_path = environment_variable("DOCKER_CERT_PATH");
  environment.docker_config = environment_variable("DOCKER_CONFIG");
  environment.home = environment_variable("HOME");
  return environment;
}

HostConfigResult parse_host_config(std::string_view text, const std::string& file,
                                   const HostEnvironment& environment) {
  config::ProblemList problems(file);
  HostConfigResult result;
  result.config = defaults(environment);
  result.config.file = file;
  const config::YamlFile yaml = config::parse_yaml(text, limits::kHostConfigBytes, problems);
  ValueReader values(problems, /*refuse_expressions=*/false);
  config::YamlNode nothing;
  nothing.kind = config::YamlNode::Kind::kMapping;
  nothing.place = {1, 1};
  // An empty file, or one with comments only, is a config that is silent on everything.
  const bool is_silent =
      yaml.documents.empty() || yaml.documents.front()->kind == config::YamlNode::Kind::kNull;
  read_config(values, is_silent ? nothing : *yaml.documents.front(), environment, result.config);
  if (yaml.documents.size() > 1) {
    problems.add(yaml.documents[1]->place, "a host config has one document; '---' starts a second");
  }
  result.problems = problems.take();
  return result;
}

HostConfigResult load_host_config(const std::string& path, const HostEnvironment& environment) {
  Result<std::string> text = read_file(path, limits::kHostConfigBytes);
  if (text) return parse_host_config(*text, path, environment);
  HostConfigResult result;
  result.config = defaults(environment);
  result.config.file = path;
  result.problems.push_back({path, 0, 0, text.error().message});
  return result;
}

}  // namespace pawl
