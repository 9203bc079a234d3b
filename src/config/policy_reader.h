// Reads `policy` of the host config (SPEC §2). One thread.
#pragma once

#include "config/reader.h"
#include "model/host_config.h"

namespace pawl::config {

void read_policy(MappingReader& host_config, HostPolicy& policy);

}  // namespace pawl::config
