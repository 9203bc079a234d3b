// The exit codes of SPEC §4, and which error means which. Pure.
#pragma once

#include "base/result.h"

namespace pawl::cli {

enum class ExitCode : int {
  kDone = 0,
  kFailed = 1,  // the run failed, or the input is invalid
  kUsage = 2,
  kNotFound = 3,
  kUnreachable = 4,  // no agent answers, or it cannot serve the request now
  kDenied = 5,
  kTimedOut = 124,     // as timeout(1)
  kInterrupted = 130,  // as a shell reports SIGINT
  kBrokenPipe = 141,   // as a shell reports SIGPIPE
};

[[nodiscard]] ExitCode exit_code(ErrorKind kind);

}  // namespace pawl::cli
