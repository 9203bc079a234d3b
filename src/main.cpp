// One binary, four lives: the agent, the short-lived child that pulls a source, a sandbox's only process, and the commands
// that people type.
#include <cstring>

#include "agent/agent.h"
#include "agent/pull_entry.h"
#include "agent/sandbox_entry.h"
#include "cli/cli.h"

int main(int argc, char** argv) {
  if (argc == 2 && std::strcmp(argv[1], "internal-pull") == 0) return pawl::run_internal_pull();
  if (argc == 2 && std::strcmp(argv[1], "internal-sandbox") == 0) return pawl::run_sandbox();
  pawl::CliHooks hooks;
  hooks.run_agent = [](const std::string& config_path) { return pawl::run_agent(config_path); };
  return pawl::run_cli(argc, argv, hooks);
}
