// The tasks' part of a definition's JSON. Internal to model/pipeline_json.cpp.
#pragma once

#include "model/json_reader.h"

namespace pawl::model_json {

[[nodiscard]] Json task_json(const Task& task, const std::vector<Task>& tasks);
// The member "tasks" of a pipeline, with every promise of model/pipeline.h kept.
[[nodiscard]] Result<void> read_tasks(const Reader& pipeline, std::vector<Task>& tasks);

}  // namespace pawl::model_json
