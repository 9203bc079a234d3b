#include "exec/workspaces.h"

#include "exec/container_spec.h"

namespace pawl {

Result<void> Workspaces::open(RunId run, const std::string& container,
                              const std::stop_token& stop) {
  {
    std::lock_guard lock(mutex_);
    if (open_.contains(run)) return {};
  }
  PAWL_CHECK(engine_.open_volume(container, std::string(kWorkspacePath), stop));
  std::lock_guard lock(mutex_);
  open_.insert(run);
  return {};
}

Result<void> Workspaces::remove(RunId run, const std::stop_token& stop) {
  {
    std::lock_guard lock(mutex_);
    open_.erase(run);
  }
  return engine_.remove_volume(workspace_name(instance_id_, run), stop);
}

}  // namespace pawl
