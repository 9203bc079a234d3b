#include "cli/exit_code.h"

namespace pawl::cli {

ExitCode exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kNotFound:
      return ExitCode::kNotFound;
    case ErrorKind::kDenied:
      return ExitCode::kDenied;
    case ErrorKind::kUnavailable:
    case ErrorKind::kTimeout:
    case ErrorKind::kExhausted:
      return ExitCode::kUnreachable;
    case ErrorKind::kInvalid:
    case ErrorKind::kConflict:
    case ErrorKind::kTooLarge:
    case ErrorKind::kCorrupt:
    case ErrorKind::kCancelled:
    case ErrorKind::kInternal:
      return ExitCode::kFailed;
  }
  return ExitCode::kFailed;
}

}  // namespace pawl::cli
