// A ContainerEngine for hosts without containers: each task is a process of this host, under a supervisor of its own
// (process/supervisor.h). What that isolates, and what not, is in docs/engines.md.
//
// Everything it knows is on the disk (process/records.h), so that tasks outlive the agent and the next agent finds them.
// One engine for a directory at a time. Thread-safe, as the port says.
//
// Beyond the port: one that has exited is never started again (kConflict), and a task whose supervisor was killed has exited
// without an end (ContainerState::ended_at is not set).
#pragma once

#include <memory>
#include <string>

#include "ports/container_engine.h"

namespace pawl {

struct ProcessEngineOptions {
  // Made if it is not there, 0700; its parent must exist. On a local disk.
  std::string directory;
  // Tasks run although what they are to be kept from or within cannot be enforced here.
  bool best_effort_caps = false;
  // Of pawl: it is run as the tasks' supervisors.
  std::string executable = "/proc/self/exe";
};

// Errors: the directory cannot be made or used.
[[nodiscard]] Result<std::unique_ptr<ContainerEngine>> make_process_engine(
    const ProcessEngineOptions& options);

}  // namespace pawl
