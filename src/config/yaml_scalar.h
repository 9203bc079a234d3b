// Scalars by YAML 1.2's core schema (chapter 10.3): what a plain scalar means. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace pawl::config {

// true True TRUE false False FALSE; nothing of YAML 1.1 (yes, on, ...).
[[nodiscard]] std::optional<bool> parse_core_boolean(std::string_view text);
// [-+]?[0-9]+ (leading zeros do not make it octal), 0o17, 0xff. Nothing when it does not fit.
[[nodiscard]] std::optional<std::int64_t> parse_core_integer(std::string_view text);
// An integer, or [-+]?(.[0-9]+|[0-9]+(.[0-9]*)?)([eE][-+]?[0-9]+)?. No infinities, no NaN.
[[nodiscard]] std::optional<double> parse_core_number(std::string_view text);

}  // namespace pawl::config
