// Cron ticks: one next tick per pipeline. Internal to core/.
#pragma once

#include "core/context.h"

namespace pawl {

// Sets the pipeline's next tick to its first one after `after`.
void schedule_after(StepContext& context, const std::string& name, WallTime after);
void unschedule(StepContext& context, const std::string& name);
// Deals with every tick that is due.
void run_due_ticks(StepContext& context);

}  // namespace pawl
