// Against directories that look like a control group's: what is written, and what is read.
#include "process/cgroup.h"

#include <doctest/doctest.h>

#include <fstream>
#include <initializer_list>
#include <string>
#include <vector>

#include "base/file.h"
#include "model/limits.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

constexpr TaskCaps kCaps{500, 16 << 20, 32};

struct Group {
  TempDirectory temp;

  void put(const std::string& file, const std::string& text) const {
    std::ofstream(temp / file) << text;
  }
  // As the kernel has them there with a new group.
  void put_all(std::initializer_list<const char*> files) const {
    for (const char* file : files) put(file, "");
  }
  [[nodiscard]] std::string get(const std::string& file) const {
    return read_file(temp / file, 4096).value();
  }
  [[nodiscard]] Cgroup cgroup(bool unified) const {
    CgroupPaths paths;
    paths.unified = unified;
    for (const char* name : {"memory", "cpu", "pids"}) paths.controllers[name] = temp.path();
    if (!unified) paths.controllers["cpuacct"] = temp.path();
    return Cgroup(paths);
  }
};

}  // namespace

TEST_CASE("version 2: caps, and no swap") {
  const Group group;
  group.put_all({"memory.max", "memory.swap.max", "cpu.max", "pids.max"});
  REQUIRE(group.cgroup(true).make(kCaps));
  CHECK(group.get("memory.max") == "16777216");
  CHECK(group.get("memory.swap.max") == "0");
  CHECK(group.get("cpu.max") == "50000 100000");
  CHECK(group.get("pids.max") == "32");
}

TEST_CASE("version 1: caps, and no swap, whether it is accounted or not") {
  const Group group;
  group.put_all({"memory.limit_in_bytes", "memory.swappiness", "cpu.cfs_period_us",
                 "cpu.cfs_quota_us", "pids.max"});
  REQUIRE(group.cgroup(false).make(kCaps));
  CHECK(group.get("memory.limit_in_bytes") == "16777216");
  CHECK(group.get("memory.swappiness") == "0");
  CHECK(group.get("cpu.cfs_period_us") == "100000");
  CHECK(group.get("cpu.cfs_quota_us") == "50000");
  CHECK(group.get("pids.max") == "32");
  group.put("memory.memsw.limit_in_bytes", "");
  REQUIRE(group.cgroup(false).make(kCaps));
  CHECK(group.get("memory.memsw.limit_in_bytes") == "16777216");
}

TEST_CASE("a cap that cannot be set, or is too small, is refused") {
  const Group group;
  group.put_all({"memory.max", "memory.swap.max", "cpu.max"});
  const auto made = group.cgroup(true).make(kCaps);
  REQUIRE_FALSE(made);
  CHECK(made.error().kind == ErrorKind::kInvalid);
  CHECK(made.error().message.find("pids") != std::string::npos);
  CHECK_FALSE(group.cgroup(true).make({0, limits::kMemoryMinBytes - 1, 0}));
}

TEST_CASE("version 2: what was used, who is in it, and whether the kernel killed for memory") {
  const Group group;
  const Cgroup cgroup = group.cgroup(true);
  CHECK(cgroup.usage() == ResourceUsage{});
  CHECK(cgroup.members().empty());
  group.put("memory.current", "4096\n");
  CHECK(cgroup.usage().peak_memory_bytes == 4096);
  group.put("memory.peak", "8192\n");
  group.put("cpu.stat", "usage_usec 1500000\nnr_throttled 3\nthrottled_usec 250000\n");
  CHECK(cgroup.usage() == ResourceUsage{8192, 1500, 250});
  group.put("memory.events", "low 0\noom 2\noom_kill 0\noom_group_kill 0\n");
  CHECK_FALSE(cgroup.oom_killed());
  group.put("memory.events", "oom 2\noom_kill 1\n");
  CHECK(cgroup.oom_killed());
  group.put("cgroup.procs", "17\n0\n42\n");
  CHECK(cgroup.members() == std::vector<pid_t>{17, 42});
}

TEST_CASE("version 1: likewise") {
  const Group group;
  const Cgroup cgroup = group.cgroup(false);
  group.put("memory.max_usage_in_bytes", "8192\n");
  group.put("cpuacct.usage", "1500000000\n");
  group.put("cpu.stat", "nr_periods 5\nnr_throttled 3\nthrottled_time 250000000\n");
  CHECK(cgroup.usage() == ResourceUsage{8192, 1500, 250});
  group.put("memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n");
  CHECK(cgroup.oom_killed());
}
