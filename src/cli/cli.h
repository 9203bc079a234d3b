// The subcommands but `agent` and the internal ones, which main.cc knows.
#pragma once

#include <functional>
#include <string>

namespace pawl {

// What main.cc lends to the CLI, so that cli/ need not include agent/.
struct CliHooks {
  // Runs the agent with that host config file until a signal; returns the exit code.
  std::function<int(const std::string& config_path)> run_agent;
};

// Parses the arguments, runs the command, returns the exit code of SPEC §4.
[[nodiscard]] int run_cli(int argc, char** argv, const CliHooks& hooks);

}  // namespace pawl
