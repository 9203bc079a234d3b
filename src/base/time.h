// Clock types. Wall time and monotonic time are different types so that they cannot be mixed:
// wall time is for people, schedules and the store; monotonic time is for timeouts and delays.
// Both in whole milliseconds. Values.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

// Milliseconds since 1970-01-01T00:00:00Z. 0 means "not set" in records.
struct WallTime {
  std::int64_t ms = 0;
  auto operator<=>(const WallTime&) const = default;
  [[nodiscard]] bool is_set() const { return ms != 0; }
  [[nodiscard]] WallTime plus_ms(std::int64_t delta) const { return WallTime{ms + delta}; }
};

// Milliseconds since an arbitrary start; meaningful within one boot only.
struct MonoTime {
  std::int64_t ms = 0;
  auto operator<=>(const MonoTime&) const = default;
  [[nodiscard]] MonoTime plus_ms(std::int64_t delta) const { return MonoTime{ms + delta}; }
};

// RFC 3339, UTC, milliseconds: "2026-03-29T01:00:00.000Z".
[[nodiscard]] std::string format_rfc3339(WallTime time);
// RFC 3339 with "Z" or a numeric offset, fraction optional (kept to ms). Years 1970..9999.
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);
// "1h30m", "45s", "250ms": the two largest units, for people.
[[nodiscard]] std::string format_duration(std::int64_t ms);
// SPEC §1 durations: "90", "90s", "15m", "1h30m", "2d", and "500ms"; positive sums of units in
// falling order. Nothing for anything else or for more than 366 days.
[[nodiscard]] std::optional<std::int64_t> parse_duration_ms(std::string_view text);
// SPEC §1 sizes: "512m", "4GB", "256MiB", "1048576"; powers of 1024 as Docker means them.
[[nodiscard]] std::optional<std::int64_t> parse_size_bytes(std::string_view text);

}  // namespace pawl
