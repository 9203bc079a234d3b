// Reads `triggers` (SPEC §1). One thread; loads zones.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// Those that are right; the others are problems. `name`: the pipeline's own.
[[nodiscard]] std::vector<Trigger> read_triggers(MappingReader& pipeline, const std::string& name,
                                                 const HostConfig& host);

}  // namespace pawl::config
