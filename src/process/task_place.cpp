#include "process/task_place.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/unique_fd.h"

namespace pawl {
namespace {

constexpr const char* kPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

std::string descriptor_path(const UniqueFd& fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

bool bind(const UniqueFd& source, const std::string& target) {
  return ::mount(descriptor_path(source).c_str(), target.c_str(), nullptr, MS_BIND, nullptr) == 0;
}

// Not permitted (a container's root, a hardened service): the real paths must do.
bool separate_mounts() {
  if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) return false;
  // What the host mounts and unmounts is still seen, or a disk could never be taken out while the task runs.
  return ::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
}

void set_default(Variables& variables, const std::string& name, const std::string& value) {
  const bool known = std::any_of(variables.begin(), variables.end(),
                                 [&](const auto& variable) { return variable.first == name; });
  if (!known) variables.emplace_back(name, value);
}

}  // namespace

bool make_place(const ProcessSpec& spec, TaskPlace& place, std::string& what) {
  place = TaskPlace{spec.volume_path, spec.output_path};
  if (spec.volume.empty() && spec.output_path.empty()) return true;
  if (!separate_mounts()) return true;
  // Before the tmpfs covers them, should they be below it.
  const UniqueFd volume(::open(spec.volume_path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  const UniqueFd output(::open(spec.output_path.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  what = std::string("a private ") + kPlace;
  ::umask(022);
  if (::mkdir(kPlace, 0755) != 0 && errno != EEXIST) return false;
  if (::mount("tmpfs", kPlace, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0755,size=64k") !=
      0) {
    return false;
  }
  if (!spec.volume_path.empty()) {
    what = "the workspace " + spec.volume_path;
    place.volume = std::string(kPlace) + "/workspace";
    if (::mkdir(place.volume.c_str(), 0755) != 0 || !bind(volume, place.volume)) return false;
  }
  if (!spec.output_path.empty()) {
    what = "the output file " + spec.output_path;
    place.output = std::string(kPlace) + "/output";
    const UniqueFd point(::open(place.output.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
    if (!point.is_open() || !bind(output, place.output)) return false;
  }
  return true;
}

Variables environment_of(const ProcessSpec& spec, const Variables& variables,
                         const TaskPlace& place) {
  Variables environment = variables;
  for (auto& [name, value] : environment) {
    if (!spec.volume_target.empty() && value == spec.volume_target) value = place.volume;
    if (!spec.output_target.empty() && value == spec.output_target) value = place.output;
  }
  set_default(environment, "PATH", kPath);
  set_default(environment, "HOME", place.volume.empty() ? "/" : place.volume);
  return environment;
}

}  // namespace pawl
