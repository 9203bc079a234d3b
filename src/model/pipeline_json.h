// A pipeline as JSON and back: the form of stored snapshots and of the API's pipeline answers.
// Unknown members are ignored on reading and missing ones take the model's default, so that
// snapshots written by older and newer versions load. Pure but for Zone::load.
#pragma once

#include <string_view>

#include "base/json.h"
#include "base/result.h"
#include "model/pipeline.h"

namespace pawl {

// With `origin` as its last member.
[[nodiscard]] Json to_json(const Pipeline& pipeline);
// The words of SPEC §1.
[[nodiscard]] std::string_view to_string(Catchup catchup);
[[nodiscard]] std::string_view to_string(UpstreamEnd end);
[[nodiscard]] std::string_view to_string(OnConflict conflict);
// Errors: kCorrupt, naming the member.
[[nodiscard]] Result<Pipeline> pipeline_from_json(const Json& json);

}  // namespace pawl
