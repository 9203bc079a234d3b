#include "config/host_access_reader.h"

#include <algorithm>
#include <array>

#include "config/names.h"
#include "config/wording.h"
#include "model/paths.h"
#include "model/task_policy.h"

namespace pawl::config {
namespace {

// capabilities(7) of Linux 6.1.
constexpr std::array<std::string_view, 41> kCapabilities = {
    "AUDIT_CONTROL",   "AUDIT_READ",   "AUDIT_WRITE",
    "BLOCK_SUSPEND",   "BPF",          "CHECKPOINT_RESTORE",
    "CHOWN",           "DAC_OVERRIDE", "DAC_READ_SEARCH",
    "FOWNER",          "FSETID",       "IPC_LOCK",
    "IPC_OWNER",       "KILL",         "LEASE",
    "LINUX_IMMUTABLE", "MAC_ADMIN",    "MAC_OVERRIDE",
    "MKNOD",           "NET_ADMIN",    "NET_BIND_SERVICE",
    "NET_BROADCAST",   "NET_RAW",      "PERFMON",
    "SETFCAP",         "SETGID",       "SETPCAP",
    "SETUID",          "SYSLOG",       "SYS_ADMIN",
    "SYS_BOOT",        "SYS_CHROOT",   "SYS_MODULE",
    "SYS_NICE",        "SYS_PACCT",    "SYS_PTRACE",
    "SYS_RAWIO",       "SYS_RESOURCE", "SYS_TIME",
    "SYS_TTY_CONFIG",  "WAKE_ALARM"};

// False, with a problem, where it is more than a task may list.
bool check_number(MappingReader& mapping, std::string_view key, std::size_t number,
                  std::size_t max) {
  if (number <= max) return true;
  mapping.values().add(mapping.place_of(key), "'" + std::string(key) + "' has " +
                                                  std::to_string(number) + " items; at most " +
                                                  std::to_string(max) + " are allowed");
  return false;
}

// source:target, source:target:ro or source:target:rw.
std::optional<HostMount> parse_mount(std::string_view text) {
  HostMount mount;
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  mount.source = text.substr(0, colon);
  text.remove_prefix(colon + 1);
  const std::size_t mode = text.find(':');
  mount.target = text.substr(0, mode);
  if (mode == std::string_view::npos) return mount;
  mount.read_only = text.substr(mode) == ":ro";
  if (!mount.read_only && text.substr(mode) != ":rw") return std::nullopt;
  return mount;
}

// A mistake in it, for which no policy would have to change; empty: none.
std::string mistake_in(const std::optional<HostMount>& mount, const std::string& written) {
  if (!mount || mount->source.empty() || mount->target.empty()) {
    return quoted(written) +
           " is not a mount: write source:target, or source:target:rw to write to it, such as "
           "/srv/in:/data";
  }
  if (mount->source != "/" && !is_plain_path(mount->source)) {
    return quoted(mount->source) + " is not a path of the host: absolute, without \".\", \"..\" " +
           (mount->source.find('/') == std::string::npos
                ? "and \"//\"; there are no named volumes: what the tasks of a run share is in "
                  "/workspace"
                : "and \"//\"");
  }
  return why_no_target(mount->target);
}

std::vector<HostMount> read_mounts(MappingReader& mapping, const HostConfig& host) {
  ValueReader& values = mapping.values();
  std::vector<HostMount> mounts;
  const auto written = mapping.texts("mounts", 2 * limits::kPathBytes);
  // As many as secrets: each of either is a mount of the container.
  if (!check_number(mapping, "mounts", written.size(), limits::kSecretUses)) return mounts;
  for (const Placed<std::string>& text : written) {
    auto mount = parse_mount(text.value);
    std::string mistake = mistake_in(mount, text.value);
    const auto is_taken = [&](const HostMount& other) { return other.target == mount->target; };
    if (mistake.empty() && std::any_of(mounts.begin(), mounts.end(), is_taken)) {
      mistake = "two mounts at " + quoted(mount->target);
    }
    if (!mistake.empty()) {
      values.add(text.place, std::move(mistake));
      continue;
    }
    values.refuse(text.place, refuse_mount(host.policy, *mount), host.file);
    mounts.push_back(std::move(*mount));
  }
  return mounts;
}

std::vector<std::string> read_capabilities(MappingReader& mapping, const HostConfig& host) {
  ValueReader& values = mapping.values();
  std::vector<std::string> capabilities;
  const auto written = mapping.texts("cap_add", limits::kNameBytes);
  if (!check_number(mapping, "cap_add", written.size(), kCapabilities.size())) return capabilities;
  for (const Placed<std::string>& text : written) {
    auto capability = read_capability(values, text);
    if (!capability) continue;
    const auto at = std::lower_bound(capabilities.begin(), capabilities.end(), *capability);
    if (at != capabilities.end() && *at == *capability) {
      values.add(text.place, "'cap_add' has " + quoted(*capability) + " twice");
      continue;
    }
    values.refuse(text.place, refuse_capability(host.policy, *capability), host.file);
    capabilities.insert(at, std::move(*capability));
  }
  return capabilities;
}

}  // namespace

HostAccess read_host_access(MappingReader& mapping, const HostConfig& host) {
  HostAccess access;
  if (mapping.find("mounts") != nullptr) access.mounts = read_mounts(mapping, host);
  if (mapping.find("cap_add") != nullptr) access.cap_add = read_capabilities(mapping, host);
  access.privileged = mapping.boolean("privileged");
  if (access.privileged.value_or(false)) {
    mapping.values().refuse(mapping.place_of("privileged"), refuse_privileged(host.policy),
                            host.file);
  }
  return access;
}

std::optional<std::string> read_capability(ValueReader& values,
                                           const Placed<std::string>& written) {
  std::string name = upper_case(written.value);
  if (name.starts_with("CAP_")) name.erase(0, 4);
  if (std::find(kCapabilities.begin(), kCapabilities.end(), name) != kCapabilities.end()) {
    return name;
  }
  values.add(written.place, quoted(written.value) + " is not a capability such as NET_ADMIN" +
                                (name == "ALL" ? ": all of them are given by 'privileged' only"
                                               : values.did_you_mean(name, kCapabilities)));
  return std::nullopt;
}

}  // namespace pawl::config
