#include "exec/usage_watch.h"

#include <algorithm>

#include "model/limits.h"

namespace pawl {

MonoTime UsageWatch::look(const std::string& container, const std::stop_token& stop) {
  ++looks_;
  if (const auto usage = engine_.usage(container, stop)) {
    if (!highest_) highest_.emplace();
    highest_->peak_memory_bytes = std::max(highest_->peak_memory_bytes, usage->peak_memory_bytes);
    highest_->cpu_ms = std::max(highest_->cpu_ms, usage->cpu_ms);
    highest_->throttled_ms = std::max(highest_->throttled_ms, usage->throttled_ms);
  }
  // From the answer on: a slow engine is not asked without a pause.
  return clock_.mono().plus_ms(looks_ < limits::kUsageSlowAfter ? limits::kUsageEveryMs
                                                                : limits::kUsageSlowMs);
}

}  // namespace pawl
