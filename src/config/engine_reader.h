// Reads `engine` of the host config (SPEC §2). One thread.
#pragma once

#include "config/host_config_loader.h"
#include "config/reader.h"
#include "model/host_config.h"

namespace pawl::config {

// What the environment says, or else pawl's own defaults; but for the image directory, which is the state's.
[[nodiscard]] EngineConfig default_engine(const HostEnvironment& environment);

// `config` has the defaults.
void read_engine(MappingReader& host_config, const HostEnvironment& environment,
                 HostConfig& config);

}  // namespace pawl::config
