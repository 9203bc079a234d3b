// Reads `webhook` triggers (SPEC §1), in their short and long form. One thread.
#pragma once

#include <optional>

#include "config/expression_check.h"
#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// Nothing where there is no path to reach it by. `pipeline` has its params and tasks.
[[nodiscard]] std::optional<WebhookTrigger> read_webhook(MappingReader& trigger,
                                                         const Pipeline& pipeline,
                                                         ExpressionCheck& expressions);

}  // namespace pawl::config
