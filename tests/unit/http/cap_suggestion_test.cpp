#include "http/cap_suggestion.h"

#include <doctest/doctest.h>

#include <string>

namespace pawl::http {
namespace {

constexpr std::int64_t kMib = 1 << 20;

Task task_with(std::int64_t memory_mib, std::int64_t cpus_milli) {
  Task task;
  task.memory_bytes = memory_mib * kMib;
  task.cpus_milli = cpus_milli;
  return task;
}

TaskUse memory_use(std::int64_t peak_bytes, std::uint32_t attempts = 20, std::uint32_t ooms = 0) {
  TaskUse use;
  use.attempts = attempts;
  use.peak_memory_bytes = peak_bytes;
  use.ooms = ooms;
  return use;
}

TaskUse cpu_use(std::int64_t highest_milli, std::int64_t throttled_percent,
                std::uint32_t timed_attempts = 20) {
  TaskUse use;
  use.attempts = 20;
  use.timed_attempts = timed_attempts;
  use.highest_cpus_milli = highest_milli;
  use.throttled_percent = throttled_percent;
  return use;
}

TEST_CASE("memory: half as much again as the peak, in steps, where it is worth it or was needed") {
  struct Row {
    std::string what;
    std::int64_t peak_bytes;
    std::int64_t cap_mib;
    std::int64_t policy_mib;  // 0: no bound
    std::uint32_t attempts;
    std::uint32_t ooms;
    std::int64_t expected_mib;  // 0: silence
  };
  const Row rows[] = {
      {"a quarter of the cap", 61 * kMib, 256, 0, 20, 0, 96},
      {"three attempts are enough", 61 * kMib, 256, 0, 3, 0, 96},
      {"two are not", 61 * kMib, 256, 0, 2, 0, 0},
      {"nothing known", 0, 256, 0, 20, 0, 0},
      {"three quarters of the cap", 128 * kMib, 256, 0, 20, 0, 192},
      {"not worth a word", 129 * kMib, 256, 0, 20, 0, 0},
      {"page cache fills the cap", 256 * kMib, 256, 0, 20, 0, 0},
      {"killed at its cap", 256 * kMib, 256, 0, 20, 1, 384},
      {"killed, and the policy allows a little more", 256 * kMib, 256, 300, 20, 1, 300},
      {"killed at the most that the policy allows", 256 * kMib, 256, 256, 20, 1, 0},
      {"killed, and the policy allows less by now", 256 * kMib, 256, 128, 20, 1, 0},
      {"killed under an older cap, enough since", 64 * kMib, 256, 0, 20, 3, 96},
      {"never under the engine's least", 100 * 1024, 256, 0, 20, 0, 6},
      {"small steps for small tasks", 7 * kMib, 256, 0, 20, 0, 11},
      {"large steps for large ones", 1000 * kMib, 4096, 0, 20, 0, 1536},
      {"a gigabyte and more", 1100 * kMib, 4096, 0, 20, 0, 1664},
      {"the policy has the last word", 100 * kMib, 1024, 120, 20, 0, 120},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    HostPolicy policy;
    policy.max_memory_bytes = row.policy_mib * kMib;
    const CapSuggestion caps = suggest_caps(task_with(row.cap_mib, 1000), policy,
                                            memory_use(row.peak_bytes, row.attempts, row.ooms));
    CHECK(caps.memory_bytes == row.expected_mib * kMib);
    CHECK(caps.cpus_milli == 0);
  }
}

TEST_CASE("cpus: more where the cap holds the task back, less where most of it is never used") {
  struct Row {
    std::string what;
    std::int64_t highest_milli;
    std::int64_t throttled_percent;
    std::int64_t cap_milli;
    std::int64_t policy_milli;  // 0: no bound
    std::uint32_t timed_attempts;
    std::int64_t expected_milli;  // 0: silence
  };
  const Row rows[] = {
      {"throttled for a fifth of the time", 500, 20, 500, 0, 20, 0},
      {"throttled for more", 500, 21, 500, 0, 20, 700},
      {"throttled for half of it", 500, 50, 500, 0, 20, 1000},
      {"throttled all the time", 500, 100, 500, 0, 20, 1000},
      {"larger steps over one CPU", 1000, 44, 1000, 0, 20, 2000},
      {"as much as the policy allows", 500, 50, 500, 800, 20, 800},
      {"the policy allows no more", 500, 50, 500, 500, 20, 0},
      {"a quarter of the cap used", 250, 0, 1000, 0, 20, 0},
      {"less than that", 249, 0, 1000, 0, 20, 400},
      {"hardly anything", 3, 0, 1000, 0, 20, 100},
      {"the least there is", 3, 0, 100, 0, 20, 0},
      {"too few that were long enough", 3, 90, 1000, 0, 2, 0},
  };
  for (const Row& row : rows) {
    INFO(row.what);
    HostPolicy policy;
    policy.max_cpus_milli = row.policy_milli;
    const CapSuggestion caps =
        suggest_caps(task_with(256, row.cap_milli), policy,
                     cpu_use(row.highest_milli, row.throttled_percent, row.timed_attempts));
    CHECK(caps.cpus_milli == row.expected_milli);
    CHECK(caps.memory_bytes == 0);
  }
}

TEST_CASE("what attempts used is put together; what the engine did not say is left out") {
  CHECK(summarise_use({}) == TaskUse{});
  const TaskUse use = summarise_use({
      {10'000, 256 * kMib, {10 * kMib, 1'000, 0}, false},
      {10'000, 256 * kMib, {30 * kMib, 9'000, 4'000}, false},
      {20'000, 256 * kMib, {0, 4'000, 50'000}, false},        // counted on each of its CPUs
      {4'999, 256 * kMib, {20 * kMib, 4'000, 4'000}, false},  // too short to tell
      {10'000, 256 * kMib, {20 * kMib, 0, 9'000}, false},     // no CPU time known
  });
  CHECK(use.attempts == 5);
  CHECK(use.ooms == 0);
  CHECK(use.peak_memory_bytes == 30 * kMib);
  CHECK(use.timed_attempts == 3);
  CHECK(use.median_cpus_milli == 200);
  CHECK(use.highest_cpus_milli == 900);
  CHECK(use.throttled_percent == 60);  // 24 s of 40 s
}

TEST_CASE("an attempt out of memory needed its cap at least, however little was seen") {
  const TaskUse use = summarise_use({{1'000, 64 * kMib, {}, true},
                                     {1'000, 32 * kMib, {40 * kMib, 0, 0}, true},
                                     {1'000, 512 * kMib, {50 * kMib, 0, 0}, false}});
  CHECK(use.ooms == 2);
  CHECK(use.peak_memory_bytes == 64 * kMib);
}

}  // namespace
}  // namespace pawl::http
