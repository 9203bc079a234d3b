// The process-wide limits, and the order of the layers. Landlock comes first, since it opens the paths
// it allows; seccomp last, since it forbids the calls the others need.
//
// Rejected: user and mount namespaces (off on many hosts, and Docker's default profile forbids them),
// a user of its own (needs an account, and could not read what the operator's own user may).
#include "git/sandbox.h"

#include <linux/capability.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "model/limits.h"

namespace pawl {
namespace {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
// Their shadow memory is terabytes of reserved addresses.
constexpr bool kLimitAddressSpace = false;
#else
constexpr bool kLimitAddressSpace = true;
#endif

// Lowers both limits; a host that gave less already is left alone.
void lower_limit(__rlimit_resource_t resource, rlim_t value) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0) return;
  if (limit.rlim_max == RLIM_INFINITY || limit.rlim_max > value) limit.rlim_max = value;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(resource, &limit);
}

std::string reason(const char* what) { return std::string(what) + ": " + std::strerror(errno); }

}  // namespace

Result<void> limit_process(pid_t parent, std::int64_t deadline_ms) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
  // The parent may have died before the line above.
  if (::getppid() != parent) return Error{ErrorKind::kCancelled, "the agent is gone", {}};
  ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  ::prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
  lower_limit(RLIMIT_CORE, 0);
  if (kLimitAddressSpace) lower_limit(RLIMIT_AS, limits::kPullMemoryBytes);
  lower_limit(RLIMIT_CPU, static_cast<rlim_t>(deadline_ms / 1000 + 2));
  lower_limit(RLIMIT_NOFILE, limits::kPullOpenFiles);
  lower_limit(RLIMIT_FSIZE, limits::kPullTransferBytes + limits::kPullTransferBytes / 4);
  lower_limit(RLIMIT_NPROC, 0);
  // A write over RLIMIT_FSIZE is to be an error that can be reported, and not the end.
  ::signal(SIGXFSZ, SIG_IGN);
  return {};
}

std::string drop_capabilities() {
  if (::geteuid() != 0) return {};
  // A root agent reads repositories and password files whoever owns them; Landlock says which.
  constexpr std::uint32_t kKept = 1u << CAP_DAC_OVERRIDE | 1u << CAP_DAC_READ_SEARCH;
  ::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  for (unsigned long capability = 0; capability <= 63; ++capability) {
    ::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct before[2] = {};
  if (::syscall(SYS_capget, &header, before) != 0) return reason("capget");
  // Never more than there was: a container's root may have none of them.
  const std::uint32_t kept = kKept & before[0].permitted;
  __user_cap_data_struct data[2] = {{kept, kept, 0}, {0, 0, 0}};
  if (::syscall(SYS_capset, &header, data) != 0) return reason("capset");
  return {};
}

std::string enter_sandbox(const SandboxPolicy& policy) {
  std::string active = kLimitAddressSpace ? "limits" : "limits without address space (sanitizer)";
  std::string missing;
  const auto note = [&](const std::string& layer, const std::string& failure) {
    if (failure.empty()) {
      active += ", " + layer;
    } else {
      missing += (missing.empty() ? "; missing: " : ", ") + layer + " (" + failure + ")";
    }
  };
  std::string landlock = "landlock";
  const std::string landlock_failure = restrict_files(policy, landlock);
  note(landlock, landlock_failure);
  note("capabilities", drop_capabilities());
  note("seccomp", filter_system_calls(policy.network));
  return "sandbox: " + active + missing;
}

}  // namespace pawl
