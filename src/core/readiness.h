// Which tasks of a run may start, which never will, and when the run is over. Internal to core/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/context.h"

namespace pawl {

// Ends the task. What follows for the tasks behind it is consider_downstream()'s.
void finish_task(StepContext& context, RunEntry& run, std::uint32_t index, Status status,
                 Reason reason, std::string message);
// Decides about the tasks behind `index`, which is over, and what follows from that in turn.
void consider_downstream(StepContext& context, RunEntry& run, std::uint32_t index);
// The task's own time has come (again): into the ready queue.
void make_ready(StepContext& context, RunEntry& run, std::uint32_t index);
// Decides about all tasks that wait; the run must be admitted.
void start_run(StepContext& context, RunEntry& run);
// What each task that is over means for those behind it; for a run that was made or loaded.
void find_outcomes(RunEntry& run);
// Whether its trigger rule would let it run if all that is under way succeeded.
[[nodiscard]] bool would_run(const RunEntry& run, std::uint32_t index);
// Whether the task counts among those that decide how the run ends: it is no hook.
[[nodiscard]] bool is_main(const RunEntry& run, std::uint32_t index);
// Ends the runs that were touched and are over, after their hooks; and what follows from that.
void settle_touched(StepContext& context);

}  // namespace pawl
