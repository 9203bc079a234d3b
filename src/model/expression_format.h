// The text of format(): {0} {1} … stand for the values behind it, {{ and }} for braces. Pure; any thread.
// Internal to expression*.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::expression {

// Errors: kInvalid.
[[nodiscard]] Result<void> check_format(std::string_view format, std::size_t values);
// Errors: kInvalid, kTooLarge.
[[nodiscard]] Result<std::string> format_text(std::string_view format,
                                              std::span<const std::string> values);

}  // namespace pawl::expression
