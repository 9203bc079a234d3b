// next(): the calendar's corners, and agreement with searches that are too plain to be wrong.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "model/cron.h"

using namespace pawl;

namespace {

constexpr std::int64_t kMinuteMs = 60'000;
constexpr std::int64_t kDayMs = 24 * 60 * kMinuteMs;

WallTime at(const char* text) { return parse_rfc3339(text).value(); }

std::string next(const char* expression, const char* after, const char* zone = "UTC") {
  const auto tick =
      CronSchedule::parse(expression, false).value().next(at(after), Zone::load(zone).value());
  return tick ? format_rfc3339(*tick) : "never";
}

// A random expression, with its meaning beside it in a form that needs no parser.
struct RandomJob {
  std::string expression;
  std::set<int> minutes, hours, days, months, weekdays;
  bool any_day = false, any_weekday = false, elapsed = false;

  [[nodiscard]] bool matches(const CivilTime& time) const {
    if (minutes.count(time.minute) == 0 || hours.count(time.hour) == 0) return false;
    if (months.count(time.month) == 0) return false;
    const bool by_date = days.count(time.day) > 0;
    const bool by_weekday = weekdays.count(day_of_week(time.year, time.month, time.day)) > 0;
    return any_day || any_weekday ? by_date && by_weekday : by_date || by_weekday;
  }
};

using Random = std::mt19937_64;

int pick(Random& random, int low, int high) {
  return std::uniform_int_distribution<int>(low, high)(random);
}

// One field of random form; `star` tells whether it starts with *.
std::string random_field(Random& random, int low, int high, std::set<int>& values, bool& star) {
  const auto fill = [&](int from, int to, int step) {
    for (int value = from; value <= to; value += step) values.insert(value);
  };
  const auto text = [](int value) { return std::to_string(value); };
  star = false;
  const int form = pick(random, 0, 4);
  if (form == 0) {
    star = true;
    fill(low, high, 1);
    return "*";
  }
  const int from = pick(random, low, high);
  const int to = pick(random, from, high);
  const int step = pick(random, 1, high - low);
  if (form == 1) {
    star = true;
    fill(low, high, step);
    return "*/" + text(step);
  }
  if (form == 2) {
    fill(from, to, step);
    return text(from) + "-" + text(to) + "/" + text(step);
  }
  if (form == 3) {
    fill(from, high, step);
    values.insert(to);
    return text(from) + "/" + text(step) + "," + text(to);
  }
  values.insert(from);
  return text(from);
}

RandomJob random_job(Random& random) {
  RandomJob job;
  bool minute_star = false, hour_star = false, month_star = false;
  job.expression = random_field(random, 0, 59, job.minutes, minute_star);
  job.expression += " " + random_field(random, 0, 23, job.hours, hour_star);
  job.expression += " " + random_field(random, 1, 31, job.days, job.any_day);
  std::string months = random_field(random, 1, 12, job.months, month_star);
  if (pick(random, 0, 1) == 0) {  // else few expressions would fire within a window
    months = "*";
    job.months = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
  }
  job.expression += " " + months;
  job.expression += " " + random_field(random, 0, 6, job.weekdays, job.any_weekday);
  job.elapsed = minute_star || hour_star;
  return job;
}

CivilTime plus_minute(const CivilTime& time) {
  return Zone().to_civil(Zone().lookup(time).first.plus_ms(kMinuteMs));
}

// All ticks in (from, to], minute by minute. `latest` is what the clock has shown before `from`.
std::vector<WallTime> scan(const RandomJob& job, const Zone& zone, WallTime from, WallTime to) {
  std::vector<WallTime> ticks;
  WallTime now = from.plus_ms(-2 * kDayMs);
  CivilTime latest = zone.to_civil(now);
  while (now < to) {
    now = now.plus_ms(kMinuteMs);
    const CivilTime clock = zone.to_civil(now);
    bool fires = job.elapsed && job.matches(clock);
    while (!job.elapsed && latest < clock) {
      latest = plus_minute(latest);
      fires = job.matches(latest) || fires;
    }
    if (fires && now > from) ticks.push_back(now);
  }
  return ticks;
}

std::string text(const std::vector<WallTime>& ticks) {
  std::string joined;
  for (WallTime tick : ticks) joined += format_rfc3339(tick) + " ";
  return joined;
}

void check_against_scan(Random& random, const Zone& zone, WallTime from, WallTime to) {
  const RandomJob job = random_job(random);
  INFO(zone.name() << "  " << job.expression << "  from " << format_rfc3339(from));
  const CronSchedule schedule = CronSchedule::parse(job.expression, false).value();
  const std::vector<WallTime> expected = scan(job, zone, from, to);
  std::vector<WallTime> found;
  WallTime time = from;
  while (const auto tick = schedule.next(time, zone)) {
    REQUIRE(*tick > time);
    if (*tick > to) break;
    time = *tick;
    found.push_back(time);
  }
  CHECK(text(found) == text(expected));
  // And from instants that are no ticks.
  for (int i = 0; i < 20; ++i) {
    const WallTime after{std::uniform_int_distribution<std::int64_t>(from.ms, to.ms)(random)};
    const auto wanted = std::upper_bound(expected.begin(), expected.end(), after);
    const auto tick = schedule.next(after, zone);
    INFO("after " << format_rfc3339(after));
    if (wanted != expected.end()) {
      CHECK(tick == *wanted);
    } else {
      CHECK((!tick || *tick > to));
    }
  }
}

}  // namespace

