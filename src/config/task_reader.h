// Reads `tasks` (SPEC §1) and checks their graph. One thread.
#pragma once

#include <vector>

#include "config/reader.h"
#include "config/task_settings.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// The tasks in the order written, complete: with the settings of `defaults` and the pipeline's
// environment.
[[nodiscard]] std::vector<Task> read_tasks(MappingReader& pipeline, const TaskSettings& defaults,
                                           const Variables& pipeline_env, const HostConfig& host);

}  // namespace pawl::config
