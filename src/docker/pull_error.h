// Why a pull failed, told from the engine's words: it passes a registry's refusal, a connection that could not be made
// and a bad name all on as text, with a status that says little (Docker: 500 for all but "not found"; as an error in the
// progress stream once that has begun). Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl {

// The kind that ContainerEngine::pull_image promises. `kind` is the call's own: what concerns the engine itself
// (kUnavailable, kTimeout, kCancelled, ...) stays. The registry's own text cannot be trusted to be honest: it decides no
// more than how its own image's pull ends.
[[nodiscard]] ErrorKind pull_error_kind(ErrorKind kind, std::string_view message);

// What to do about it, after the message; empty where that says it all. `registry`: "host:port".
[[nodiscard]] std::string pull_error_hint(std::string_view message, const std::string& registry);

}  // namespace pawl
