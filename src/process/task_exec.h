// The last steps of a new process on its way to being a task: own session, control group, network, place and user, no
// privileges, then the program. Called in a child of the supervisor, which has one thread.
#pragma once

#include "model/pipeline.h"
#include "process/records.h"

namespace pawl {

struct TaskLaunch {
  const ProcessSpec& spec;
  const Variables& variables;
  int output;  // its stdout
  int errors;  // its stderr
  int go;      // readable with a byte: may go on; at its end: must not
  int report;  // why it cannot be started is written here; closed with nothing once it is
};

// A program that cannot be run is the task's own failure, as with a container's init: it says so on stderr and ends with
// 127 (not there) or 126.
[[noreturn]] void become_task(const TaskLaunch& launch);

}  // namespace pawl
