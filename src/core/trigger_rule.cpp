#include "core/trigger_rule.h"

#include <cstddef>

namespace pawl {
namespace {

struct Count {
  std::size_t open = 0;
  std::size_t success = 0;
  std::size_t failed = 0;
  std::size_t skipped = 0;
};

Count count(std::span<const Outcome> upstream) {
  Count count;
  for (const Outcome outcome : upstream) {
    if (outcome == Outcome::kOpen) ++count.open;
    if (outcome == Outcome::kSuccess) ++count.success;
    if (outcome == Outcome::kFailed) ++count.failed;
    if (outcome == Outcome::kSkipped) ++count.skipped;
  }
  return count;
}

// Holds already, or can still come to hold.
Readiness one_of(bool holds, const Count& upstream) {
  if (holds) return Readiness::kRun;
  return upstream.open > 0 ? Readiness::kWait : Readiness::kSkip;
}

// Holds once all are over, unless it is broken.
Readiness all_of(bool broken, const Count& upstream) {
  if (upstream.open > 0) return Readiness::kWait;
  return broken ? Readiness::kSkip : Readiness::kRun;
}

}  // namespace

Readiness judge_rule(TriggerRule rule, std::span<const Outcome> outcomes) {
  const Count upstream = count(outcomes);
  switch (rule) {
    case TriggerRule::kAllSuccess:
      if (upstream.failed > 0) return Readiness::kSkip;
      return all_of(upstream.skipped > 0, upstream);
    case TriggerRule::kNoneFailed:
      if (upstream.failed > 0) return Readiness::kSkip;
      return all_of(false, upstream);
    case TriggerRule::kAllDone:
    case TriggerRule::kAlways:
      return all_of(false, upstream);
    case TriggerRule::kAllFailed:
      return one_of(upstream.failed > 0 && upstream.failed == outcomes.size(), upstream);
    case TriggerRule::kOneSuccess:
      return one_of(upstream.success > 0, upstream);
    case TriggerRule::kOneFailed:
      return one_of(upstream.failed > 0, upstream);
    case TriggerRule::kOneDone:
      return one_of(upstream.success + upstream.failed > 0, upstream);
  }
  return Readiness::kWait;
}

bool hands_failure_on(TriggerRule rule) {
  return rule == TriggerRule::kAllSuccess || rule == TriggerRule::kOneSuccess ||
         rule == TriggerRule::kNoneFailed;
}

}  // namespace pawl
