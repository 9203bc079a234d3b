// What a task's caps could be, from what its attempts used: for the person who writes the pipeline; pawl itself never
// changes one. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include "model/host_config.h"
#include "model/pipeline.h"
#include "model/run.h"

namespace pawl::http {

// One attempt that has ended, and what is known of it.
struct UseSample {
  std::int64_t duration_ms = 0;       // of its container
  std::int64_t memory_cap_bytes = 0;  // that it ran under
  ResourceUsage usage;
  bool oom_killed = false;
};

// What the attempts of a task used; 0 where nothing is known of it, as in ResourceUsage.
struct TaskUse {
  std::uint32_t attempts = 0;  // looked at
  std::uint32_t ooms = 0;
  std::int64_t peak_memory_bytes = 0;  // the highest; of one out of memory at least its cap
  // Of attempts that were long enough to tell (see the .cpp); 1000: one CPU all the time.
  std::uint32_t timed_attempts = 0;
  std::int64_t median_cpus_milli = 0;
  std::int64_t highest_cpus_milli = 0;
  std::int64_t throttled_percent = 0;  // of their time
  bool operator==(const TaskUse&) const = default;
};
[[nodiscard]] TaskUse summarise_use(const std::vector<UseSample>& samples);

struct CapSuggestion {
  std::int64_t memory_bytes = 0;  // 0: no reason to change it
  std::int64_t cpus_milli = 0;    // likewise
  bool operator==(const CapSuggestion&) const = default;
};
[[nodiscard]] CapSuggestion suggest_caps(const Task& task, const HostPolicy& policy,
                                         const TaskUse& use);

}  // namespace pawl::http
