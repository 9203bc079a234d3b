// Which pipelines are in force. Internal to core/.
#pragma once

#include "core/context.h"
#include "model/event.h"

namespace pawl {

// Applies a pull; see "Source" in core/step.h.
void apply_pull(StepContext& context, const SourcePulled& pulled);

}  // namespace pawl
