// Asking the agent for a run, and going along with it: what `run` and `retry` share.
#pragma once

#include <string>

#include "base/json.h"
#include "base/result.h"
#include "cli/arguments.h"
#include "cli/context.h"
#include "cli/exit_code.h"

namespace pawl::cli {

// POSTs `body` to `target`, prints the run's number on a line of its own, and waits if that was asked for. The request
// always carries an idempotency key, the caller's or one of its own, so that one whose answer got lost can be repeated
// without a second run. Errors: ApiClient's.
[[nodiscard]] Result<ExitCode> start_run(const std::string& target, const Json& body,
                                         const StartArguments& start, Context& context);

}  // namespace pawl::cli
