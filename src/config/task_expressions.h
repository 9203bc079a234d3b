// The expressions of a pipeline's tasks: what each may name depends on where the task stands in the graph. One thread.
#pragma once

#include <vector>

#include "config/expression_check.h"
#include "config/reader.h"
#include "config/task_draft.h"
#include "model/pipeline.h"

namespace pawl::config {

// Checks `when`, `image`, and the values of `command` and `env`. The dependencies must be resolved. A task without
// trigger_rule whose `when` asks for the status gets all_done.
void check_task_expressions(std::vector<TaskDraft>& drafts,
                            const std::vector<Placed<Param>>& params, ExpressionCheck& check);

// Of params that no expression names and no text reads as PAWL_PARAM_<NAME>.
void warn_unused_params(const std::vector<TaskDraft>& drafts,
                        const std::vector<Placed<Param>>& params, const ExpressionCheck& check,
                        ValueReader& values);

}  // namespace pawl::config
