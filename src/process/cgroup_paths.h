// Where this process's control groups are, from the kernel's own tables: /proc/self/cgroup and /proc/self/mountinfo
// (cgroups(7), proc(5)). Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace pawl {

struct CgroupPlaces {
  // v2: the directory of this process's own group; empty where the unified hierarchy is not mounted.
  std::string unified;
  // v1: likewise of each controller ("memory", "cpu", "cpuacct", "pids") that has a hierarchy.
  std::map<std::string, std::string> controllers;
  bool operator==(const CgroupPlaces&) const = default;
};

// A hierarchy that is mounted from below this process's group (a container with a cgroup namespace of another's) is
// left out: nothing of it can be named.
[[nodiscard]] CgroupPlaces cgroup_places(std::string_view self_cgroup, std::string_view mountinfo);

}  // namespace pawl
