// Reads `triggers` (SPEC §1). One thread; loads zones.
#pragma once

#include <vector>

#include "config/reader.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// Those that are right; the others are problems.
[[nodiscard]] std::vector<Trigger> read_triggers(MappingReader& pipeline, const HostConfig& host);

}  // namespace pawl::config
