// When a cron schedule fires next; cron.cpp reads the expression.
//
// A wall clock's time is not a line: it jumps. So the search has two layers. first_match() knows the
// calendar only: it goes from month to month to day to second and skips what cannot match, so that
// eight years cost at most 96 months. Above it, the two kinds of jobs map civil times to instants:
//   fixed    a civil time fires at the first instant at which the clock shows it *or later*: for a
//            skipped one that is the jump, for a repeated one the first pass. This is monotonic, so the
//            next tick is the first match beyond the latest civil time that the clock has shown so far.
//   elapsed  between two jumps the clock is a line; each stretch is searched on its own.
// Rejected: stepping through minutes as cron daemons do (8 years are 4 million of them), and matching in
// UTC with corrections afterwards.
#include <algorithm>
#include <bit>

#include "model/cron.h"
#include "model/limits.h"

namespace pawl {
namespace {

// Beyond these the calendar is of no use to anybody and arithmetic could overflow.
constexpr WallTime kEarliest{-62135596800000};  // 0001-01-01
constexpr WallTime kLatest{253402300799000};    // 9999-12-31

template <std::size_t N>
int first_from(const std::bitset<N>& bits, int from) {
  static_assert(N <= 64);
  if (from >= static_cast<int>(N)) return -1;
  const std::uint64_t rest = bits.to_ullong() >> from;
  return rest == 0 ? -1 : from + std::countr_zero(rest);
}

CivilTime start_of_day(std::int64_t year, int month, int day) {
  return {year, month, day, 0, 0, 0};
}

CivilTime after_month(const CivilTime& time) {
  return time.month < 12 ? start_of_day(time.year, time.month + 1, 1)
                         : start_of_day(time.year + 1, 1, 1);
}

// The weekday nearest to `day` within its month of `length` days.
int nearest_weekday(int day, int day_of_week, int length) {
  if (day_of_week == 6) return day > 1 ? day - 1 : day + 2;
  if (day_of_week == 0) return day < length ? day + 1 : day - 2;
  return day;
}

CivilTime horizon(const CivilTime& start) {
  CivilTime end = start;
  end.year += limits::kCronHorizonYears;
  return end;
}

}  // namespace

std::uint32_t CronSchedule::matching_days(std::int64_t year, int month) const {
  const int length = days_in_month(year, month);
  const int first_weekday = day_of_week(year, month, 1);
  std::uint32_t by_date = 0;
  std::uint32_t by_weekday = 0;
  for (int day = 1; day <= length; ++day) {
    const auto index = static_cast<std::size_t>(day);
    const auto weekday = static_cast<std::size_t>((first_weekday + day - 1) % 7);
    const std::uint32_t bit = 1u << day;
    if (days_of_month_[index] || (last_day_ && day == length)) by_date |= bit;
    if (nearest_weekday_[index]) {
      by_date |= 1u << nearest_weekday(day, static_cast<int>(weekday), length);
    }
    const unsigned nth = static_cast<unsigned>(day + 6) / 7;
    if (days_of_week_[weekday] || (last_day_of_week_[weekday] && day + 7 > length) ||
        ((nth_day_of_week_[weekday] >> nth) & 1u) != 0) {
      by_weekday |= bit;
    }
  }
  if (last_weekday_) {
    by_date |= 1u << nearest_weekday(length, (first_weekday + length - 1) % 7, length);
  }
  // POSIX: two restricted fields widen each other.
  return any_day_of_month_ || any_day_of_week_ ? by_date & by_weekday : by_date | by_weekday;
}

bool CronSchedule::match_in_day(CivilTime& time) const {
  int hour = first_from(hours_, time.hour);
  while (hour >= 0) {
    if (hour > time.hour) time.minute = time.second = 0;
    time.hour = hour;
    int minute = first_from(minutes_, time.minute);
    if (minute > time.minute) time.second = 0;
    if (minute >= 0 && first_from(seconds_, time.second) < 0) {
      minute = first_from(minutes_, minute + 1);
      time.second = 0;
    }
    if (minute >= 0) {
      time.minute = minute;
      time.second = first_from(seconds_, time.second);
      return true;
    }
    hour = first_from(hours_, hour + 1);
  }
  return false;
}

std::optional<CivilTime> CronSchedule::first_match(CivilTime from, const CivilTime& until) const {
  while (from <= until) {
    if (!months_[static_cast<std::size_t>(from.month)]) {
      from = after_month(from);
      continue;
    }
    const std::uint32_t days = matching_days(from.year, from.month);
    // Inside the month by bits; the search by date starts over with the next one.
    for (std::uint32_t rest = days >> from.day << from.day; rest != 0; rest &= rest - 1) {
      const int day = std::countr_zero(rest);
      CivilTime time = day == from.day ? from : start_of_day(from.year, from.month, day);
      if (!match_in_day(time)) continue;
      if (time > until) return std::nullopt;
      return time;
    }
    from = after_month(from);
  }
  return std::nullopt;
}

std::optional<WallTime> CronSchedule::next_fixed(WallTime after, const Zone& zone) const {
  CivilTime start = zone.to_civil(after);
  const CivilTime until = horizon(start);
  while (true) {
    ++start.second;
    const std::optional<CivilTime> match = first_match(start, until);
    if (!match) return std::nullopt;
    const CivilLookup found = zone.lookup(*match);
    if (found.first > after) return found.first;
    // The second pass of a repeated time: go on where the clock shows something new, not second by second.
    start = *match;
    if (const auto jump = zone.next_transition(found.first)) {
      start = std::max(start, zone.to_civil(jump->plus_ms(-1)));
    }
  }
}

std::optional<WallTime> CronSchedule::next_elapsed(WallTime after, const Zone& zone) const {
  CivilTime start = zone.to_civil(after);
  const CivilTime until = horizon(start);
  ++start.second;
  WallTime stretch = after;
  while (true) {
    const std::optional<WallTime> jump = zone.next_transition(stretch);
    CivilTime end = until;
    if (jump) {
      const CivilTime last = zone.to_civil(jump->plus_ms(-1));
      if (last < end) end = last;
    }
    if (const std::optional<CivilTime> match = first_match(start, end)) {
      return Zone().lookup(*match).first.plus_ms(-1000LL * zone.offset_s(stretch));
    }
    if (!jump) return std::nullopt;
    start = zone.to_civil(*jump);
    if (start > until) return std::nullopt;
    stretch = *jump;
  }
}

std::optional<WallTime> CronSchedule::next(WallTime after, const Zone& zone) const {
  if (after > kLatest) return std::nullopt;
  if (after < kEarliest) after = kEarliest;
  if (every_ms_ > 0) {
    const std::int64_t past = after.ms % every_ms_;
    return WallTime{after.ms - past + (past < 0 ? 0 : every_ms_)};
  }
  return wildcard_time_ ? next_elapsed(after, zone) : next_fixed(after, zone);
}

}  // namespace pawl
