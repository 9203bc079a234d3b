// Drafts → the model's tasks: one for each instance of a matrix. One thread.
//
// Hostile input: how many tasks and how much text there will be is known, and bounded, before anything is copied.
#pragma once

#include <vector>

#include "config/expression_check.h"
#include "config/image_check.h"
#include "config/reader.h"
#include "config/task_draft.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// In the drafts' order, instances of one task side by side; what depends on a task depends on all its instances. Images
// are resolved, and those that name an axis are checked. Empty, with a problem, where there would be too much.
[[nodiscard]] std::vector<Task> expand_tasks(const std::vector<TaskDraft>& drafts,
                                             const HostPolicy& policy, ImageCheck& images,
                                             ExpressionCheck& check, ValueReader& values);

}  // namespace pawl::config
