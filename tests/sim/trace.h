// The story of one life, a line for each thing that happens, on stdout: for PAWL_SIM_TRACE=1.
#pragma once

#include <string>

#include "sim/life.h"
#include "sim/observer.h"

namespace pawl::sim {

void trace_line(const Life& life, const std::string& what);
void trace_step(const Life& life, const StepRecord& step);

}  // namespace pawl::sim
