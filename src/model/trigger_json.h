// A trigger's part of a definition's JSON. Internal to model/pipeline_json.cpp.
#pragma once

#include "model/json_reader.h"

namespace pawl::model_json {

[[nodiscard]] Json trigger_json(const Trigger& trigger);
// `starts` is not held against the tasks: they come later.
[[nodiscard]] Result<Trigger> read_trigger(const Reader& reader);

}  // namespace pawl::model_json
