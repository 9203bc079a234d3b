// Reads what concerns a pipeline's runs as a whole (SPEC §1): `concurrency`, `priority`, `timeout`.
// Pure.
#pragma once

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// Into `result`, whose name is already read. What is wrong stays at its default, with a problem.
void read_run_settings(MappingReader& pipeline, Pipeline& result);

}  // namespace pawl::config
