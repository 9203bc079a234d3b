// The hardening that is the same for every container lives here and nowhere
// else, so that no caller can forget or weaken it.
#include "docker/create_request.h"

#include <utility>

#include "model/limits.h"

namespace pawl {
namespace {

// When the host runs out of memory, a task goes before the engine and the
// agent.
constexpr int kOomScoreAdjust = 500;
constexpr std::int64_t kNanoCpusPerMilli = 1'000'000;

template <typename Strings>
Json strings(const Strings& values) {
  Json array = Json::array();
  for (const auto& value : values) array.push(Json(value));
  return array;
}

// The engine's own copy of the output: read live, and again after a restart of
// the agent. Bounded, or a task that prints without end fills the engine's
// disk; see limits.h for the size.
Json log_config() {
  Json config = Json::object();
  config.set("max-size", std::to_string(limits::kEngineLogFileBytes));
  config.set("max-file", std::to_string(limits::kEngineLogFiles));
  return Json::object().set("Type", "json-file").set("Config", std::move(config));
}

Json volume_options(const Mount& mount) {
  Json labels = Json::object();
  for (const auto& [name, value] : mount.labels) labels.set(name, value);
  Json options = Json::object();
  options.set("NoCopy", !mount.copy_from_image);
  options.set("Labels", std::move(labels));
  if (mount.max_bytes > 0) {
    Json driver = Json::object().set("size", std::to_string(mount.max_bytes));
    options.set("DriverConfig",
                Json::object().set("Name", "local").set("Options", std::move(driver)));
  }
  return options;
}

// The long form: with the short one ("Binds") the engine makes a directory where a source is missing, and
// splits paths at their colons.
Json mounts(const std::vector<Mount>& wanted) {
  Json array = Json::array();
  for (const Mount& mount : wanted) {
    const bool volume = mount.kind == Mount::Kind::kVolume;
    Json json = Json::object();
    json.set("Type", volume ? "volume" : "bind");
    json.set("Source", mount.source);
    json.set("Target", mount.target);
    json.set("ReadOnly", mount.read_only);
    if (volume) {
      json.set("VolumeOptions", volume_options(mount));
    }
    array.push(std::move(json));
  }
  return array;
}

Json host_config(const ContainerSpec& spec) {
  Json host = Json::object();
  host.set("NetworkMode",
           spec.join_network.empty() ? spec.network : "container:" + spec.join_network);
  host.set("Memory", spec.memory_bytes);
  host.set("MemorySwap",
           spec.memory_bytes);  // memory and swap together: no swap
  host.set("NanoCpus", spec.cpus_milli * kNanoCpusPerMilli);
  host.set("PidsLimit", spec.pids);
  host.set("ReadonlyRootfs", spec.read_only);
  host.set("Privileged", spec.privileged);
  host.set("CapDrop", strings(std::initializer_list<const char*>{"ALL"}));
  if (!spec.cap_add.empty()) host.set("CapAdd", strings(spec.cap_add));
  host.set("SecurityOpt", strings(std::initializer_list<const char*>{"no-new-privileges"}));
  host.set("IpcMode", "private");
  host.set("Init", true);
  host.set("Tmpfs", Json::object().set("/tmp", "rw,noexec,nosuid,nodev,size=64m"));
  host.set("Mounts", mounts(spec.mounts));
  host.set("RestartPolicy", Json::object().set("Name", "no"));
  // It goes only after its exit and its output are committed.
  host.set("AutoRemove", false);
  host.set("OomScoreAdj", kOomScoreAdjust);
  host.set("LogConfig", log_config());
  return host;
}

}  // namespace

Json create_request(const ContainerSpec& spec) {
  Json labels = Json::object();
  for (const auto& [name, value] : spec.labels) labels.set(name, value);
  Json env = Json::array();
  for (const auto& [name, value] : spec.env) env.push(name + "=" + value);

  Json request = Json::object();
  request.set("Image", spec.image);
  if (!spec.command.empty()) {
    // An entry point of the image would get the command as arguments. [""] is
    // the API's way to say none.
    request.set("Entrypoint", strings(std::initializer_list<const char*>{""}));
    request.set("Cmd", strings(spec.command));
  }
  request.set("Env", std::move(env));
  request.set("User", spec.user);
  request.set("WorkingDir", "/workspace");
  request.set("Labels", std::move(labels));
  request.set("Tty", false);
  request.set("OpenStdin", false);
  request.set("NetworkDisabled", false);
  // An image's own health check would be one more process, run by the engine
  // for nobody.
  request.set("Healthcheck",
              Json::object().set("Test", strings(std::initializer_list<const char*>{"NONE"})));
  request.set("HostConfig", host_config(spec));
  return request;
}

}  // namespace pawl
