// The `internal-pull` process: git/'s child with config/'s parser as its vetting step.
#pragma once

namespace pawl {

// Returns the process's exit code.
[[nodiscard]] int run_internal_pull();

}  // namespace pawl
