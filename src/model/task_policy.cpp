// Problem: three places decide whether a task may run here, and each must say the same for the same reason.
//
// Approach: one function for each thing that a task asks for, so that config/ can ask about a value where it is written,
// and policy_refusals() over all of them, for a task as it is about to run.
//
// Rejected: deny lists of what is dangerous. What is not allowed is refused; only what undoes the isolation itself is
// named here, since no policy can give it.
#include "model/task_policy.h"

#include <algorithm>
#include <array>
#include <span>

#include "model/image_policy.h"
#include "model/paths.h"
#include "model/wording.h"

namespace pawl {
namespace {

constexpr std::size_t kNamed = 5;  // entries of the policy that a message lists
constexpr std::size_t kDigestHexDigits = 64;

// "(policy.networks names none and bridge)"
std::string names(std::string_view key, std::span<const std::string> entries) {
  std::vector<std::string_view> words(
      entries.begin(),
      entries.begin() + static_cast<std::ptrdiff_t>(std::min(entries.size(), kNamed)));
  std::string more;
  if (entries.size() > kNamed) {
    more = std::to_string(entries.size() - kNamed) + " more";
    words.emplace_back(more);
  }
  return " (" + std::string(key) + " names " + (words.empty() ? "none" : listed(words)) + ")";
}

// Patterns: "*" allows everything, in the policy of a host that is not known.
bool is_named(const std::vector<std::string>& allowed, std::string_view wanted) {
  return std::any_of(allowed.begin(), allowed.end(),
                     [&](const std::string& pattern) { return matches_pattern(pattern, wanted); });
}

// The tag may stand before it.
bool has_digest(std::string_view image) {
  constexpr std::string_view kAlgorithm = "@sha256:";
  const std::size_t at = image.find('@');
  if (at == std::string_view::npos || !image.substr(at).starts_with(kAlgorithm)) return false;
  const std::string_view digits = image.substr(at + kAlgorithm.size());
  return digits.size() == kDigestHexDigits &&
         digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// `most` 0: the host's hardware is the cap.
std::optional<Refusal> refuse_over(std::string_view key, std::int64_t asked, std::int64_t most,
                                   std::string (*format)(std::int64_t)) {
  // An engine reads 0 or less as no cap.
  if (asked <= 0) {
    return Refusal{
        "the task has no cap of '" + std::string(key) + "', and every task has one", {}, {}};
  }
  if (most <= 0 || asked <= most) return std::nullopt;
  return Refusal{"'" + std::string(key) + "' is " + format(asked) + "; this host allows at most " +
                     format(most) + " (policy.max." + std::string(key) + ")",
                 {},
                 {}};
}

std::string plain_number(std::int64_t number) { return std::to_string(number); }

// As an entry of policy.mounts.
std::string written(const AllowedMount& mount) {
  return mount.writable ? mount.path + ":rw" : mount.path;
}

bool is_path(std::string_view path) { return path == "/" || is_plain_path(path); }

// A link on every host with systemd.
std::string_view without_var(std::string_view path) {
  constexpr std::string_view kVar = "/var";
  constexpr std::string_view kVarRun = "/var/run";
  if (is_within(path, kVarRun)) path.remove_prefix(kVar.size());
  return path;
}

// /run/user, /run/user/1000 and its podman: where engines without root have their sockets.
bool is_users_runtime(std::string_view path) {
  constexpr std::string_view kUsers = "/run/user";
  if (!is_within(path, kUsers)) return false;
  path.remove_prefix(kUsers.size());
  const auto depth = std::count(path.begin(), path.end(), '/');
  return depth <= 1 || (depth == 2 && path.ends_with("/podman"));
}

}  // namespace

std::string Refusal::text(std::string_view hint, std::string_view host_file) const {
  std::string text = what + std::string(hint);
  if (remedy.empty()) return text;
  text += (hint.empty() ? "; " : " Else ") + remedy + " " + key + " in ";
  return text.append(host_file);
}

std::optional<Refusal> refuse_image(const HostPolicy& policy, const std::string& image) {
  if (!image_is_allowed(policy.images, image)) {
    return Refusal{"image " + quoted(image) + " is not allowed on this host" +
                       names("policy.images", policy.images),
                   "add it, or a pattern such as " + quoted(image_pattern_for(image)) + ", to",
                   "policy.images"};
  }
  if (!policy.require_digest || has_digest(image)) return std::nullopt;
  return Refusal{
      "image " + quoted(image) + " has no digest, and this host runs images by digest only",
      "write it with its @sha256:..., or change", "policy.require_digest"};
}

std::optional<Refusal> refuse_network(const HostPolicy& policy, const std::string& network) {
  if (network == "host") {
    return Refusal{"network \"host\" is given to no task: it would undo its isolation", {}, {}};
  }
  if (network.find(':') != std::string::npos) {
    return Refusal{"network " + quoted(network) +
                       " is given to no task: it is another container's or process's",
                   {},
                   {}};
  }
  if (is_named(policy.networks, network)) return std::nullopt;
  return Refusal{"network " + quoted(network) + " is not allowed on this host" +
                     names("policy.networks", policy.networks),
                 "add it to", "policy.networks"};
}

std::optional<Refusal> refuse_cpus(const HostPolicy& policy, std::int64_t milli) {
  return refuse_over("cpus", milli, policy.max_cpus_milli, format_cpus);
}

std::optional<Refusal> refuse_memory(const HostPolicy& policy, std::int64_t bytes) {
  return refuse_over("memory", bytes, policy.max_memory_bytes, format_size);
}

std::optional<Refusal> refuse_pids(const HostPolicy& policy, std::int64_t pids) {
  return refuse_over("pids", pids, policy.max_pids, plain_number);
}

std::optional<Refusal> refuse_timeout(const HostPolicy& policy, std::int64_t ms) {
  return refuse_over("timeout", ms, policy.max_timeout_ms, format_exact_duration);
}

std::optional<Refusal> refuse_mount(const HostPolicy& policy, const HostMount& mount) {
  const std::string asked = "mount of " + quoted(mount.source);
  if (!is_path(mount.source)) {
    return Refusal{
        asked + " is refused: it is not an absolute path without \".\", \"..\" and \"//\"", {}, {}};
  }
  if (holds_engine_socket(mount.source)) {
    return Refusal{asked +
                       " is given to no task: the container engine's socket is there, which is "
                       "root on this host",
                   {},
                   {}};
  }
  if (is_within(mount.source, "/proc")) {
    return Refusal{asked + " is given to no task: it leads to everything on this host", {}, {}};
  }
  bool is_allowed = false;
  bool is_writable = false;
  std::vector<std::string> entries;
  for (const AllowedMount& allowed : policy.mounts) {
    entries.push_back(written(allowed));
    if (!is_within(mount.source, allowed.path)) continue;
    is_allowed = true;
    is_writable = is_writable || allowed.writable;
  }
  if (!is_allowed) {
    return Refusal{asked + " is not allowed on this host" + names("policy.mounts", entries),
                   "add it, or a folder above it, to", "policy.mounts"};
  }
  if (mount.read_only || is_writable) return std::nullopt;
  return Refusal{
      asked + " is allowed on this host, but only to be read" + names("policy.mounts", entries),
      "leave out ':rw', or add " + quoted(mount.source + ":rw") + " to", "policy.mounts"};
}

std::optional<Refusal> refuse_capability(const HostPolicy& policy, const std::string& capability) {
  if (is_named(policy.cap_add, capability)) return std::nullopt;
  return Refusal{"capability " + quoted(capability) + " is not allowed on this host" +
                     names("policy.cap_add", policy.cap_add),
                 "add it to", "policy.cap_add"};
}

std::optional<Refusal> refuse_privileged(const HostPolicy& policy) {
  if (policy.privileged) return std::nullopt;
  return Refusal{"a privileged task is not allowed on this host (policy.privileged is false)",
                 "change", "policy.privileged"};
}

std::optional<Refusal> refuse_tasks(const HostPolicy& policy, std::size_t tasks) {
  if (tasks <= policy.max_tasks) return std::nullopt;
  return Refusal{"the pipeline has " + std::to_string(tasks) +
                     " tasks, hooks included; this host allows at most " +
                     std::to_string(policy.max_tasks) + " (policy.max.tasks)",
                 {},
                 {}};
}

std::string why_no_target(std::string_view target) {
  constexpr std::array<std::string_view, 3> kKernel = {"/proc", "/sys", "/dev"};
  constexpr std::array<std::string_view, 3> kOwn = {"/workspace", "/tmp", "/run/pawl"};
  if (!is_plain_path(target)) {
    return quoted(target) +
           " is no place in a container: an absolute path without \".\", \"..\" "
           "and \"//\"";
  }
  for (const auto& [folders, owner] :
       {std::pair{kKernel, "the kernel's"}, std::pair{kOwn, "pawl's own"}}) {
    for (const std::string_view folder : folders) {
      if (!is_within(target, folder) && !is_within(folder, target)) continue;
      return "nothing can be mounted at " + quoted(target) +
             " in a container: " + std::string(folder) + " is " + owner;
    }
  }
  return {};
}

std::string why_no_target(std::string_view target, const SecretUse& secret) {
  if (secret.file.empty()) return {};
  if (!is_within(target, secret.file) && !is_within(secret.file, target)) return {};
  return "nothing can be mounted at " + quoted(target) + ": secret " + quoted(secret.name) +
         " is the file " + quoted(secret.file);
}

bool holds_engine_socket(std::string_view path) {
  // As folders: containerd's has one socket for each container in it.
  constexpr std::array<std::string_view, 6> kPlaces = {"/run/docker.sock",     "/run/docker",
                                                       "/run/podman",          "/run/containerd",
                                                       "/var/run/docker.sock", "/run/crio"};
  constexpr std::array<std::string_view, 4> kSockets = {"docker.sock", "podman.sock",
                                                        "containerd.sock", "crio.sock"};
  const std::string_view place = without_var(path);
  if (is_users_runtime(place)) return true;
  if (std::any_of(kSockets.begin(), kSockets.end(), [&](std::string_view name) {
        return place.substr(place.rfind('/') + 1) == name;
      })) {
    return true;
  }
  return std::any_of(kPlaces.begin(), kPlaces.end(), [&](std::string_view socket) {
    return is_within(socket, place) || is_within(place, socket);
  });
}

std::vector<std::string> policy_refusals(const HostPolicy& policy, const Task& task) {
  std::vector<std::string> reasons;
  const auto add = [&](const std::optional<Refusal>& refusal) {
    if (refusal) reasons.push_back(refusal->text());
  };
  const auto add_problem = [&](std::string problem) {
    if (!problem.empty()) reasons.push_back(std::move(problem));
  };
  add(refuse_image(policy, task.image));
  add(refuse_network(policy, task.network));
  add(refuse_cpus(policy, task.cpus_milli));
  add(refuse_memory(policy, task.memory_bytes));
  add(refuse_pids(policy, task.pids));
  add(refuse_timeout(policy, task.timeout_ms));
  for (const HostMount& mount : task.mounts) {
    add(refuse_mount(policy, mount));
    add_problem(why_no_target(mount.target));
    for (const SecretUse& secret : task.secrets) add_problem(why_no_target(mount.target, secret));
  }
  for (const std::string& capability : task.cap_add) add(refuse_capability(policy, capability));
  if (task.privileged) add(refuse_privileged(policy));
  return reasons;
}

}  // namespace pawl
