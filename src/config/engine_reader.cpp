// An engine is root on its host: whoever can reach it has that host. Hence no plain tcp, and no half of a TLS
// configuration that silently falls back to one.
#include "config/engine_reader.h"

#include <unistd.h>

#include <array>

#include "config/listen_address.h"
#include "config/source_reader.h"
#include "config/wording.h"
#include "model/paths.h"

namespace pawl::config {
namespace {

constexpr std::string_view kUnixScheme = "unix://";
constexpr std::string_view kTcpScheme = "tcp://";
constexpr const char* kDefaultHost = "unix:///var/run/docker.sock";

bool is_tcp(const std::string& host) { return host.starts_with(kTcpScheme); }

bool has_tls(const EngineConfig& engine) { return !engine.ca_file.empty(); }

// The first of the places where Docker's users and systemd's keep it; empty: nowhere.
std::string credentials_of(const HostEnvironment& environment) {
  const std::string& home = environment.home;
  const std::array<std::string, 3> candidates = {
      environment.credentials_directory.empty()
          ? ""
          : environment.credentials_directory + "/registries.json",
      environment.docker_config.empty() ? "" : environment.docker_config + "/config.json",
      home.empty() ? "" : home + "/.docker/config.json"};
  for (const std::string& candidate : candidates) {
    if (is_plain_path(candidate) && access(candidate.c_str(), F_OK) == 0) return candidate;
  }
  return {};
}

// docker(1): any value but an empty one.
void take_tls(const HostEnvironment& environment, EngineConfig& engine) {
  std::string directory = environment.docker_cert_path;
  if (directory.empty() && !environment.home.empty()) directory = environment.home + "/.docker";
  if (environment.docker_tls_verify.empty() || directory.empty()) return;
  engine.ca_file = directory + "/ca.pem";
  engine.cert_file = directory + "/cert.pem";
  engine.key_file = directory + "/key.pem";
}

// Behind the host in a message; empty: it is right.
std::string why_no_host(std::string_view host) {
  if (host.starts_with(kUnixScheme)) {
    host.remove_prefix(kUnixScheme.size());
    if (is_plain_path(host) && host.size() <= limits::kSocketPathBytes) return {};
    return " needs a socket's absolute path of at most " +
           std::to_string(limits::kSocketPathBytes) + " bytes";
  }
  if (host.starts_with(kTcpScheme)) {
    const auto address = parse_listen_address(host.substr(kTcpScheme.size()));
    if (address && address->port != 0) return {};
    return " needs a host and a port, such as tcp://engine.example.net:2376";
  }
  return " is no engine's address; write unix:// and the path of its socket, or "
         "tcp://engine.example.net:2376 and 'tls'";
}

void check_environment(ValueReader& values, const EngineConfig& engine) {
  const std::string host = "$DOCKER_HOST " + quoted(engine.host);
  if (std::string why = why_no_host(engine.host); !why.empty()) {
    values.add({}, host + why);
  } else if (is_tcp(engine.host) && !has_tls(engine)) {
    values.add({}, host +
                       " needs TLS, or whoever reaches it is root there: set DOCKER_TLS_VERIFY "
                       "and DOCKER_CERT_PATH, or write engine.host and engine.tls");
  }
}

void read_path(MappingReader& mapping, std::string_view key, std::string& target) {
  auto path = mapping.filled_text(key, limits::kPathBytes);
  if (path && check_plain(mapping.values(), key, *path, mapping.place_of(key))) {
    target = std::move(*path);
  }
}

void read_type(MappingReader& mapping, EngineConfig& engine) {
  const YamlNode* node = mapping.find("type");
  if (node != nullptr && node->text == "podman") {
    mapping.values().add(node->place,
                         "Podman is 'type: docker' with Podman's socket as 'host', such as "
                         "unix:///run/podman/podman.sock");
  } else if (auto type = mapping.word("type")) {
    engine.type = std::move(*type);
  }
}

// An engine of plain processes has none of it.
void refuse_containers_keys(MappingReader& mapping) {
  for (std::string_view key : {"host", "tls", "credentials_file", "image_directory", "sandbox"}) {
    if (mapping.find(key) == nullptr) continue;
    mapping.values().add(mapping.place_of_key(key),
                         "'" + std::string(key) +
                             "' is for type: docker; plain processes have no "
                             "images, networks or daemon");
  }
}

void read_tls(MappingReader& mapping, EngineConfig& engine) {
  auto tls = mapping.mapping("tls");
  if (!tls) return;
  if (!is_tcp(engine.host)) {
    mapping.values().add(mapping.place_of_key("tls"), "'tls' is for a host of tcp:// only");
  }
  for (const auto& [key, member] : {std::pair{"ca_file", &EngineConfig::ca_file},
                                    std::pair{"cert_file", &EngineConfig::cert_file},
                                    std::pair{"key_file", &EngineConfig::key_file}}) {
    tls->require(key);
    read_path(*tls, key, engine.*member);
  }
}

// The environment's host and TLS files belong together.
void read_host(MappingReader& mapping, EngineConfig& engine) {
  auto host = mapping.filled_text("host", limits::kUrlBytes);
  if (!host) return read_tls(mapping, engine);
  engine.host = std::move(*host);
  engine.ca_file = engine.cert_file = engine.key_file = "";
  std::string why = why_no_host(engine.host);
  const bool is_right = why.empty();
  if (is_right && is_tcp(engine.host) && mapping.find("tls") == nullptr) {
    why = " needs 'tls' with ca_file, cert_file and key_file, or whoever reaches it is root there";
  }
  if (!why.empty()) {
    mapping.values().add(mapping.place_of("host"), "'host' " + quoted(engine.host) + why);
  }
  if (is_right) read_tls(mapping, engine);
}

}  // namespace

EngineConfig default_engine(const HostEnvironment& environment) {
  EngineConfig engine;
  engine.host = environment.docker_host.empty() ? kDefaultHost : environment.docker_host;
  if (is_tcp(engine.host)) take_tls(environment, engine);
  engine.credentials_file = credentials_of(environment);
  return engine;
}

void read_engine(MappingReader& host_config, const HostEnvironment& environment,
                 HostConfig& config) {
  EngineConfig& engine = config.engine;
  auto mapping = host_config.mapping("engine");
  if (mapping) read_type(*mapping, engine);
  const bool is_process = engine.type == "process";
  if (is_process) {
    refuse_containers_keys(*mapping);
    engine.host = engine.ca_file = engine.cert_file = engine.key_file = "";
    engine.credentials_file = "";
  } else if (mapping) {
    read_host(*mapping, engine);
    read_path(*mapping, "credentials_file", engine.credentials_file);
    read_path(*mapping, "image_directory", engine.image_directory);
    if (const auto sandbox = mapping->word("sandbox")) engine.sandbox_per_run = *sandbox == "run";
  }
  const bool is_host_given = mapping && mapping->find("host") != nullptr;
  if (!is_process && !is_host_given && !environment.docker_host.empty()) {
    check_environment(host_config.values(), engine);
  }
  if (!mapping) return;
  const auto caps = mapping->word("caps");
  engine.best_effort_caps = caps == "best_effort";
  if (engine.best_effort_caps && !is_process) {
    mapping->values().add(mapping->place_of("caps"),
                          "'caps: best_effort' is for type: process only; the others enforce them");
  }
}

}  // namespace pawl::config
