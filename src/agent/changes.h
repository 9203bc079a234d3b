// From what a batch stores to what watchers are told.
#pragma once

#include <vector>

#include "model/command.h"
#include "model/log_chunk.h"
#include "ports/control.h"

namespace pawl {

[[nodiscard]] Change change_of(const LogChunk& chunk);
// Appends the change a Save* or Delete* command means for watchers, if any; what repeats the change
// before it is left out.
void add_change(std::vector<Change>& changes, const Command& command);

}  // namespace pawl
