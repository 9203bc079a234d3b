// The look at the links comes before the engine follows them itself, so a task that runs at the same time and may write
// next to the source could still change them in between. Handing the engine an open directory instead (/proc/PID/fd/N)
// would close that, but not survive a restart of either; docs/pipelines.md says what to allow instead.
#include "exec/policy_check.h"

#include <filesystem>
#include <system_error>

#include "model/task_policy.h"

namespace pawl {
namespace {

// What a path leads to; empty: nothing is there, or it cannot be seen.
std::string real_path(const std::string& path) {
  std::error_code unseen;
  return std::filesystem::canonical(path, unseen).string();
}

// The policy with what its paths lead to, so that a link that the operator made is no reason.
HostPolicy with_real_mounts(HostPolicy policy) {
  const std::size_t written = policy.mounts.size();
  for (std::size_t i = 0; i < written; ++i) {
    AllowedMount mount = policy.mounts[i];
    mount.path = real_path(mount.path);
    if (!mount.path.empty()) policy.mounts.push_back(std::move(mount));
  }
  return policy;
}

void judge_links(const HostPolicy& policy, const Task& task, std::vector<std::string>& reasons) {
  const HostPolicy real_policy = with_real_mounts(policy);
  for (const HostMount& mount : task.mounts) {
    HostMount real = mount;
    real.source = real_path(mount.source);
    if (real.source.empty() || real.source == mount.source) continue;
    const auto refusal = refuse_mount(real_policy, real);
    if (refusal) reasons.push_back("'" + mount.source + "' is a link: " + refusal->text());
  }
}

}  // namespace

Result<void> check_policy(const HostPolicy& policy, const Task& task) {
  std::vector<std::string> reasons = policy_refusals(policy, task);
  if (reasons.empty() && !task.mounts.empty()) judge_links(policy, task, reasons);
  if (reasons.empty()) return {};
  std::string message;
  for (const std::string& reason : reasons) message += (message.empty() ? "" : "; ") + reason;
  return Error{ErrorKind::kDenied, std::move(message), {}};
}

}  // namespace pawl
