// Problem: a cap that is too large keeps memory from nobody, yet lets a runaway task take it; one that is too small kills
// or slows the task. Who writes a pipeline can only guess, the history knows.
//
// Approach: half as much again as the most that was seen, in steps that a person would have written, and silence wherever
// the gain is small or little is known. Memory is raised only after the kernel killed for the want of it: a peak close to the cap
// is mostly page cache, which fills whatever there is. Rejected: percentiles (the one attempt that needs more is the one that fails).
#include "http/cap_suggestion.h"

#include <algorithm>

#include "model/limits.h"

namespace pawl::http {
namespace {

constexpr std::uint32_t kLeastAttempts = 3;
// CPU time is looked at once a second at most: the share of shorter attempts would be too small.
constexpr std::int64_t kLeastDurationMs = 5'000;
constexpr std::int64_t kThrottledPercent = 20;  // over this, more CPU would help
constexpr std::int64_t kUsedPercent = 25;       // of the cap; under this, less would do
constexpr std::int64_t kWorthPercent =
    75;  // a smaller memory cap than this much of it is worth a word
constexpr std::int64_t kCpuStepMilli = 100;
constexpr std::int64_t kLargeCpuStepMilli = 500;

std::int64_t round_up(std::int64_t value, std::int64_t step) {
  return (value + step - 1) / step * step;
}

std::int64_t with_reserve(std::int64_t most_used) { return most_used + most_used / 2; }

// The largest power of two within an eighth, and whole mebibytes: 91.5 MiB become 96.
std::int64_t round_up_memory(std::int64_t bytes) {
  constexpr std::int64_t kSteps = 8;
  std::int64_t step = std::int64_t{1} << 20;
  while (step * 2 * kSteps <= bytes) step *= 2;
  return round_up(bytes, step);
}

std::int64_t round_up_cpus(std::int64_t cpus_milli) {
  return round_up(cpus_milli, cpus_milli <= 1000 ? kCpuStepMilli : kLargeCpuStepMilli);
}

std::int64_t at_most(std::int64_t value, std::int64_t policy_max) {
  return policy_max > 0 ? std::min(value, policy_max) : value;
}

std::int64_t suggest_memory(const Task& task, const HostPolicy& policy, const TaskUse& use) {
  if (use.peak_memory_bytes == 0) return 0;
  std::int64_t wanted = round_up_memory(with_reserve(use.peak_memory_bytes));
  wanted = std::max(wanted, limits::kMemoryMinBytes);
  wanted = at_most(wanted, policy.max_memory_bytes);
  if (wanted < use.peak_memory_bytes) return 0;
  const bool is_needed = use.ooms > 0 && wanted > task.memory_bytes;
  const bool is_worth_it = wanted * 100 <= task.memory_bytes * kWorthPercent;
  return is_needed || is_worth_it ? wanted : 0;
}

std::int64_t suggest_cpus(const Task& task, const HostPolicy& policy, const TaskUse& use) {
  if (use.timed_attempts < kLeastAttempts) return 0;
  const std::int64_t cap = task.cpus_milli;
  if (use.throttled_percent > kThrottledPercent) {
    // What it would have taken without a cap is not known; twice as much is a step that shows.
    const std::int64_t free_percent = std::max<std::int64_t>(100 - use.throttled_percent, 50);
    const std::int64_t wanted =
        at_most(round_up_cpus(cap * 100 / free_percent), policy.max_cpus_milli);
    return wanted > cap ? wanted : 0;
  }
  if (use.highest_cpus_milli * 100 >= cap * kUsedPercent) return 0;
  const std::int64_t wanted =
      std::max(round_up_cpus(with_reserve(use.highest_cpus_milli)), kCpuStepMilli);
  return wanted < cap ? wanted : 0;
}

}  // namespace

TaskUse summarise_use(const std::vector<UseSample>& samples) {
  TaskUse use;
  std::vector<std::int64_t> cpus_milli;
  std::int64_t duration_ms = 0;
  std::int64_t throttled_ms = 0;
  for (const UseSample& sample : samples) {
    ++use.attempts;
    std::int64_t peak_bytes = sample.usage.peak_memory_bytes;
    if (sample.oom_killed) {
      ++use.ooms;
      peak_bytes = std::max(peak_bytes, sample.memory_cap_bytes);
    }
    use.peak_memory_bytes = std::max(use.peak_memory_bytes, peak_bytes);
    if (sample.usage.cpu_ms == 0 || sample.duration_ms < kLeastDurationMs) continue;
    cpus_milli.push_back(sample.usage.cpu_ms * 1000 / sample.duration_ms);
    duration_ms += sample.duration_ms;
    // The kernel counts it on each CPU: it can be more than the time that went by.
    throttled_ms += std::min(sample.usage.throttled_ms, sample.duration_ms);
  }
  if (cpus_milli.empty()) return use;
  std::sort(cpus_milli.begin(), cpus_milli.end());
  use.timed_attempts = static_cast<std::uint32_t>(cpus_milli.size());
  use.median_cpus_milli = cpus_milli[cpus_milli.size() / 2];
  use.highest_cpus_milli = cpus_milli.back();
  use.throttled_percent = throttled_ms * 100 / duration_ms;
  return use;
}

CapSuggestion suggest_caps(const Task& task, const HostPolicy& policy, const TaskUse& use) {
  if (use.attempts < kLeastAttempts) return {};
  return {suggest_memory(task, policy, use), suggest_cpus(task, policy, use)};
}

}  // namespace pawl::http
