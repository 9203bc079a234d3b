// One task's control group: its caps on memory, processors and processes, and what it used of them. Below pawl's own
// group, whether the host has cgroups of version 2 or 1 (or both at once, as long as each cap has a controller somewhere).
//
// A group's directories are kept with its task, so that the supervisor and a later agent, which may be in other groups
// themselves, find it again. Any thread; values.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/run.h"
#include "process/cgroup_paths.h"
#include "process/records.h"

namespace pawl {

struct TaskCaps {
  std::int64_t cpus_milli = 0;
  std::int64_t memory_bytes = 0;
  std::int64_t pids = 0;
};

// Where tasks' groups can be made here, found out once at the start.
class CgroupHost {
 public:
  // Makes pawl's own group ready to have groups below it: with version 2 that moves this process into one of its own
  // ("agent"), as a group that has others below it may have no processes itself.
  [[nodiscard]] static CgroupHost prepare();

  // Empty: caps can be enforced. Else why not.
  [[nodiscard]] const std::string& why_not() const { return why_not_; }
  [[nodiscard]] CgroupPaths paths_of(const std::string& id) const;

 private:
  void prepare_unified(const std::string& own);
  void prepare_controllers(const std::map<std::string, std::string>& places);

  bool unified_ = false;
  std::map<std::string, std::string> parents_;  // by controller
  std::string why_not_;
};

class Cgroup {
 public:
  // Makes nothing yet.
  explicit Cgroup(CgroupPaths paths);

  // Makes it, with these caps and no swap; again is no error. kInvalid: the kernel refuses.
  [[nodiscard]] Result<void> make(const TaskCaps& caps) const;
  // Moves the calling process into it. Allocates nothing.
  [[nodiscard]] bool enter() const;
  // All processes in it; none where it is gone.
  [[nodiscard]] std::vector<pid_t> members() const;
  [[nodiscard]] ResourceUsage usage() const;
  [[nodiscard]] bool oom_killed() const;
  // Succeeds if there is none. False: there still are processes in it.
  bool remove() const;

 private:
  [[nodiscard]] Result<void> make_unified(const TaskCaps& caps) const;
  [[nodiscard]] Result<void> make_controllers(const TaskCaps& caps) const;
  [[nodiscard]] Result<void> set(const std::string& controller, const std::string& file,
                                 const std::string& value) const;
  [[nodiscard]] std::string read(const std::string& controller, const std::string& file) const;

  CgroupPaths paths_;
  std::vector<std::string> members_files_;  // of each directory, once
};

}  // namespace pawl
