// Waiting for a run to end, with or without its output. Ctrl-C detaches: the run goes on.
#pragma once

#include <cstdint>
#include <optional>

#include "base/ids.h"
#include "base/result.h"
#include "cli/api_client.h"
#include "cli/context.h"
#include "cli/exit_code.h"

namespace pawl::cli {

struct WatchOptions {
  RunId run;
  bool show_logs = false;
  std::optional<std::int64_t> timeout_ms;
};

// Says on stderr how the run ended. kDone: with success; kFailed: in any other way; kTimedOut;
// kInterrupted. An agent that goes away is waited for, limits::kCliReconnectMs long; then its
// error.
[[nodiscard]] Result<ExitCode> watch_run(const WatchOptions& options, ApiClient& api,
                                         Context& context);

}  // namespace pawl::cli
