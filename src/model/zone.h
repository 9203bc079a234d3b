// Time zones: the civil-time arithmetic that cron needs, over Abseil's time library (zone.cpp is
// the only file that sees it). Zones come from the host's zoneinfo ($TZDIR, /usr/share/zoneinfo)
// or, where the host has none (or a damaged one), from a copy embedded in the binary, which knows
// the transitions from 1970 on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"

namespace pawl {

// A date and time on a wall clock, with no zone. Month 1..12, day 1..31.
struct CivilTime {
  std::int64_t year = 1970;
  int month = 1;
  int day = 1;
  int hour = 0;
  int minute = 0;
  int second = 0;
  auto operator<=>(const CivilTime&) const = default;
};

// What a civil time means in a zone: once, never (skipped by a jump forward), or twice.
struct CivilLookup {
  enum class Kind : unsigned char { kUnique, kSkipped, kRepeated };
  Kind kind = Kind::kUnique;
  WallTime first;   // unique: the instant; repeated: the earlier one; skipped: the transition
  WallTime second;  // repeated: the later one; else equal to first
};

// A cheap value handle; loaded data lives for the whole process. load() does I/O once for a name
// and is thread-safe; every other member is pure.
class Zone {
 public:
  Zone() = default;  // UTC
  // An IANA name ("Europe/Berlin", "UTC"). kNotFound for an unknown name, kInvalid for text that is
  // no zone name (absolute paths, "..", over limits::kZoneNameBytes).
  [[nodiscard]] static Result<Zone> load(std::string_view name);

  [[nodiscard]] std::string name() const;
  [[nodiscard]] CivilTime to_civil(WallTime time) const;
  [[nodiscard]] std::int32_t offset_s(WallTime time) const;  // east of UTC, at that instant
  [[nodiscard]] CivilLookup lookup(const CivilTime& civil) const;
  // The first instant after `time` at which the civil clock jumps; nothing where it never does again.
  [[nodiscard]] std::optional<WallTime> next_transition(WallTime time) const;
  bool operator==(const Zone& other) const { return impl_ == other.impl_; }

 private:
  const void* impl_ = nullptr;  // nullptr: UTC; else an interned, never freed zone
};

// Proleptic Gregorian helpers, pure.
[[nodiscard]] int days_in_month(std::int64_t year, int month);
[[nodiscard]] int day_of_week(std::int64_t year, int month, int day);  // 0 = Sunday

}  // namespace pawl
