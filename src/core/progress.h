// A run's way from its first ready task to its end. Internal to core/.
#pragma once

#include "core/context.h"
#include "model/event.h"

namespace pawl {

// Puts the tasks whose upstream is through into the ready queue; the run must be admitted.
void start_run(StepContext& context, RunEntry& run);
// Ends the run early: what runs is stopped with a grace, what waits ends now. The run may be gone from
// the state afterwards. Does nothing where it is being stopped already.
void stop_run(StepContext& context, RunId run, RunStop stop, std::string message);
void on_started(StepContext& context, const AttemptStarted& event);
void on_ended(StepContext& context, const AttemptEnded& event);
void on_cancel(StepContext& context, const CancelRequested& event);
void on_engine_listed(StepContext& context, const EngineListed& event);
void run_due_timers(StepContext& context);
// Gives ready tasks to free workers.
void dispatch(StepContext& context);

// For recovery.
void arm_timeout(StepContext& context, RunEntry& run, std::uint32_t task);
void arm_retry(StepContext& context, RunEntry& run, std::uint32_t task, MonoTime at);
// Does nothing for a run without a timeout, or one that is being stopped. `used_ms`: of its time.
void arm_run_timeout(StepContext& context, RunEntry& run, std::int64_t used_ms);
void stop_attempt(StepContext& context, RunEntry& run, std::uint32_t task, StopCause cause);
[[nodiscard]] StopCause cause_of(RunStop stop);
// Settles what follows from the tasks' states: ready, skipped, the run's end (the run is then gone
// from the state).
void settle(StepContext& context, RunId run);

}  // namespace pawl
