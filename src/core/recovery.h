// Picks up where an earlier agent left off.
#pragma once

#include "core/state.h"
#include "model/command.h"
#include "model/stored_world.h"

namespace pawl {

// Fills an empty state from the store. The commands (records to mend, attempts to resume) are
// treated as those of a step. Every attempt that was under way is handed to a worker again: the
// container's name makes that idempotent, and one that was started before and is gone is reported
// missing instead of created anew. Containers that belong to nothing are removed once the engine
// has listed them (EngineListed). Pure; recovering twice from what the first time stored gives the
// same state.
[[nodiscard]] Commands recover(State& state, const StoredWorld& world, WallTime wall,
                               MonoTime mono);

// For a state that is built again while the agent runs on: what the one before it had learnt of the clock. After recover().
void keep_clock(State& state, const State& before);

}  // namespace pawl
