// A run's way from its first ready task to its end. Internal to core/.
#pragma once

#include "core/context.h"
#include "model/event.h"

namespace pawl {

// Ends the run early: what runs is stopped with a grace, what waits ends now, then come its hooks. Does nothing where
// it is being stopped already, or only hooks are left.
void stop_run(StepContext& context, RunId run, RunStop stop, std::string message);
void on_started(StepContext& context, const AttemptStarted& event);
void on_ended(StepContext& context, const AttemptEnded& event);
void on_cancel(StepContext& context, const CancelRequested& event);
void on_engine_listed(StepContext& context, const EngineListed& event);
void run_due_timers(StepContext& context);
// Everything that follows from what was changed: runs end, other pipelines follow them, ready tasks get free workers.
void follow_up(StepContext& context);

// For recovery.
void arm_timeout(StepContext& context, RunEntry& run, std::uint32_t task);
void arm_retry(StepContext& context, RunEntry& run, std::uint32_t task, MonoTime at);
// Does nothing for a run without a timeout, or one that is being stopped. `used_ms`: of its time.
void arm_run_timeout(StepContext& context, RunEntry& run, std::int64_t used_ms);
void stop_attempt(StepContext& context, RunEntry& run, std::uint32_t task, StopCause cause);
// Why the task is being ended, by what is known of its run.
[[nodiscard]] StopCause stop_of(const RunEntry& run, std::uint32_t task);
// What a worker is told of the attempt. Errors: kInvalid, kTooLarge: a text cannot be evaluated.
[[nodiscard]] Result<RunAttempt> make_order(const StepContext& context, const RunEntry& run,
                                            const AttemptKey& key);
// Decides what follows from the tasks' states.
void settle(StepContext& context, RunId run);

}  // namespace pawl
