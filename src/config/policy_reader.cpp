#include "config/policy_reader.h"

#include <algorithm>
#include <array>

#include "config/names.h"
#include "config/wording.h"
#include "model/image_policy.h"

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
      mapping.values().add(network.place,
                           "the network 'host' is not supported by this version of pawl: it would "
                           "undo a task's isolation");
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
}

}  // namespace

void read_policy(MappingReader& host_config, HostPolicy& policy) {
  auto mapping = host_config.mapping("policy");
  if (!mapping) return;
  read_images(*mapping, policy);
  if (const auto pull = mapping->word("pull", kPullWords)) policy.pull = *pull;
  read_networks(*mapping, policy);
  if (auto max = mapping->mapping("max")) read_caps(*max, policy);
  read_default_image(*mapping, policy);
  if (policy.images.size() > limits::kPolicyEntries ||
      policy.networks.size() > limits::kPolicyEntries) {
    mapping->values().add(mapping->place(), "a policy names at most " +
                                                std::to_string(limits::kPolicyEntries) +
                                                " images and as many networks");
  }
}

}  // namespace pawl::config
