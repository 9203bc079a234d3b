// The agent from start to end.
#pragma once

#include <string>

namespace pawl {

// Runs with that host config until SIGTERM or SIGINT; returns the process's exit code (0: stopped as asked;
// 1: it could not start, and said why). Running containers are left alone: the next start
// re-attaches to them. SIGHUP pulls all sources at once. Must be called before any other thread is started.
[[nodiscard]] int run_agent(const std::string& config_path);

}  // namespace pawl
