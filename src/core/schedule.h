// Cron ticks: which are due, and where each pipeline's schedule stands. Pure; internal to core/, but for
// due_ticks() and tick_identity(), which the loop calls before it steps a TimePassed.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "model/event.h"

namespace pawl {

// What a TimePassed at this moment has to deal with, in order of time: the ticks to run and those to
// record as missed, by each trigger's catch-up rule and deadline. Changes nothing.
[[nodiscard]] std::vector<DueTick> due_ticks(const State& state, WallTime wall, MonoTime mono);
// Under which the store knows a tick's run.
[[nodiscard]] std::string tick_identity(const DueTick& tick);

// Sets the pipeline's next tick to its first one after `after`; none while it is suspended.
void schedule_after(StepContext& context, const std::string& name, WallTime after);
void unschedule(StepContext& context, const std::string& name);
void take_ticks(StepContext& context, const std::vector<DueTick>& ticks);

// Before anything else of a step: what its times say of the clock.
void observe_clock(StepContext& context, bool synchronised);

}  // namespace pawl
