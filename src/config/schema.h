// The JSON Schema (draft 2020-12) of pipeline files, for editors: config/pipeline.schema.json is its text. Written
// from the key tables that the readers use, older dialects included. It accepts whatever the readers
// accept, and refuses what can be told from a value alone: they know more. Pure; any thread.
#pragma once

#include "base/json.h"

namespace pawl::config {

[[nodiscard]] Json pipeline_schema();

}  // namespace pawl::config
