// Reads `tasks` and the hooks (SPEC §1) and checks their graph. One thread.
#pragma once

#include <vector>

#include "config/image_check.h"
#include "config/reader.h"
#include "config/task_settings.h"
#include "config/variables_reader.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// What a pipeline gives to its tasks.
struct TaskSurroundings {
  const TaskSettings& defaults;
  const Environment& env;
  const std::vector<Placed<Param>>& params;
  const HostConfig& host;
  ImageCheck& images;
};

struct TaskList {
  std::vector<Task> tasks;               // as model/pipeline.h has them: complete, hooks last
  std::vector<Placed<std::string>> ids;  // of the tasks as written
};

[[nodiscard]] TaskList read_tasks(MappingReader& pipeline, const TaskSurroundings& around);

}  // namespace pawl::config
