// Where a task finds its workspace and the file for its outputs, for it has no mounts of its own choosing: both lie in
// the agent's state directory, which nobody else may enter. For use in the task's own process, before it is the task.
//
// As root, the task gets a private view of the file system in which they are at kPlace, and what else is there
// (the agent's socket, other tasks' secrets) is not. Otherwise task and agent are the same user, and the paths are the real ones.
#pragma once

#include <string>

#include "model/pipeline.h"
#include "process/records.h"

namespace pawl {

inline constexpr const char* kPlace = "/run/pawl";

struct TaskPlace {
  std::string volume;  // empty: it has none
  std::string output;
};

// The paths that the task is to use. Fails with errno, for `what`.
[[nodiscard]] bool make_place(const ProcessSpec& spec, TaskPlace& place, std::string& what);

// The variables as the task has them: a value that is where a container would have a mount becomes where it is.
[[nodiscard]] Variables environment_of(const ProcessSpec& spec, const Variables& variables,
                                       const TaskPlace& place);

}  // namespace pawl
