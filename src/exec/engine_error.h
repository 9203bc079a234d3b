// What an error of the engine means to whoever asked it. Pure.
#pragma once

#include "base/result.h"

namespace pawl {

// There was no answer, and there may be one later. kExhausted: no memory or descriptor here to ask it with, which passes
// like an absence.
[[nodiscard]] inline bool is_away(const Error& error) {
  return error.kind == ErrorKind::kUnavailable || error.kind == ErrorKind::kTimeout ||
         error.kind == ErrorKind::kExhausted;
}

// What a call ended with because its asker did not want it any more.
[[nodiscard]] inline Error stopped() { return Error{ErrorKind::kCancelled, "stopped", {}}; }

[[nodiscard]] inline bool is_stopped(const Error& error) {
  return error.kind == ErrorKind::kCancelled;
}

}  // namespace pawl
