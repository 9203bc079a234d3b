// What a sandbox's container runs (exec/sandboxes.h).
#pragma once

namespace pawl {

// Returns when it gets SIGTERM or SIGINT; does nothing else. The exit code.
[[nodiscard]] int run_sandbox();

}  // namespace pawl
