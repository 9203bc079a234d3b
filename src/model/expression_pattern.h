// Regular expressions of RE2's syntax, which match in linear time. Pure; any thread. Internal to expression*.cpp.
#pragma once

#include <string_view>

#include "base/result.h"
#include "model/expression_value.h"

namespace pawl::expression {

// Whether it is one, for literal patterns. Whether it fits limits::kExpressionPatternBytes is known only when it is
// matched: compiling takes milliseconds of what is written in a few bytes, and a file has thousands of them.
// Errors: kInvalid, kTooLarge.
[[nodiscard]] Result<void> check_pattern(std::string_view pattern);

// Somewhere in the text. Errors: kInvalid, kTooLarge.
[[nodiscard]] Result<bool> matches_regex(std::string_view text, std::string_view pattern,
                                         Steps& steps);

}  // namespace pawl::expression
