// Cron expressions, and when they fire next. Pure once a Zone is loaded.
//
// Forms (SPEC §1): five fields (minute hour day-of-month month day-of-week); six, seconds first,
// only when asked for; @yearly @annually @monthly @weekly @daily @midnight @hourly; "@every 90s".
// Fields: * , - / names (JAN-DEC, SUN-SAT, any case), 7 = Sunday, L (last day; 5L = last Friday),
// W (nearest weekday of the same month; LW), # (5#2 = second Friday), ? (= * in the two day
// fields). "a/n" is every n-th from a to the field's end.
// Day-of-month and day-of-week both restricted: either matches (POSIX and Vixie cron); a field that
// starts with * or is ? does not restrict, and then both must match ("*/2" and MON: odd Mondays).
//
// DST, after Vixie cron: a job whose hour and minute are fixed ("30 2 * * *") that falls into the
// hour skipped by a jump forward fires once, at the first instant after the jump; one that falls
// into a repeated hour fires once, the first time. A job whose hour or minute is a wildcard
// (starts with *) follows elapsed time: it fires for each real occurrence and for none that
// was skipped. @every follows elapsed time from the epoch. The same holds for jumps of any length
// (Vixie cron takes those over three hours for a corrected clock).
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "model/zone.h"

namespace pawl {

class CronSchedule {
 public:
  // Errors: kInvalid; the message names the field and what was meant. `context` is "column N" within the
  // expression (1-based) where that is known.
  [[nodiscard]] static Result<CronSchedule> parse(std::string_view expression, bool seconds);

  // The first tick strictly after `after`, or nothing when none comes within 8 years ("0 0 30 2 *").
  // Time: bounded by the number of days in 8 years, usually microseconds.
  [[nodiscard]] std::optional<WallTime> next(WallTime after, const Zone& zone) const;

  // As it was written, without blanks around it.
  [[nodiscard]] const std::string& expression() const { return expression_; }
  // The `seconds` that parse() takes to give this schedule again.
  [[nodiscard]] bool has_seconds() const { return has_seconds_; }

  bool operator==(const CronSchedule&) const = default;

 private:
  friend class CronParser;

  // The days of a month that match, as bits 1..31.
  [[nodiscard]] std::uint32_t matching_days(std::int64_t year, int month) const;
  // The first civil time of a day, from the given one on, that matches; nothing when there is none.
  [[nodiscard]] bool match_in_day(CivilTime& time) const;
  // The first civil time in [from, until] that matches. `from.second` may be 60.
  [[nodiscard]] std::optional<CivilTime> first_match(CivilTime from, const CivilTime& until) const;
  [[nodiscard]] std::optional<WallTime> next_fixed(WallTime after, const Zone& zone) const;
  [[nodiscard]] std::optional<WallTime> next_elapsed(WallTime after, const Zone& zone) const;

  std::string expression_;
  bool has_seconds_ = false;
  std::int64_t every_ms_ = 0;  // > 0: "@every", and nothing below is used
  std::bitset<60> seconds_, minutes_;
  std::bitset<24> hours_;
  std::bitset<32> days_of_month_;
  std::bitset<13> months_;
  std::bitset<7> days_of_week_;
  bool any_day_of_month_ = true, any_day_of_week_ = true;  // the field starts with * or is ?
  bool wildcard_time_ = false;                             // the hour or minute field starts with *
  bool last_day_ = false, last_weekday_ = false;           // L, LW
  std::bitset<32> nearest_weekday_;                        // 15W
  std::bitset<7> last_day_of_week_;                        // 5L
  std::array<std::uint8_t, 7> nth_day_of_week_{};          // 5#2: bit 2 of [5]
};

}  // namespace pawl
