// A run's way from its first ready task to its end. Internal to core/.
#pragma once

#include "core/context.h"
#include "model/event.h"

namespace pawl {

// Puts the tasks without upstream into the ready set.
void start_run(StepContext& context, RunEntry& run);
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
void stop_attempt(StepContext& context, RunEntry& run, std::uint32_t task, StopCause cause);
// Settles what follows from the tasks' states: ready, skipped, the run's end (the run is then gone
// from the state).
void settle(StepContext& context, RunId run);

}  // namespace pawl
