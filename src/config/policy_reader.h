// Reads `policy` of the host config (SPEC §2). One thread.
#pragma once

#include "config/reader.h"
#include "model/host_config.h"

namespace pawl::config {

// After the engine, whose socket no path may lead to.
void read_policy(MappingReader& host_config, HostConfig& config);

}  // namespace pawl::config
