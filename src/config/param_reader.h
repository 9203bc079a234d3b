// Reads `params` (SPEC §1). One thread.
#pragma once

#include <vector>

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// Each at its name.
[[nodiscard]] std::vector<Placed<Param>> read_params(MappingReader& pipeline);

}  // namespace pawl::config
