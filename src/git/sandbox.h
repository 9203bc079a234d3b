// Takes from the current process, for good, what a pull does not need. Child process only: everything
// here is irrevocable and the process's own.
//
// Each layer is used where the kernel has it; a missing one is reported and the rest still apply.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace pawl {

// First thing in the child: dies with its parent (a thread of `parent`), gains no privileges, leaves
// no core, and is bounded in memory, CPU time, files and file size. Errors: kCancelled (the parent is
// gone already).
[[nodiscard]] Result<void> limit_process(pid_t parent, std::int64_t deadline_ms);

struct SandboxPolicy {
  std::vector<std::string>
      read_paths;  // files or directories with all below; missing ones are skipped
  std::vector<std::string> write_paths;  // directories
  bool network = false;
  std::vector<std::uint16_t> connect_ports;  // TCP; beside DNS
};

// Landlock, capabilities, seccomp, in this order. Returns which are active, for a debug log.
[[nodiscard]] std::string enter_sandbox(const SandboxPolicy& policy);

// The layers, each returning "" or why it is not active. For enter_sandbox() and tests.
[[nodiscard]] std::string restrict_files(const SandboxPolicy& policy, std::string& description);
[[nodiscard]] std::string drop_capabilities();
[[nodiscard]] std::string filter_system_calls(bool network);

}  // namespace pawl
