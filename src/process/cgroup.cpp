// The files are the kernel's: Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/{memory,pids}.rst,
// scheduler/sched-bwc.rst. Plain files and no manager's bus (systemd's): it must work in a container and on a host
// without one; where systemd is the manager, `Delegate=yes` gives pawl's group to pawl.
#include "process/cgroup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "base/unique_fd.h"
#include "model/limits.h"
#include "process/directory.h"

namespace pawl {
namespace {

constexpr std::int64_t kPeriodUs = 100'000;  // Docker's
constexpr std::int64_t kUsPerMilliCpu = kPeriodUs / 1000;
constexpr std::int64_t kQuotaMinUs = 1'000;  // the kernel's
constexpr std::int64_t kNsPerMs = 1'000'000;
constexpr std::int64_t kUsPerMs = 1'000;
constexpr const char* kOwnGroup = "agent";
constexpr const char* kNeeded[] = {"memory", "cpu", "pids"};

std::int64_t number_in(std::string_view text) {
  std::int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// "name 12\n" in a list of such lines; 0 if it is not there.
std::int64_t field_in(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    if (line.starts_with(name) && line.size() > name.size() && line[name.size()] == ' ') {
      return number_in(line.substr(name.size() + 1));
    }
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

bool has_word(std::string_view text, std::string_view word) {
  const std::string spaced = " " + std::string(text.substr(0, text.find('\n'))) + " ";
  return spaced.find(" " + std::string(word) + " ") != std::string::npos;
}

bool write_file(const std::string& path, std::string_view value) {
  const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  return file.is_open() && write_all(file.get(), value);
}

bool enable_controllers(const std::string& directory) {
  for (const char* name : kNeeded) {
    if (!write_file(directory + "/cgroup.subtree_control", std::string("+") + name)) return false;
  }
  return true;
}

bool has_all(const std::string& path) {
  const std::string text = read_kernel_text(path);
  return std::all_of(std::begin(kNeeded), std::end(kNeeded),
                     [&](const char* name) { return has_word(text, name); });
}

bool is_missing(const std::string& path) {
  return ::access(path.c_str(), F_OK) != 0 && errno == ENOENT;
}

}  // namespace

CgroupHost CgroupHost::prepare() {
  CgroupHost host;
  const CgroupPlaces places = cgroup_places(read_kernel_text("/proc/self/cgroup"),
                                            read_kernel_text("/proc/self/mountinfo"));
  if (!places.unified.empty() && has_all(places.unified + "/cgroup.controllers")) {
    host.prepare_unified(places.unified);
  } else {
    host.prepare_controllers(places.controllers);
  }
  return host;
}

void CgroupHost::prepare_unified(const std::string& own) {
  unified_ = true;
  std::string base = own;
  const std::string suffix = std::string("/") + kOwnGroup;
  const bool in_own_group = own.ends_with(suffix);
  if (in_own_group) base.resize(own.size() - suffix.size());
  // Only the whole host's own root may have both processes and groups below it; it has no type either.
  const bool is_root = is_missing(base + "/cgroup.type");
  const bool ready = has_all(base + "/cgroup.subtree_control");
  if (!in_own_group && !is_root) {
    ::mkdir((base + suffix).c_str(), 0755);
    if (!write_file(base + suffix + "/cgroup.procs", "0")) {
      why_not_ = "its control group " + base + " is not pawl's to divide (" + std::strerror(errno) +
                 "); with systemd, `Delegate=yes` gives it to pawl";
      ::rmdir((base + suffix).c_str());
      return;
    }
  }
  if (!ready && !enable_controllers(base)) {
    why_not_ = "the controllers cpu, memory and pids cannot be had below the control group " +
               base + " (" + std::strerror(errno) + ")";
    if (!in_own_group && !is_root && write_file(base + "/cgroup.procs", "0")) {
      ::rmdir((base + suffix).c_str());
    }
    return;
  }
  if (::access(base.c_str(), W_OK) != 0) {
    why_not_ = "no control group can be made below " + base + " (" + std::strerror(errno) + ")";
    return;
  }
  for (const char* name : kNeeded) parents_.emplace(name, base);
}

void CgroupHost::prepare_controllers(const std::map<std::string, std::string>& places) {
  for (const char* name : kNeeded) {
    const auto place = places.find(name);
    if (place == places.end()) {
      why_not_ = std::string("this host has no control groups for ") + name;
    } else if (::access(place->second.c_str(), W_OK) != 0) {
      why_not_ =
          "no control group can be made below " + place->second + " (" + std::strerror(errno) + ")";
    }
    if (!why_not_.empty()) return;
    parents_.insert(*place);
  }
  // For the time used only.
  const auto account = places.find("cpuacct");
  if (account != places.end() && ::access(account->second.c_str(), W_OK) == 0) {
    parents_.insert(*account);
  }
}

CgroupPaths CgroupHost::paths_of(const std::string& id) const {
  CgroupPaths paths;
  if (!why_not_.empty()) return paths;
  paths.unified = unified_;
  for (const auto& [controller, parent] : parents_) {
    paths.controllers.emplace(controller, parent + "/pawl-" + id);
  }
  return paths;
}

Cgroup::Cgroup(CgroupPaths paths) : paths_(std::move(paths)) {
  for (const auto& [controller, directory] : paths_.controllers) {
    std::string file = directory + "/cgroup.procs";
    if (std::find(members_files_.begin(), members_files_.end(), file) == members_files_.end()) {
      members_files_.push_back(std::move(file));
    }
  }
}

Result<void> Cgroup::make(const TaskCaps& caps) const {
  if (caps.memory_bytes > 0 && caps.memory_bytes < limits::kMemoryMinBytes) {
    return Error{ErrorKind::kInvalid, "the memory cap is below the least that is allowed, 6m", {}};
  }
  for (const auto& [controller, directory] : paths_.controllers) {
    if (::mkdir(directory.c_str(), 0755) != 0 && errno != EEXIST) {
      return Error{ErrorKind::kInvalid,
                   "the control group cannot be made: " + std::string(std::strerror(errno)),
                   directory};
    }
  }
  return paths_.unified ? make_unified(caps) : make_controllers(caps);
}

Result<void> Cgroup::make_unified(const TaskCaps& caps) const {
  if (caps.memory_bytes > 0) {
    PAWL_CHECK(set("memory", "memory.max", std::to_string(caps.memory_bytes)));
    if (!is_missing(paths_.controllers.at("memory") + "/memory.swap.max")) {
      PAWL_CHECK(set("memory", "memory.swap.max", "0"));
    }
  }
  if (caps.cpus_milli > 0) {
    const std::int64_t quota = std::max(caps.cpus_milli * kUsPerMilliCpu, kQuotaMinUs);
    PAWL_CHECK(set("cpu", "cpu.max", std::to_string(quota) + " " + std::to_string(kPeriodUs)));
  }
  return caps.pids > 0 ? set("pids", "pids.max", std::to_string(caps.pids)) : Result<void>();
}

Result<void> Cgroup::make_controllers(const TaskCaps& caps) const {
  if (caps.memory_bytes > 0) {
    const std::string bytes = std::to_string(caps.memory_bytes);
    PAWL_CHECK(set("memory", "memory.limit_in_bytes", bytes));
    // Without swap accounting, the group can at least be told not to swap.
    const std::string with_swap = "memory.memsw.limit_in_bytes";
    const bool accounted = !is_missing(paths_.controllers.at("memory") + "/" + with_swap);
    PAWL_CHECK(accounted ? set("memory", with_swap, bytes)
                         : set("memory", "memory.swappiness", "0"));
  }
  if (caps.cpus_milli > 0) {
    const std::int64_t quota = std::max(caps.cpus_milli * kUsPerMilliCpu, kQuotaMinUs);
    PAWL_CHECK(set("cpu", "cpu.cfs_period_us", std::to_string(kPeriodUs)));
    PAWL_CHECK(set("cpu", "cpu.cfs_quota_us", std::to_string(quota)));
  }
  return caps.pids > 0 ? set("pids", "pids.max", std::to_string(caps.pids)) : Result<void>();
}

Result<void> Cgroup::set(const std::string& controller, const std::string& file,
                         const std::string& value) const {
  const std::string path = paths_.controllers.at(controller) + "/" + file;
  if (write_file(path, value)) return {};
  return Error{ErrorKind::kInvalid,
               "the " + controller + " cap cannot be set: " + std::strerror(errno), path};
}

std::string Cgroup::read(const std::string& controller, const std::string& file) const {
  const auto directory = paths_.controllers.find(controller);
  if (directory == paths_.controllers.end()) return {};
  return read_kernel_text(directory->second + "/" + file);
}

bool Cgroup::enter() const {
  for (const std::string& file : members_files_) {
    const int fd = ::open(file.c_str(), O_WRONLY | O_CLOEXEC);
    if (fd < 0) return false;
    const bool entered = ::write(fd, "0", 1) == 1;
    ::close(fd);
    if (!entered) return false;
  }
  return true;
}

std::vector<pid_t> Cgroup::members() const {
  std::vector<pid_t> pids;
  if (members_files_.empty()) return pids;
  const std::string text = read_kernel_text(members_files_.front());
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (const auto pid = static_cast<pid_t>(number_in(line)); pid > 1) pids.push_back(pid);
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  return pids;
}

ResourceUsage Cgroup::usage() const {
  ResourceUsage usage;
  const std::string stat = read("cpu", "cpu.stat");
  if (paths_.unified) {
    usage.peak_memory_bytes = number_in(read("memory", "memory.peak"));  // Linux 5.19
    if (usage.peak_memory_bytes == 0) {
      usage.peak_memory_bytes = number_in(read("memory", "memory.current"));
    }
    usage.cpu_ms = field_in(stat, "usage_usec") / kUsPerMs;
    usage.throttled_ms = field_in(stat, "throttled_usec") / kUsPerMs;
  } else {
    usage.peak_memory_bytes = number_in(read("memory", "memory.max_usage_in_bytes"));
    usage.cpu_ms = number_in(read("cpuacct", "cpuacct.usage")) / kNsPerMs;
    usage.throttled_ms = field_in(stat, "throttled_time") / kNsPerMs;
  }
  return usage;
}

bool Cgroup::oom_killed() const {
  const std::string text =
      paths_.unified ? read("memory", "memory.events") : read("memory", "memory.oom_control");
  return field_in(text, "oom_kill") > 0;
}

bool Cgroup::remove() const {
  bool removed = true;
  for (const auto& [controller, directory] : paths_.controllers) {
    if (::rmdir(directory.c_str()) != 0 && errno != ENOENT) removed = false;
  }
  return removed;
}

}  // namespace pawl
