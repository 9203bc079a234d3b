// Whether this host lets a task run, asked again before each start and before anything is asked of the engine: the
// policy may have been tightened since the definition was loaded, and what a path leads to changes. Any thread.
#pragma once

#include "base/result.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl {

// The judge is model/task_policy.h. Of the mounts, it is asked also about what their sources lead to on this host,
// links followed: a task that may write to one could leave a link there to anywhere. A source that is not here is left
// to the engine, whose host may be another one.
// Errors: kDenied, with all reasons, "; " between them.
[[nodiscard]] Result<void> check_policy(const HostPolicy& policy, const Task& task);

}  // namespace pawl
