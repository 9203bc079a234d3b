// Pieces of messages: quoting outside text, listing, sizes. Pure; any thread.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace pawl {

// "text" in quotes, control characters escaped and the rest cut off after some 60 bytes.
[[nodiscard]] std::string quoted(std::string_view text);

// "a, b and c".
[[nodiscard]] std::string listed(std::span<const std::string_view> words,
                                 std::string_view conjunction = "and");

// "512m", "2g", "1500": what base/time.h's parse_size_bytes reads back.
[[nodiscard]] std::string format_size(std::int64_t bytes);
// "0.5", "2".
[[nodiscard]] std::string format_cpus(std::int64_t cpus_milli);
// Unlike base/time.h's format_duration exact: "1h30m5s"; what parse_duration_ms reads back.
[[nodiscard]] std::string format_exact_duration(std::int64_t ms);

}  // namespace pawl
