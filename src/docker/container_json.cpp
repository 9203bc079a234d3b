#include "docker/container_json.h"

#include <algorithm>
#include <array>
#include <limits>

#include "base/time.h"
#include "model/limits.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

constexpr std::string_view kJoins = "container:";
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kNanoCpusPerMilli = 1'000'000;

Error corrupt(const char* what) {
  return Error{ErrorKind::kCorrupt, std::string("the engine's answer has no ") + what, {}};
}

// "0001-01-01T00:00:00Z" is Go's zero time.
WallTime time_of(const Json& json) { return parse_rfc3339(json.as_string()).value_or(WallTime{}); }

std::map<std::string, std::string> labels_of(const Json& json) {
  std::map<std::string, std::string> labels;
  for (const auto& [name, value] : json.members()) labels[name] = value.as_string();
  return labels;
}

// "initialized" and "stopping" are Podman's: not started yet, and asked to end, which it may take its time for.
Phase phase_of(const std::string& status) {
  if (status == "created" || status == "initialized") return Phase::kCreated;
  const bool lives =
      status == "running" || status == "paused" || status == "restarting" || status == "stopping";
  return lives ? Phase::kRunning : Phase::kExited;
}

std::int32_t exit_code_of(const Json& json) {
  using Code = std::numeric_limits<std::int32_t>;
  return static_cast<std::int32_t>(
      std::clamp<std::int64_t>(json.as_integer(), Code::min(), Code::max()));
}

}  // namespace

Result<ContainerState> parse_container_state(const Json& json) {
  const Json& state = json["State"];
  if (!json["Id"].is_string() || !state["Status"].is_string()) return corrupt("container's state");
  ContainerState result;
  result.id = json["Id"].as_string();
  result.phase = phase_of(state["Status"].as_string());
  result.exit_code = exit_code_of(state["ExitCode"]);
  result.oom_killed = state["OOMKilled"].as_bool();
  result.error = state["Error"].as_string().substr(0, limits::kEngineMessageBytes);
  result.started_at = time_of(state["StartedAt"]);
  result.ended_at = time_of(state["FinishedAt"]);
  result.labels = labels_of(json["Config"]["Labels"]);
  return result;
}

Result<std::vector<ContainerSummary>> parse_container_list(const Json& json) {
  if (!json.is_array()) return corrupt("list of containers");
  std::vector<ContainerSummary> result;
  for (const Json& item : json.items()) {
    if (!item["Id"].is_string()) return corrupt("container's id");
    ContainerSummary summary;
    summary.id = item["Id"].as_string();
    // A container that others link to has their aliases ("/other/alias")
    // besides its own name.
    for (const Json& name : item["Names"].items()) {
      const std::string& text = name.as_string();
      if (text.rfind('/') == 0) summary.name = text.substr(1);
    }
    summary.labels = labels_of(item["Labels"]);
    summary.image = item["Image"].as_string();
    summary.running = phase_of(item["State"].as_string()) == Phase::kRunning;
    summary.join_network = joined_network(item);
    for (const Json& mount : item["Mounts"].items()) {
      if (mount["Type"].as_string() == "volume") {
        summary.volumes.push_back(mount["Name"].as_string());
      }
    }
    result.push_back(std::move(summary));
  }
  return result;
}

std::string joined_network(const Json& json) {
  const std::string& network = json["HostConfig"]["NetworkMode"].as_string();
  return network.starts_with(kJoins) ? network.substr(kJoins.size()) : std::string();
}

Result<ResourceUsage> parse_usage(std::string_view text) {
  const Error idle{ErrorKind::kConflict, "the container does not run", {}};
  if (text.find_first_not_of(" \r\n") == std::string_view::npos) return idle;
  const auto parsed = Json::parse(text);
  if (!parsed && parsed.error().kind == ErrorKind::kExhausted) return parsed.error();
  if (!parsed || !parsed->is_object()) return corrupt("container's use of the host");
  const Json& json = *parsed;
  // Of a container that does not run there is a description with nothing in it.
  const std::int64_t cpu_ns = json["cpu_stats"]["cpu_usage"]["total_usage"].as_integer();
  if (cpu_ns <= 0) return idle;
  const Json& memory = json["memory_stats"];
  ResourceUsage usage;
  usage.cpu_ms = cpu_ns / kNsPerMs;
  usage.throttled_ms =
      json["cpu_stats"]["throttling_data"]["throttled_time"].as_integer() / kNsPerMs;
  // Only control groups of version 1 tell the engine of a peak.
  usage.peak_memory_bytes =
      std::max(memory["max_usage"].as_integer(), memory["usage"].as_integer());
  return usage;
}

Result<std::vector<VolumeSummary>> parse_volume_list(const Json& json) {
  // An engine without any says null.
  const Json& volumes = json["Volumes"];
  if (!volumes.is_array() && !(json.is_object() && volumes.is_null())) {
    return corrupt("list of volumes");
  }
  std::vector<VolumeSummary> result;
  for (const Json& item : volumes.items()) {
    if (!item["Name"].is_string()) return corrupt("volume's name");
    result.push_back({item["Name"].as_string(), labels_of(item["Labels"])});
  }
  return result;
}

std::optional<bool> find_memory_kill(std::string_view events) {
  std::optional<bool> found;
  while (!events.empty()) {
    const std::string_view line = events.substr(0, events.find('\n'));
    events.remove_prefix(std::min(line.size() + 1, events.size()));
    const auto event = Json::parse(line);
    if (!event) continue;
    const std::string& action = (*event)["Action"].as_string();
    if (action == "oom") return true;
    if (action == "kill") found = false;
  }
  return found;
}

std::string find_dropped_cap(const Json& container, const ContainerSpec& spec) {
  const Json& host = container["HostConfig"];
  const auto kept = [](const Json& cap, std::int64_t wanted) {
    return wanted <= 0 || (cap.as_integer() > 0 && cap.as_integer() <= wanted);
  };
  if (!kept(host["Memory"], spec.memory_bytes)) return "memory";
  if (!kept(host["MemorySwap"], spec.memory_bytes)) return "swap";
  if (!kept(host["NanoCpus"], spec.cpus_milli * kNanoCpusPerMilli)) return "cpus";
  if (!kept(host["PidsLimit"], spec.pids)) return "processes";
  return {};
}

std::string find_cap_warning(const Json& warnings) {
  constexpr std::array<std::string_view, 4> kSigns = {"discarded", "not support", "without swap",
                                                      "cgroup"};
  for (const Json& warning : warnings.items()) {
    const std::string& text = warning.as_string();
    for (const std::string_view sign : kSigns) {
      if (text.find(sign) != std::string::npos) return text;
    }
  }
  return {};
}

}  // namespace pawl
