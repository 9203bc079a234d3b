// `hosts` of a pipeline (SPEC §1): which hosts it is for. Pure.
#pragma once

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

[[nodiscard]] HostSelector read_host_selector(MappingReader& pipeline);

}  // namespace pawl::config
