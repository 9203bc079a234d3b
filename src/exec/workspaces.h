// The directories that the tasks of one run share: a volume of the engine per run, made with the run's first container
// and removed after its last. Thread-safe.
//
// Why the engine keeps them and not the agent: a task runs as another user and may leave directories that only
// root can empty, and the agent need not be root (systemd/pawl.service); nor need the engine see
// the agent's files (user namespaces, another host); and what a task fills is the engine's disk, not the store's.
#pragma once

#include <mutex>
#include <set>
#include <stop_token>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "ports/container_engine.h"

namespace pawl {

class Workspaces {
 public:
  // Both must outlive the object.
  Workspaces(ContainerEngine& engine, const std::string& instance_id)
      : engine_(engine), instance_id_(instance_id) {}

  // Lets every user write to the workspace that this container, not yet started, has. Asks the engine once a run:
  // it costs about a third of a container's start. Errors: the engine's.
  [[nodiscard]] Result<void> open(RunId run, const std::string& container,
                                  const std::stop_token& stop);
  // Succeeds if there is none. Errors: the engine's; kConflict while a container has it.
  [[nodiscard]] Result<void> remove(RunId run, const std::stop_token& stop);

 private:
  ContainerEngine& engine_;
  const std::string& instance_id_;
  std::mutex mutex_;
  std::set<RunId> open_;  // of unfinished runs
};

}  // namespace pawl
