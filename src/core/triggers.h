// From triggers to runs. Internal to core/.
#pragma once

#include <string>
#include <vector>

#include "core/context.h"
#include "model/event.h"

namespace pawl {

void accept_manual(StepContext& context, const ManualTriggered& event);
void accept_webhook(StepContext& context, const WebhookReceived& event);
void accept_retry(StepContext& context, const RetryRequested& event);
// A tick of a pipeline in force; always makes a run, one that is skipped where it was missed.
void accept_tick(StepContext& context, const DueTick& tick);
// A run of `pipeline`, which is in force, because another pipeline's run ended; with an obstacle, one that
// is skipped and says so.
void accept_follower(StepContext& context, const std::string& pipeline, TriggerInfo trigger,
                     const Variables& params, const std::string& obstacle);

void on_suspend(StepContext& context, const SuspendRequested& event);

}  // namespace pawl
