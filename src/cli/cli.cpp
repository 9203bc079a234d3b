#include "cli/cli.h"

#include <csignal>
#include <string>
#include <vector>

#include "cli/dispatch.h"

namespace pawl {

int run_cli(int argc, char** argv, const CliHooks& hooks) {
  // A reader or an agent that goes away is an error to handle, not a signal to die of.
  std::signal(SIGPIPE, SIG_IGN);
  const std::vector<std::string> arguments(argv + (argc > 0 ? 1 : 0), argv + argc);
  return cli::dispatch(arguments, cli::process_environment(), hooks);
}

}  // namespace pawl
