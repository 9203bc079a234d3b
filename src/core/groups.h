// Concurrency groups: which runs may start tasks. Internal to core/.
//
// A run with a group is *admitted* when the group has room, else it waits: by priority, then by age. There is
// room while one more run would keep within the smallest limit of those admitted and its own, so
// that pipelines that disagree about a group's limit get the stricter one. A run without a group is
// admitted at once. Who is admitted is not stored: what has started tasks is, at a restart, and the
// others queue again.
#pragma once

#include <string>

#include "core/context.h"

namespace pawl {

// Whether a run with this concurrency would have to wait now.
[[nodiscard]] bool group_is_full(const State& state, const Concurrency& concurrency);
// Admits the run or lets it wait; with on_conflict replace, stops the oldest others until there is
// room. Admitted runs get their first tasks ready.
void enter_group(StepContext& context, RunId run);
// For recovery: the run has started tasks and keeps its place; or it waits, and admit_waiting() follows.
void rejoin_group(StepContext& context, RunEntry& run, bool admitted);
void admit_waiting(StepContext& context, const std::string& group);
// The run has ended; `run` is still in the state. admit_waiting() must follow.
void leave_group(StepContext& context, const RunEntry& run);

}  // namespace pawl
