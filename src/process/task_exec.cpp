#include "process/task_exec.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "process/cgroup.h"
#include "process/directory.h"
#include "process/task_place.h"

namespace pawl {
namespace {

constexpr int kNotThere = 127;
constexpr int kNotRunnable = 126;
constexpr int kNotStarted = 125;
constexpr const char* kOomScore = "500";  // as Docker's are told: before the host's own services

[[noreturn]] void fail(int report, const std::string& what, int code) {
  (void)write_all(report, what + (code == 0 ? "" : std::string(": ") + std::strerror(code)));
  ::_exit(kNotStarted);
}

void default_signals() {
  // By the bare call: the C library's keeps two numbers to itself, which may have been ignored since before the agent.
  struct Action {
    unsigned long handler = 0;  // SIG_DFL
    unsigned long flags = 0;
    unsigned long restorer = 0;
    std::uint64_t mask = 0;
  };
  const Action plain{};
  for (int number = 1; number < NSIG; ++number) {
    (void)::syscall(SYS_rt_sigaction, number, &plain, nullptr, sizeof plain.mask);
  }
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

bool set_streams(int output, int errors) {
  const UniqueFd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  return nothing.is_open() && ::dup2(nothing.get(), STDIN_FILENO) >= 0 &&
         ::dup2(output, STDOUT_FILENO) >= 0 && ::dup2(errors, STDERR_FILENO) >= 0;
}

void offer_to_oom_killer() {
  const UniqueFd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
  if (file.is_open()) (void)write_all(file.get(), kOomScore);
}

bool leave_network() {
  if (::unshare(CLONE_NEWNET) != 0) return false;
  const UniqueFd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!any.is_open()) return true;  // no IPv4 here: then no loopback either
  ifreq request{};
  std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  return ::ioctl(any.get(), SIOCSIFFLAGS, &request) == 0;
}

bool drop_bounding_set() {
  for (int capability = 0; ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability) {
    if (::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) != 0) return false;
  }
  return true;
}

// For one that is not root already, what it had is given up as well.
bool drop_own_capabilities() {
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);  // Linux 4.3
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, _LINUX_CAPABILITY_U32S_3> none{};
  return ::syscall(SYS_capset, &header, none.data()) == 0;
}

bool become_user(const ProcessSpec& spec) {
  return !spec.own_user ||
         (::setgroups(0, nullptr) == 0 && ::setresgid(spec.gid, spec.gid, spec.gid) == 0 &&
          ::setresuid(spec.uid, spec.uid, spec.uid) == 0);
}

bool give_up_privileges(const ProcessSpec& spec) {
  if (spec.privileged) return become_user(spec);
  if (::geteuid() == 0 && !drop_bounding_set()) return false;
  return become_user(spec) && drop_own_capabilities() &&
         ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

void isolate(const TaskLaunch& launch) {
  const ProcessSpec& spec = launch.spec;
  default_signals();
  ::setsid();
  if (!set_streams(launch.output, launch.errors)) fail(launch.report, "its streams", errno);
  if (!Cgroup(spec.cgroup).enter()) fail(launch.report, "its control group", errno);
  offer_to_oom_killer();
  if (spec.own_network && !leave_network()) fail(launch.report, "a network of its own", errno);
}

[[noreturn]] void run_program(const ProcessSpec& spec, const Variables& variables) {
  ::clearenv();
  for (const auto& [name, value] : variables) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> words;
  for (const std::string& word : spec.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  ::execvp(words[0], words.data());
  const int code = errno;
  ::dprintf(STDERR_FILENO, "pawl: cannot run %s: %s\n", words[0], std::strerror(code));
  ::_exit(code == ENOENT || code == ENOTDIR ? kNotThere : kNotRunnable);
}

}  // namespace

void become_task(const TaskLaunch& launch) {
  char go = 0;
  if (::read(launch.go, &go, 1) != 1) ::_exit(kNotStarted);
  isolate(launch);
  TaskPlace place;
  std::string what;
  if (!make_place(launch.spec, place, what)) fail(launch.report, what, errno);
  const bool has_volume = !place.volume.empty();
  if (::chdir(has_volume ? place.volume.c_str() : "/") != 0) {
    fail(launch.report, "the directory " + place.volume, errno);
  }
  ::umask(022);
  if (!give_up_privileges(launch.spec)) fail(launch.report, "its user and privileges", errno);
  if (has_volume && ::access(place.volume.c_str(), X_OK) != 0) {
    fail(launch.report,
         "user " + std::to_string(::geteuid()) + " may not enter the workspace " + place.volume +
             "; run the agent as that user, or where it may make mount namespaces",
         0);
  }
  run_program(launch.spec, environment_of(launch.spec, launch.variables, place));
}

}  // namespace pawl
