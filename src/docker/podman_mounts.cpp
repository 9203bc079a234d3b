#include "docker/podman_mounts.h"

#include <filesystem>
#include <string>
#include <system_error>
#include <utility>

#include "base/json.h"
#include "model/limits.h"

namespace pawl {
namespace {

// Of one that is there already it changes nothing.
Result<void> make_volume(EngineClient& client, const Mount& mount, const std::stop_token& stop) {
  Json labels = Json::object();
  for (const auto& [name, value] : mount.labels) labels.set(name, value);
  Json volume = Json::object();
  volume.set("Name", mount.source).set("Driver", "local").set("Labels", std::move(labels));
  if (mount.max_bytes > 0) {
    volume.set("DriverOpts", Json::object().set("o", "size=" + std::to_string(mount.max_bytes)));
  }
  HttpRequest request;
  request.method = "POST";
  request.target = "/volumes/create";
  request.body = volume.dump();
  request.total_ms = limits::kEngineCallMs;
  const auto made = client.call(std::move(request), stop);
  return made ? Result<void>() : Result<void>(made.error());
}

}  // namespace

Result<void> prepare_podman_mounts(EngineClient& client, const ContainerSpec& spec,
                                   const std::stop_token& stop) {
  for (const Mount& mount : spec.mounts) {
    std::error_code unknown;
    const bool is_file = mount.kind == Mount::Kind::kBind;
    if (is_file && !std::filesystem::exists(mount.source, unknown)) {
      return Error{ErrorKind::kInvalid, "bind source path does not exist: " + mount.source, {}};
    }
  }
  for (const Mount& mount : spec.mounts) {
    if (mount.kind == Mount::Kind::kVolume) PAWL_CHECK(make_volume(client, mount, stop));
  }
  return {};
}

}  // namespace pawl
