// The process that stands between the agent and one task: it starts the task, keeps its output, ends what the task leaves
// behind, and writes down how it ended. It outlives the agent, whatever becomes of that, and ends with its task.
//
// `pawl process-supervisor DIRECTORY` is it; only spawn.h starts it, with these descriptors:
//   kSupervisorLockFd       the task's lock file, locked: the lock is the supervisor's from now on
//   kSupervisorReplyFd      a pipe for its one answer: kSupervisorStarted, or why the task could not be started
//   kSupervisorDirectoryFd  the task's directory (process/records.h), which may be renamed meanwhile
//
// It is asked to signal the task by kSupervisorSignal with that signal's number as its value: the parent alone knows that
// a process id is still its child's. All other signals but SIGKILL mean nothing to it.
#pragma once

#include <signal.h>

#include <string_view>

namespace pawl {

inline constexpr const char* kSupervisorVerb = "process-supervisor";
inline constexpr int kSupervisorLockFd = 3;
inline constexpr int kSupervisorReplyFd = 4;
inline constexpr int kSupervisorDirectoryFd = 5;
inline constexpr std::string_view kSupervisorStarted = "started";

[[nodiscard]] inline int supervisor_signal() { return SIGRTMIN; }

// Returns the process's exit code: at once in the process that was started, at the task's end in its child.
[[nodiscard]] int run_process_supervisor();

}  // namespace pawl
