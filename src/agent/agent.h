// The agent from start to end.
#pragma once

#include <string>

#include "ports/clock.h"

namespace pawl {

// Runs with that host config until SIGTERM or SIGINT; returns the process's exit code (0: stopped as asked;
// 1: it could not start, and said why). Running containers are left alone: the next start
// re-attaches to them. SIGHUP pulls all sources at once. Must be called before any other thread is started.
// `clock` is asked from any thread and must outlive the call.
[[nodiscard]] int run_agent(const std::string& config_path, const Clock& clock);
// With the host's own clocks.
[[nodiscard]] int run_agent(const std::string& config_path);

}  // namespace pawl
