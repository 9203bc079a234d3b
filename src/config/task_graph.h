// What tasks depend on: names turned into a graph, and what is wrong with it. Pure; one thread.
#pragma once

#include <cstdint>
#include <vector>

#include "config/reader.h"
#include "config/task_draft.h"

namespace pawl::config {

// Fills in `upstream`. Problems: ids given twice, names of no task or of a task in another list, circles.
void resolve_dependencies(std::vector<TaskDraft>& drafts, ValueReader& values);

// Everything that `task` waits for, directly or not; [i]: draft i. Circles do no harm.
[[nodiscard]] std::vector<bool> ancestors(const std::vector<TaskDraft>& drafts, std::size_t task);

}  // namespace pawl::config
