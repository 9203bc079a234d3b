// run_cli() with everything of the process passed in, so that tests can call it.
#pragma once

#include <string>
#include <vector>

#include "cli/cli.h"
#include "cli/context.h"
#include "cli/exit_code.h"

namespace pawl::cli {

// `arguments` without the program's name. Writes to the environment's descriptors only.
[[nodiscard]] int dispatch(const std::vector<std::string>& arguments,
                           const CliEnvironment& environment, const CliHooks& hooks);

}  // namespace pawl::cli
