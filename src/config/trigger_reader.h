// Reads `triggers` (SPEC §1). One thread; loads zones.
#pragma once

#include <vector>

#include "config/reader.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// Those that are right; the others are problems. `pipeline` has its name, params and tasks.
[[nodiscard]] std::vector<Trigger> read_triggers(MappingReader& mapping, const Pipeline& pipeline,
                                                 const HostConfig& host);

}  // namespace pawl::config
