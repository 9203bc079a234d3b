// From triggers to runs. Internal to core/.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "model/event.h"

namespace pawl {

void accept_manual(StepContext& context, const ManualTriggered& event);
void accept_webhook(StepContext& context, const WebhookReceived& event);
// A tick of a pipeline in force; always makes a run.
void accept_tick(StepContext& context, const std::string& pipeline, WallTime tick);

}  // namespace pawl
