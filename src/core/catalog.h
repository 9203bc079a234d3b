// Which pipelines are in force. Internal to core/.
#pragma once

#include "core/context.h"
#include "model/event.h"

namespace pawl {

// Applies a pull; see "Source" in core/step.h.
void apply_pull(StepContext& context, const SourcePulled& pulled);
// Its pipelines go with it.
void remove_source(StepContext& context, const SourceRemoved& removed);

}  // namespace pawl
