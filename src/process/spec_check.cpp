// Refused rather than ignored: a task that counts on a cap, a mount or a closed network must not run without it unseen. Only a
// read-only root is let go silently, since its absence takes nothing from the task; docs/engines.md says so.
#include "process/spec_check.h"

#include <charconv>
#include <optional>
#include <string_view>

#include "process/directory.h"

namespace pawl {
namespace {

constexpr std::string_view kOutputTarget = "/run/pawl/output";
constexpr const char* kBestEffort = "; set engine.caps: best_effort to run without";

Error invalid(std::string message) { return Error{ErrorKind::kInvalid, std::move(message), {}}; }

std::optional<uid_t> number_in(std::string_view text) {
  uid_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  // The last one means "no user" to the kernel.
  if (code != std::errc{} || end != text.data() + text.size() || number + 1 == 0) {
    return std::nullopt;
  }
  return number;
}

Result<void> check_user(const ContainerSpec& spec, const HostAbilities& host, ProcessSpec& out) {
  const std::size_t colon = spec.user.find(':');
  const auto uid = number_in(std::string_view(spec.user).substr(0, colon));
  const auto gid =
      colon == std::string::npos ? uid : number_in(std::string_view(spec.user).substr(colon + 1));
  if (!uid || !gid) {
    return invalid("user '" + spec.user +
                   "' is no number; a process has no image that gives names to users");
  }
  if (host.uid != 0) {
    if (*uid == host.uid || host.best_effort) return {};
    return invalid("the task asks to run as user " + spec.user + ", but the agent runs as user " +
                   std::to_string(host.uid) + " and cannot change that" + kBestEffort +
                   " as the agent's user");
  }
  if ((*uid == 0 || *gid == 0) && !spec.privileged) {
    return invalid(
        "as a process, user 0 is this host's own root; give the task another `user`, or, where "
        "the policy allows it, `privileged: true`");
  }
  out.own_user = true;
  out.uid = *uid;
  out.gid = *gid;
  return {};
}

Result<void> check_network(const ContainerSpec& spec, const HostAbilities& host, ProcessSpec& out) {
  if (!spec.join_network.empty()) {
    return invalid("a process cannot share another one's network");
  }
  if (spec.network == "host") return {};
  if (spec.network == "none" && host.own_network) {
    out.own_network = true;
    return {};
  }
  if (host.best_effort) return {};
  if (spec.network == "none") {
    return invalid(std::string("this host cannot keep a process from the network (that takes "
                               "root and network namespaces)") +
                   kBestEffort + ", on the host's network");
  }
  return invalid("a process has no network '" + spec.network + "', only none or host" +
                 kBestEffort + ", on the host's network");
}

Result<void> check_mount(const Mount& mount, const HostAbilities& host, ProcessSpec& out) {
  if (mount.kind == Mount::Kind::kBind) {
    if (mount.target != kOutputTarget || mount.read_only || !out.output_path.empty()) {
      return invalid("'" + mount.source + "' cannot be at " + mount.target +
                     ": a process has no mounts; hand a secret over as `env`");
    }
    out.output_path = mount.source;
    out.output_target = mount.target;
    return {};
  }
  if (mount.read_only || !out.volume.empty()) {
    return invalid("a process has no volume besides its workspace, and that is for writing");
  }
  if (!is_object_name(mount.source)) {
    return invalid("a volume cannot have the name '" + mount.source + "'");
  }
  if (mount.max_bytes > 0 && !host.best_effort) {
    return invalid(std::string("the size of a process's workspace cannot be bounded") +
                   kBestEffort);
  }
  out.volume = mount.source;
  out.volume_target = mount.target;
  return {};
}

Result<void> check_caps(const ContainerSpec& spec, const HostAbilities& host, ProcessSpec& out) {
  const bool asked = spec.cpus_milli > 0 || spec.memory_bytes > 0 || spec.pids > 0;
  if (asked && !host.why_no_caps.empty() && !host.best_effort) {
    return invalid("this host cannot enforce caps on cpus, memory and pids: " + host.why_no_caps +
                   kBestEffort);
  }
  out.cpus_milli = spec.cpus_milli;
  out.memory_bytes = spec.memory_bytes;
  out.pids = spec.pids;
  return {};
}

Result<void> check_privileges(const ContainerSpec& spec, const HostAbilities& host,
                              ProcessSpec& out) {
  if (!spec.cap_add.empty()) return invalid("a process is given no capabilities (`cap_add`)");
  if (spec.privileged && host.uid != 0) {
    return invalid("`privileged` takes an agent that runs as root");
  }
  out.privileged = spec.privileged;
  return {};
}

bool has_zero(const ContainerSpec& spec) {
  const auto zero = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  for (const std::string& word : spec.command) {
    if (zero(word)) return true;
  }
  for (const auto& [name, value] : spec.env) {
    if (name.empty() || name.find('=') != std::string::npos || zero(name) || zero(value)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<ProcessSpec> process_spec(const ContainerSpec& spec, const HostAbilities& host) {
  if (!is_object_name(spec.name)) return invalid("'" + spec.name + "' is no name for a task");
  if (spec.command.empty() || spec.command[0].empty()) {
    return invalid("an image's own command means nothing without images; give the task a command");
  }
  if (has_zero(spec)) {
    return invalid("a process cannot be given zero bytes, or such a variable's name");
  }
  ProcessSpec out;
  out.labels = spec.labels;
  out.image = spec.image;
  out.command = spec.command;
  PAWL_CHECK(check_privileges(spec, host, out));
  PAWL_CHECK(check_user(spec, host, out));
  PAWL_CHECK(check_network(spec, host, out));
  for (const Mount& mount : spec.mounts) PAWL_CHECK(check_mount(mount, host, out));
  PAWL_CHECK(check_caps(spec, host, out));
  return out;
}

}  // namespace pawl
