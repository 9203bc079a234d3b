// Judgements over facts: what an attempt's outcome, a retry rule and a run's tasks mean. Pure values
// in and out; internal to core/.
#pragma once

#include <cstdint>
#include <string>

#include "base/time.h"
#include "core/state.h"
#include "model/event.h"
#include "model/run.h"

namespace pawl {

struct RunVerdict {
  Status status = Status::kSuccess;
  Reason reason = Reason::kNone;
  std::string message;
};

// Completes `attempt` from what the worker reported. `stop`: whether pawl was ending it. An exit by
// itself after `timeout_ms` counts as a timeout: an agent that died between its signal and the end
// must not turn a timeout into an exit code.
void apply_outcome(Attempt& attempt, const AttemptOutcome& outcome, StopCause stop,
                   std::int64_t timeout_ms, WallTime now);

[[nodiscard]] bool may_retry(const RetryPolicy& policy, const Attempt& attempt);
// Before attempt number `failed_attempt` + 1.
[[nodiscard]] std::int64_t retry_delay_ms(const RetryPolicy& policy, std::uint32_t failed_attempt);

// All tasks but hooks must be final.
[[nodiscard]] RunVerdict judge_run(const RunEntry& run);

}  // namespace pawl