TEST_CASE("the tick is strictly after, to the millisecond") {
  CHECK(next("0 2 * * *", "2026-01-01T01:59:59.999Z") == "2026-01-01T02:00:00.000Z");
  CHECK(next("0 2 * * *", "2026-01-01T02:00:00Z") == "2026-01-02T02:00:00.000Z");
  CHECK(next("0 2 * * *", "2026-01-01T02:00:00.001Z") == "2026-01-02T02:00:00.000Z");
  CHECK(next("@every 90s", "2026-01-01T00:01:30Z") == "2026-01-01T00:03:00.000Z");
  CHECK(next("@every 90s", "2026-01-01T00:01:29.999Z") == "2026-01-01T00:01:30.000Z");
}

TEST_CASE("ends of months and years, leap days") {
  CHECK(next("59 23 31 12 *", "2026-12-31T23:59:00Z") == "2027-12-31T23:59:00.000Z");
  CHECK(next("0 0 31 * *", "2026-01-31T00:00:00Z") == "2026-03-31T00:00:00.000Z");
  CHECK(next("0 0 29 2 *", "2026-01-01T00:00:00Z") == "2028-02-29T00:00:00.000Z");
  CHECK(next("0 0 29 2 *", "2096-02-29T00:00:00Z") == "2104-02-29T00:00:00.000Z");
  CHECK(next("0 0 L 2 *", "2028-01-01T00:00:00Z") == "2028-02-29T00:00:00.000Z");
}

TEST_CASE("what never comes, or not within eight years, is never") {
  CHECK(next("0 0 30 2 *", "2026-01-01T00:00:00Z") == "never");
  CHECK(next("0 0 30 2 *", "2026-01-01T00:00:00Z", "Europe/Berlin") == "never");
  CHECK(next("* * 31 2,4,6,9,11 *", "2026-01-01T00:00:00Z", "Europe/Berlin") == "never");
  // A fifth Sunday in February: 2032, then not before 2060.
  CHECK(next("0 0 ? 2 0#5", "2026-01-01T00:00:00Z") == "2032-02-29T00:00:00.000Z");
  CHECK(next("0 0 ? 2 0#5", "2032-03-01T00:00:00Z") == "never");
}

