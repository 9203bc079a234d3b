// Query parameters as values. Every refusal is kInvalid and names the parameter, what was given, and
// what it takes. A missing parameter is its fallback.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "http/router.h"

namespace pawl::http {

[[nodiscard]] Error bad_query_value(std::string_view name, std::string_view value,
                                    std::string_view wanted);

// A decimal number in [low, high].
[[nodiscard]] Result<std::uint32_t> query_number(const Call& call, std::string_view name,
                                                 std::uint32_t low, std::uint32_t high,
                                                 std::uint32_t fallback);
// "true" or "false".
[[nodiscard]] Result<bool> query_flag(const Call& call, std::string_view name, bool fallback);
// The index of one of `words`; nothing when the parameter is missing.
[[nodiscard]] Result<std::optional<std::size_t>> query_word(
    const Call& call, std::string_view name, const std::vector<std::string_view>& words);
// RFC 3339, or a duration back from `now`: "24h". Unset when the parameter is missing.
[[nodiscard]] Result<WallTime> query_since(const Call& call, std::string_view name, WallTime now);

}  // namespace pawl::http
