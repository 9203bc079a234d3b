// The processes of the host, as /proc shows them (proc(5)). Any thread.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/run.h"

namespace pawl {

struct ProcessEntry {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t session = 0;
  bool dead = false;  // a zombie: it only waits to be reaped
  std::int64_t cpu_ticks = 0;
  std::int64_t start_ticks = 0;  // since the boot
};

// The content of /proc/PID/stat; the command's name in it may be anything.
[[nodiscard]] std::optional<ProcessEntry> parse_process(std::string_view stat);
[[nodiscard]] std::optional<ProcessEntry> process_of(pid_t pid);
[[nodiscard]] std::vector<ProcessEntry> all_processes();

// Of the processes, all that descend from `ancestor`, at any remove.
[[nodiscard]] std::vector<pid_t> descendants_of(pid_t ancestor,
                                                const std::vector<ProcessEntry>& processes);

// What one process and the children that it waited for used, as far as the kernel says.
[[nodiscard]] ResourceUsage usage_of(pid_t pid);

[[nodiscard]] std::string boot_id();

}  // namespace pawl
