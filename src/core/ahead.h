// Containers that are asked for before their tasks start, so that a start need not wait for a creation: those of the tasks
// that are next in the queue, and of those behind the tasks that were just started, should these succeed. At most
// as many as there are workers. A guess only: nothing is decided here. Internal to core/.
//
// Not of tasks whose order could still change: that have secrets, whose text looks at other tasks, or that wait for a retry.
// Lost with the state; a list of the engine's containers brings it back (EngineListed).
#pragma once

#include "core/context.h"

namespace pawl {

// At the end of a step, once workers are given out.
void prepare_ahead(StepContext& context);

// The task is over without it, or is given to a worker: the container that waits for it is not wanted, or used.
void drop_ahead(StepContext& context, TaskRef task);
void use_ahead(StepContext& context, const AttemptKey& key);

// The engine has a container of an attempt that is not under way. True: it waits for a task that is not over, prepared
// by an earlier agent; whoever starts that attempt looks at it.
[[nodiscard]] bool keep_ahead(StepContext& context, const AttemptKey& key);

}  // namespace pawl