TEST_CASE("times far out end the search instead of overflowing") {
  const auto cron = CronSchedule::parse("0 0 * * *", false).value();
  const auto every = CronSchedule::parse("@every 1h", false).value();
  const Zone berlin = Zone::load("Europe/Berlin").value();
  for (const std::int64_t ms : {INT64_MAX, INT64_MAX - 1, std::int64_t{253402300799001}}) {
    CHECK_FALSE(cron.next(WallTime{ms}, berlin));
    CHECK_FALSE(every.next(WallTime{ms}, berlin));
  }
  CHECK(cron.next(WallTime{INT64_MIN}, Zone()) < WallTime{0});
  CHECK(cron.next(WallTime{-1}, Zone()) == WallTime{0});
  CHECK(every.next(WallTime{-1}, Zone()) == WallTime{0});
  CHECK(every.next(WallTime{0}, Zone()) == WallTime{3'600'000});
  CHECK(every.next(WallTime{-3'600'000}, Zone()) == WallTime{0});
}

TEST_CASE("a jump over a whole day still fires the day's job once") {
  // Samoa crossed the date line: there was no 30 December 2011.
  CHECK(next("0 12 30 12 *", "2011-12-01T00:00:00Z", "Pacific/Apia") == "2011-12-30T10:00:00.000Z");
  CHECK(next("* 12 30 12 *", "2011-12-01T00:00:00Z", "Pacific/Apia") == "2012-12-29T22:00:00.000Z");
}

TEST_CASE("next agrees with a scan of every minute, in zones with jumps of all kinds") {
  Random random(20260329);
  struct Place {
    const char* zone;
    const char* around;
  };
  const std::vector<Place> places = {
      {"UTC", "2026-02-27T00:00:00Z"},
      {"Europe/Berlin", "2026-03-29T01:00:00Z"},
      {"Europe/Berlin", "2026-10-25T01:00:00Z"},
      {"America/New_York", "2041-03-10T07:00:00Z"},  // by the rule beyond the table
      {"America/New_York", "2041-11-03T06:00:00Z"},
      {"Australia/Lord_Howe", "2026-04-04T15:00:00Z"},
      {"Australia/Lord_Howe", "2026-10-03T15:30:00Z"},
      {"Antarctica/Troll", "2026-03-29T01:00:00Z"},
      {"Antarctica/Troll", "2026-10-25T01:00:00Z"},
      {"Pacific/Apia", "2011-12-30T10:00:00Z"},
      {"Pacific/Kwajalein", "1993-08-21T12:00:00Z"},
      {"Asia/Kathmandu", "1985-12-31T18:30:00Z"},  // 15 minutes forward for good
      {"Asia/Pyongyang", "2015-08-14T15:00:00Z"},  // 30 minutes back for good
      {"Africa/Casablanca", "2025-02-23T02:00:00Z"},
  };
  for (const Place& place : places) {
    const Zone zone = Zone::load(place.zone).value();
    for (int i = 0; i < 24; ++i) {
      const std::int64_t before_ms = pick(random, 0, 5 * 24 * 60) * kMinuteMs;
      const WallTime from = at(place.around).plus_ms(-before_ms);
      check_against_scan(random, zone, from, from.plus_ms(6 * kDayMs));
    }
  }
}

TEST_CASE("next agrees with a scan of every day, over years") {
  Random random(7);
  const Zone zone = Zone::load("America/New_York").value();
  for (int i = 0; i < 40; ++i) {
    RandomJob job = random_job(random);
    // At 04:10 no clock jumps there.
    job.minutes = {10};
    job.hours = {4};
    const std::size_t days = job.expression.find(' ', job.expression.find(' ') + 1);
    const std::string expression = "10 4" + job.expression.substr(days);
    INFO(expression);
    const CronSchedule schedule = CronSchedule::parse(expression, false).value();
    const std::int64_t year = pick(random, 2020, 2040);
    WallTime time = zone.lookup({year, 1, 1, 0, 0, 0}).first;
    const WallTime end = zone.lookup({year + 5, 1, 1, 0, 0, 0}).first;
    for (WallTime noon = Zone().lookup({year, 1, 1, 12, 0, 0}).first; noon < end;
         noon = noon.plus_ms(kDayMs)) {
      CivilTime day = Zone().to_civil(noon);
      day.hour = 4;
      day.minute = 10;
      if (!job.matches(day)) continue;
      const auto tick = schedule.next(time, zone);
      REQUIRE(tick);
      CHECK(format_rfc3339(*tick) == format_rfc3339(zone.lookup(day).first));
      time = *tick;
    }
  }
}
