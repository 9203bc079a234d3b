#include "config/policy_reader.h"

#include <algorithm>
#include <array>

#include "config/host_access_reader.h"
#include "config/names.h"
#include "config/wording.h"
#include "model/image_policy.h"
#include "model/paths.h"
#include "model/task_policy.h"

namespace pawl::config {
namespace {

constexpr std::array<std::string_view, 3> kPullWords = {"always", "missing", "never"};
constexpr std::string_view kNoNetwork = "none";

bool is_image_pattern(std::string text) {
  std::replace(text.begin(), text.end(), '*', 'x');
  return is_image_reference(text);
}

void read_images(MappingReader& mapping, HostPolicy& policy) {
  for (Placed<std::string>& pattern : mapping.texts("images", limits::kImageBytes)) {
    if (is_image_pattern(pattern.value)) {
      policy.images.push_back(std::move(pattern.value));
    } else {
      mapping.values().add(pattern.place, quoted(pattern.value) +
                                              " is not a pattern of images such as alpine:* or "
                                              "registry.local/*");
    }
  }
}

void read_networks(MappingReader& mapping, HostPolicy& policy) {
  if (mapping.find("networks") == nullptr) return;
  // A task without a network asks for nothing.
  policy.networks = {std::string(kNoNetwork)};
  for (Placed<std::string>& network : mapping.texts("networks", limits::kTitleBytes)) {
    if (network.value == "host") {
      mapping.values().add(
          network.place, "the network 'host' cannot be allowed: it would undo a task's isolation");
    } else if (!is_network_name(network.value)) {
      mapping.values().add(network.place, quoted(network.value) + " is not the name of a network");
    } else if (network.value != kNoNetwork) {
      policy.networks.push_back(std::move(network.value));
    }
  }
}

void read_default_image(MappingReader& mapping, HostPolicy& policy) {
  auto image = mapping.filled_text("default_image", limits::kImageBytes);
  if (!image) return;
  if (!is_image_reference(*image)) {
    mapping.values().add(
        mapping.place_of("default_image"),
        quoted(*image) + " is not an image reference ([registry/]name[:tag][@digest])");
    return;
  }
  policy.default_image = std::move(*image);
  // The operator names it right here; asking for it twice would only be a trap.
  if (!image_is_allowed(policy.images, policy.default_image)) {
    policy.images.push_back(policy.default_image);
  }
  if (const auto refusal = refuse_image(policy, policy.default_image)) {
    mapping.values().add(mapping.place_of("default_image"), refusal->what);
  }
}

// The path of a unix socket; empty: the engine has none.
std::string_view socket_of(const EngineConfig& engine) {
  constexpr std::string_view kUnixScheme = "unix://";
  const std::string_view host = engine.host;
  return host.starts_with(kUnixScheme) ? host.substr(kUnixScheme.size()) : std::string_view();
}

// Why no task may have what is there; empty: it may.
std::string why_not_mountable(const AllowedMount& mount, std::string_view socket) {
  // A task could not name one with a colon.
  const bool has_colon = mount.path.find(':') != std::string::npos;
  if (has_colon || (mount.path != "/" && !is_plain_path(mount.path))) {
    return quoted(mount.path) +
           " is not a path of the host: absolute, without \".\", \"..\" and \"//\", and with "
           "\":rw\" behind it where tasks may write";
  }
  const bool is_socket = mount.path.ends_with(".sock") && holds_engine_socket(mount.path);
  // The judge knows the usual places of sockets, and keeps them out of what is allowed above them.
  const bool leads_to_socket =
      !socket.empty() && !holds_engine_socket(socket) && is_within(socket, mount.path);
  if (!is_socket && !leads_to_socket) return {};
  return quoted(mount.path) + " cannot be allowed: the container engine's socket" +
         (is_socket ? "" : " " + quoted(socket) + " (engine.host) is there, and it") +
         " is root on this host";
}

void read_mounts(MappingReader& mapping, const EngineConfig& engine, HostPolicy& policy) {
  for (const Placed<std::string>& text : mapping.texts("mounts", limits::kPathBytes)) {
    AllowedMount mount{text.value, text.value.ends_with(":rw")};
    if (mount.writable || mount.path.ends_with(":ro")) mount.path.resize(mount.path.size() - 3);
    std::string problem = why_not_mountable(mount, socket_of(engine));
    if (problem.empty()) {
      policy.mounts.push_back(std::move(mount));
    } else {
      mapping.values().add(text.place, std::move(problem));
    }
  }
}

void read_capabilities(MappingReader& mapping, HostPolicy& policy) {
  for (const Placed<std::string>& text : mapping.texts("cap_add", limits::kNameBytes)) {
    if (auto capability = read_capability(mapping.values(), text)) {
      policy.cap_add.push_back(std::move(*capability));
    }
  }
}

void read_caps(MappingReader& mapping, HostPolicy& policy) {
  policy.max_cpus_milli = mapping.cpus_milli("cpus").value_or(policy.max_cpus_milli);
  policy.max_memory_bytes =
      mapping.size_bytes("memory", {limits::kMemoryMinBytes, limits::kMemoryMaxBytes})
          .value_or(policy.max_memory_bytes);
  policy.max_pids = mapping.integer("pids", {1, limits::kPidsMax}).value_or(policy.max_pids);
  policy.max_timeout_ms =
      mapping.duration_ms("timeout", {1000, limits::kTimeoutMaxMs}).value_or(policy.max_timeout_ms);
  const auto tasks = mapping.integer("tasks", {1, static_cast<std::int64_t>(limits::kTasks)});
  if (tasks) policy.max_tasks = static_cast<std::uint32_t>(*tasks);
  policy.max_workspace_bytes =
      mapping.size_bytes("workspace", {limits::kMemoryMinBytes, limits::kMemoryMaxBytes})
          .value_or(policy.max_workspace_bytes);
}

}  // namespace

void read_policy(MappingReader& host_config, HostConfig& config) {
  auto mapping = host_config.mapping("policy");
  if (!mapping) return;
  HostPolicy& policy = config.policy;
  read_images(*mapping, policy);
  policy.require_digest = mapping->boolean("require_digest").value_or(policy.require_digest);
  if (const auto pull = mapping->word("pull", kPullWords)) policy.pull = *pull;
  read_networks(*mapping, policy);
  read_mounts(*mapping, config.engine, policy);
  policy.privileged = mapping->boolean("privileged").value_or(policy.privileged);
  read_capabilities(*mapping, policy);
  if (auto max = mapping->mapping("max")) read_caps(*max, policy);
  read_default_image(*mapping, policy);
  if (std::max({policy.images.size(), policy.networks.size(), policy.mounts.size(),
                policy.cap_add.size()}) > limits::kPolicyEntries) {
    mapping->values().add(mapping->place(), "a policy names at most " +
                                                std::to_string(limits::kPolicyEntries) +
                                                " images, networks, mounts and capabilities each");
  }
}

}  // namespace pawl::config
