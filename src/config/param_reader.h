// Reads `params` (SPEC §1). One thread.
#pragma once

#include <vector>

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

[[nodiscard]] std::vector<Param> read_params(MappingReader& pipeline);

}  // namespace pawl::config
