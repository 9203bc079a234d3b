#include "process/process_table.h"

#include <doctest/doctest.h>

#include <unistd.h>

#include <algorithm>

using namespace pawl;

TEST_CASE("a line of /proc/PID/stat, whatever the program is called") {
  const std::string rest =
      " S 10 20 30 0 -1 4194560 100 200 0 0 5 6 7 8 20 0 1 0 12345 1000000 300";
  for (const char* name : {"sh", "a b", ") S 1 (", "x) R 1 1 1 (y"}) {
    CAPTURE(name);
    const auto process = parse_process("42 (" + std::string(name) + ")" + rest);
    REQUIRE(process);
    CHECK(process->pid == 42);
    CHECK(process->parent == 10);
    CHECK(process->session == 30);
    CHECK(process->cpu_ticks == 26);
    CHECK(process->start_ticks == 12345);
    CHECK_FALSE(process->dead);
  }
  CHECK(parse_process("42 (sh) Z 10 20 30 0 -1 0 0 0 0 0 0 0 0 0 20 0 1 0 9 0 0")->dead);
  CHECK_FALSE(parse_process(""));
  CHECK_FALSE(parse_process("42 (sh) S 10"));
}

TEST_CASE("descendants at any remove, in whatever order they are listed") {
  const auto entry = [](pid_t pid, pid_t parent) {
    ProcessEntry process;
    process.pid = pid;
    process.parent = parent;
    return process;
  };
  const std::vector<ProcessEntry> table = {entry(5, 4), entry(4, 3), entry(9, 8),
                                           entry(3, 2), entry(2, 1), entry(6, 3)};
  auto found = descendants_of(2, table);
  std::sort(found.begin(), found.end());
  CHECK(found == std::vector<pid_t>{3, 4, 5, 6});
  CHECK(descendants_of(5, table).empty());
}

TEST_CASE("this process is found, with what it uses") {
  const auto own = process_of(::getpid());
  REQUIRE(own);
  CHECK(own->parent == ::getppid());
  CHECK(usage_of(::getpid()).peak_memory_bytes > 0);
  CHECK_FALSE(boot_id().empty());
}
