#include "process/cgroup_paths.h"

#include <doctest/doctest.h>

using namespace pawl;

TEST_CASE("version 2: one place for all") {
  const CgroupPlaces places = cgroup_places(
      "0::/system.slice/pawl.service\n",
      "24 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
      "30 24 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n");
  CHECK(places.unified == "/sys/fs/cgroup/system.slice/pawl.service");
  CHECK(places.controllers.empty());
}

TEST_CASE("version 2, as the first process of a container with a cgroup namespace") {
  CHECK(cgroup_places("0::/\n", "30 24 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n").unified ==
        "/sys/fs/cgroup");
}

TEST_CASE("version 1: a place for each controller, also where two share a hierarchy") {
  const CgroupPlaces places = cgroup_places(
      "9:name=systemd:/user\n8:pids:/user\n4:memory:/deep/group\n2:cpu,cpuacct:/\n0::/user\n",
      "31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
      "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n"
      "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n"
      "39 31 0:36 / /sys/fs/cgroup/pids rw,relatime - cgroup cgroup rw,pids\n"
      "40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,name=systemd\n"
      "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n");
  CHECK(places.unified == "/sys/fs/cgroup/unified/user");
  CHECK(places.controllers.at("memory") == "/sys/fs/cgroup/memory/deep/group");
  CHECK(places.controllers.at("cpu") == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(places.controllers.at("cpuacct") == "/sys/fs/cgroup/cpu,cpuacct");
  CHECK(places.controllers.at("pids") == "/sys/fs/cgroup/pids/user");
}

TEST_CASE("a container that sees its own group as the root of what is mounted") {
  const CgroupPlaces places =
      cgroup_places("4:memory:/docker/abc\n5:pids:/docker/abc/inner\n3:cpu:/elsewhere\n",
                    "1 0 0:1 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
                    "2 0 0:2 /docker/abc /sys/fs/cgroup/pids ro - cgroup cgroup rw,pids\n"
                    "3 0 0:3 /docker/abc /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu\n");
  CHECK(places.controllers.at("memory") == "/sys/fs/cgroup/memory");
  CHECK(places.controllers.at("pids") == "/sys/fs/cgroup/pids/inner");
  CHECK_FALSE(places.controllers.contains("cpu"));
}

TEST_CASE("a name that only begins like the root is another one") {
  CHECK(cgroup_places("4:memory:/docker/abcd\n",
                      "1 0 0:1 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n")
            .controllers.empty());
}

TEST_CASE("a place outside what is mounted, and odd lines") {
  CHECK(
      cgroup_places("0::/../other\n", "30 24 0:26 / /c rw - cgroup2 cgroup rw\n").unified.empty());
  CHECK(cgroup_places("", "") == CgroupPlaces{});
  CHECK(cgroup_places("nonsense\n:::\n0::/a", "- - -\ncgroup2\n30 24 0:26 / /c rw - cgroup2\n") ==
        CgroupPlaces{});
}

TEST_CASE("a mount point with a space in it") {
  CHECK(cgroup_places("0::/a\n", "30 24 0:26 / /my\\040cgroups rw - cgroup2 cgroup rw\n").unified ==
        "/my cgroups/a");
}
