// Reads `params` (SPEC §1). One thread.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// Each at its name.
[[nodiscard]] std::vector<Placed<Param>> read_params(MappingReader& pipeline);

// Whether the param takes the value, asked of the very rule that runs are held to; else there is a
// problem.
[[nodiscard]] bool check_param_value(const Param& param, const std::string& value, Place place,
                                     ValueReader& values);

}  // namespace pawl::config
