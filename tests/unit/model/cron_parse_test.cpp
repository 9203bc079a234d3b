// Which expressions are read, and what is said about those that are not.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/cron.h"
#include "model/limits.h"

using namespace pawl;

namespace {

struct Bad {
  const char* expression;
  bool seconds;
  const char* context;
  const char* message;
};

constexpr const char* kFiveFields = "5 fields (minute hour day-of-month month day-of-week)";

// What a schedule does from 2026-01-01 on says what was read.
std::string first_ticks(const CronSchedule& schedule, int count) {
  std::string text;
  WallTime time = *parse_rfc3339("2025-12-31T23:59:59Z");
  for (int i = 0; i < count; ++i) {
    const auto tick = schedule.next(time, Zone());
    if (!tick) break;
    time = *tick;
    text += (i > 0 ? " " : "") + format_rfc3339(time).substr(5, 14);
  }
  return text;
}

std::string ticks(const char* expression, int count, bool seconds = false) {
  const auto schedule = CronSchedule::parse(expression, seconds);
  REQUIRE_MESSAGE(schedule.ok(), schedule.error().text());
  return first_ticks(*schedule, count);
}

}  // namespace

TEST_CASE("fields, lists, ranges, steps and names") {
  CHECK(ticks("5 4 3 2 *", 2) == "02-03T04:05:00 02-03T04:05:00");
  CHECK(ticks("05 04 03 02 *", 1) == "02-03T04:05:00");
  CHECK(ticks("0,30 0 1 1 *", 2) == "01-01T00:00:00 01-01T00:30:00");
  CHECK(ticks("10-12 0 * * *", 4) == "01-01T00:10:00 01-01T00:11:00 01-01T00:12:00 01-02T00:10:00");
  CHECK(ticks("*/20 5 * * *", 3) == "01-01T05:00:00 01-01T05:20:00 01-01T05:40:00");
  CHECK(ticks("50/4 5 * * *", 4) == "01-01T05:50:00 01-01T05:54:00 01-01T05:58:00 01-02T05:50:00");
  CHECK(ticks("1-10/4,58 5 * * *", 4) ==
        "01-01T05:01:00 01-01T05:05:00 01-01T05:09:00 01-01T05:58:00");
  CHECK(ticks("0 0 1 feb,Apr-JUN *", 4) ==
        "02-01T00:00:00 04-01T00:00:00 05-01T00:00:00 06-01T00:00:00");
  CHECK(ticks("0 0 * * Sat-SUN", 3) == "01-03T00:00:00 01-04T00:00:00 01-10T00:00:00");
  CHECK(ticks("0 0 * * 0", 1) == "01-04T00:00:00");
  CHECK(ticks("0 0 * * 7", 1) == "01-04T00:00:00");
  CHECK(ticks("0 0 * * 5-7", 3) == "01-02T00:00:00 01-03T00:00:00 01-04T00:00:00");
  CHECK(ticks("0 0 * * */3", 3) == "01-03T00:00:00 01-04T00:00:00 01-07T00:00:00");
  CHECK(ticks("0 0 ? * ?", 2) == "01-01T00:00:00 01-02T00:00:00");
  CHECK(ticks(" \t0  0\t1 1 * ", 1) == "01-01T00:00:00");
}

TEST_CASE("seconds come first, and only when asked for") {
  CHECK(ticks("*/30 5 0 1 1 *", 2, true) == "01-01T00:05:00 01-01T00:05:30");
  CHECK(CronSchedule::parse("1 2 3 4 5 6", true)->has_seconds());
  CHECK_FALSE(CronSchedule::parse("1 2 3 4 5", false)->has_seconds());
  CHECK_FALSE(CronSchedule::parse("@daily", true)->has_seconds());
}

TEST_CASE("shorthands") {
  CHECK(ticks("@yearly", 2) == "01-01T00:00:00 01-01T00:00:00");
  CHECK(ticks("@annually", 1) == "01-01T00:00:00");
  CHECK(ticks("@monthly", 2) == "01-01T00:00:00 02-01T00:00:00");
  CHECK(ticks("@weekly", 2) == "01-04T00:00:00 01-11T00:00:00");
  CHECK(ticks("@daily", 2) == "01-01T00:00:00 01-02T00:00:00");
  CHECK(ticks("@Midnight", 2) == "01-01T00:00:00 01-02T00:00:00");
  CHECK(ticks("@hourly", 2) == "01-01T00:00:00 01-01T01:00:00");
  CHECK(ticks("@every 90s", 3) == "01-01T00:00:00 01-01T00:01:30 01-01T00:03:00");
  CHECK(ticks("@every 1h30m", 2, true) == "01-01T00:00:00 01-01T01:30:00");
  CHECK(ticks("@every 366d", 1).size() == 14);
}

TEST_CASE("L, W and #") {
  CHECK(ticks("0 0 L * *", 3) == "01-31T00:00:00 02-28T00:00:00 03-31T00:00:00");
  CHECK(ticks("0 0 15,l * *", 3) == "01-15T00:00:00 01-31T00:00:00 02-15T00:00:00");
  CHECK(ticks("0 0 LW * *", 3) == "01-30T00:00:00 02-27T00:00:00 03-31T00:00:00");
  // 15 Feb 2026 is a Sunday, 15 Aug a Saturday.
  CHECK(ticks("0 0 15W 2,8 *", 2) == "02-16T00:00:00 08-14T00:00:00");
  // 1 Aug 2026 is a Saturday, 31 May and 31 Jan a Sunday and a Saturday: never into another month.
  CHECK(ticks("0 0 1W 8 *", 1) == "08-03T00:00:00");
  CHECK(ticks("0 0 31w 1,2,5 *", 2) == "01-30T00:00:00 05-29T00:00:00");
  CHECK(ticks("0 0 * * 5L", 2) == "01-30T00:00:00 02-27T00:00:00");
  CHECK(ticks("0 0 * * FRIL,1#1", 3) == "01-05T00:00:00 01-30T00:00:00 02-02T00:00:00");
  // 31 July 2026 is a Friday.
  CHECK(ticks("0 0 * 7 5L", 2) == "07-31T00:00:00 07-30T00:00:00");
  CHECK(ticks("0 0 ? * 7L", 1) == "01-25T00:00:00");
  CHECK(ticks("0 0 * * 5#2", 2) == "01-09T00:00:00 02-13T00:00:00");
  CHECK(ticks("0 0 * * 7#5", 2) == "03-29T00:00:00 05-31T00:00:00");
  CHECK(ticks("0 0 * * fri#2,Fri#4", 3) == "01-09T00:00:00 01-23T00:00:00 02-13T00:00:00");
}

TEST_CASE("two restricted day fields widen, one that starts with * narrows") {
  CHECK(ticks("0 0 13 * FRI", 3) == "01-02T00:00:00 01-09T00:00:00 01-13T00:00:00");
  CHECK(ticks("0 0 L * 1#1", 3) == "01-05T00:00:00 01-31T00:00:00 02-02T00:00:00");
  CHECK(ticks("0 0 */2 * MON", 3) == "01-05T00:00:00 01-19T00:00:00 02-09T00:00:00");
  CHECK(ticks("0 0 1-7 * */6", 3) == "01-03T00:00:00 01-04T00:00:00 02-01T00:00:00");
}

TEST_CASE("the expression is kept as written and is part of equality") {
  CHECK(CronSchedule::parse("  @daily ", false)->expression() == "@daily");
  CHECK(CronSchedule::parse("0 0\t* * *", false)->expression() == "0 0\t* * *");
  CHECK(*CronSchedule::parse("0 0 * * *", false) == *CronSchedule::parse(" 0 0 * * *", false));
  CHECK_FALSE(*CronSchedule::parse("0 0 * * *", false) == *CronSchedule::parse("@daily", false));
}

TEST_CASE("bad counts of fields") {
  const std::string six = "6 fields (second minute hour day-of-month month day-of-week)";
  const std::string five = kFiveFields;
  const auto error = [](const char* text, bool seconds) {
    return CronSchedule::parse(text, seconds).error().text();
  };
  CHECK(error("", false) ==
        "the cron expression is empty; write " + five + " or a shorthand like @daily");
  CHECK(error(" \t ", true) ==
        "the cron expression is empty; write " + six + " or a shorthand like @daily");
  CHECK(error("* * *", false) == "column 5: found 3 fields; write " + five);
  CHECK(error("*", false) == "column 1: found 1 field; write " + five);
  CHECK(error("0 * * * * *", false) ==
        "column 11: found 6 fields; write " + five + ", or set `seconds: true` for seconds first");
  CHECK(error("* * * * *", true) ==
        "column 9: found 5 fields; write " + six + ", or leave `seconds: true` out");
  CHECK(error("0 0 12 * * ? 2026", false) ==
        "column 12: found 7 fields; write " + five + "; there is no field for years");
  CHECK(error("0\n0 * * *", false) == "column 9: found 4 fields; write " + five);
  CHECK(error("TZ=Europe/Berlin 0 2 * * *", false) ==
        "column 1: 'TZ=Europe/Berlin' in the expression; give the zone as `timezone:`");
  CHECK(error("CRON_TZ=UTC 0 2 * * *", true) ==
        "column 1: 'CRON_TZ=UTC' in the expression; give the zone as `timezone:`");
  CHECK(error(std::string(limits::kCronBytes + 1, '*').c_str(), false) ==
        "the cron expression is over 256 characters long");
}

TEST_CASE("bad values") {
  const std::vector<Bad> cases = {
      {"60 * * * *", false, "column 1", "minute: '60' is out of range; write 0-59"},
      {"* 24 * * *", false, "column 3", "hour: '24' is out of range; write 0-23"},
      {"* * 0 * *", false, "column 5", "day-of-month: '0' is out of range; write 1-31"},
      {"* * 32 * *", false, "column 5", "day-of-month: '32' is out of range; write 1-31"},
      {"* * * 13 *", false, "column 7", "month: '13' is out of range; write 1-12 or JAN-DEC"},
      {"* * * 0 *", false, "column 7", "month: '0' is out of range; write 1-12 or JAN-DEC"},
      {"* * * * 8", false, "column 9",
       "day-of-week: '8' is out of range; write 0-7 (0 and 7 are Sunday) or SUN-SAT"},
      {"61 * * * * *", true, "column 1", "second: '61' is out of range; write 0-59"},
      {"1,2,99999999999999999999 * * * *", false, "column 5",
       "minute: '99999999999999999999' is out of range; write 0-59"},
      {"x * * * *", false, "column 1", "minute: 'x' is no value; write 0-59"},
      {"-1 * * * *", false, "column 1",
       "minute: nothing where a value should be in '-1'; write 0-59"},
      {"5- * * * *", false, "column 1",
       "minute: nothing where a value should be in '5-'; write 0-59"},
      {"1.5 * * * *", false, "column 1", "minute: '1.5' is no value; write 0-59"},
      {"+5 * * * *", false, "column 1", "minute: '+5' is no value; write 0-59"},
      {"*5 * * * *", false, "column 1", "minute: '*5' is no value; write 0-59"},
      {"1-2-3 * * * *", false, "column 3", "minute: '2-3' is no value in '1-2-3'; write 0-59"},
      {"JAN * * * *", false, "column 1", "minute: 'JAN' is no value; write 0-59"},
      {"* * * JANUARY *", false, "column 7", "month: 'JANUARY' is no value; write 1-12 or JAN-DEC"},
      {"* * * MON *", false, "column 7", "month: 'MON' is no value; write 1-12 or JAN-DEC"},
      {"* * * * FRI-XXX", false, "column 13",
       "day-of-week: 'XXX' is no value in 'FRI-XXX'; write 0-7 (0 and 7 are Sunday) or SUN-SAT"},
      {"1,,2 * * * *", false, "column 3",
       "minute: nothing between the commas of '1,,2'; write 0-59"},
      {",1 * * * *", false, "column 1", "minute: nothing between the commas of ',1'; write 0-59"},
      {"1, * * * *", false, "column 3", "minute: nothing between the commas of '1,'; write 0-59"},
      {"\x01 * * * *", false, "column 1", "minute: '\\x01' is no value; write 0-59"},
      {"\xff * * * *", false, "column 1", "minute: '\\xff' is no value; write 0-59"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(bad.expression);
    const auto parsed = CronSchedule::parse(bad.expression, bad.seconds);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::kInvalid);
    CHECK(parsed.error().message == bad.message);
    CHECK(parsed.error().context == bad.context);
  }
}

TEST_CASE("bad ranges, steps and special forms") {
  const std::vector<Bad> cases = {
      {"* 22-2 * * *", false, "column 3", "hour: range '22-2' runs backwards; write 22-23,0-2"},
      {"* * * NOV-FEB *", false, "column 7",
       "month: range 'NOV-FEB' runs backwards; write 11-12,1-2"},
      {"* * * * FRI-MON", false, "column 9",
       "day-of-week: range 'FRI-MON' runs backwards; write 5-6,0-1"},
      {"* * * * 5-0", false, "column 9", "day-of-week: range '5-0' runs backwards; write 5-6,0-0"},
      {"* * * * 7-2", false, "column 9", "day-of-week: range '7-2' runs backwards; write 0-2"},
      {"*/0 * * * *", false, "column 3", "minute: step '0' in '*/0' is not 1-59"},
      {"*/90 * * * *", false, "column 3",
       "minute: step '90' in '*/90' is not 1-59; for longer intervals use @every"},
      {"* */24 * * *", false, "column 5",
       "hour: step '24' in '*/24' is not 1-23; for longer intervals use @every"},
      {"*/ * * * *", false, "column 1", "minute: step '' in '*/' is not 1-59"},
      {"*/x * * * *", false, "column 3", "minute: step 'x' in '*/x' is not 1-59"},
      {"*/-2 * * * *", false, "column 3", "minute: step '-2' in '*/-2' is not 1-59"},
      {"1/2/3 * * * *", false, "column 3", "minute: step '2/3' in '1/2/3' is not 1-59"},
      {"/5 * * * *", false, "column 1",
       "minute: nothing where a value should be in '/5'; write 0-59"},
      {"? * * * *", false, "column 1", "minute: '?' is only for the two day fields; write *"},
      {"* * * ? *", false, "column 7", "month: '?' is only for the two day fields; write *"},
      {"* * ?,1 * *", false, "column 5", "day-of-month: '?' stands alone in its field"},
      {"* * * * ?/2", false, "column 9", "day-of-week: '?' stands alone in its field"},
      {"* * * * L", false, "column 9",
       "day-of-week: 'L' needs a day before it; 5L is the last Friday"},
      {"* * * * 8L", false, "column 9",
       "day-of-week: '8' is out of range; write 0-7 (0 and 7 are Sunday) or SUN-SAT"},
      {"* * L-3 * *", false, "column 5",
       "day-of-month: 'L-3' is no day; write L (last day), LW (last weekday) or 15W (weekday "
       "nearest "
       "to the 15th)"},
      {"* * 1-5W * *", false, "column 5",
       "day-of-month: '1-5W' is no day; write L (last day), LW (last weekday) or 15W (weekday "
       "nearest "
       "to the 15th)"},
      {"* * W * *", false, "column 5",
       "day-of-month: 'W' is no day; write L (last day), LW (last weekday) or 15W (weekday nearest "
       "to "
       "the 15th)"},
      {"* * 32W * *", false, "column 5", "day-of-month: '32' is out of range; write 1-31"},
      {"* L * * *", false, "column 3", "hour: 'L' is no value; write 0-23"},
      {"* * 5#2 * *", false, "column 5", "day-of-month: '5#2' is no value; write 1-31"},
      {"* * * * 5#6", false, "column 11",
       "day-of-week: '#' in '5#6' needs 1-5 after it; 5#2 is the second Friday"},
      {"* * * * 5#", false, "column 9",
       "day-of-week: '#' in '5#' needs 1-5 after it; 5#2 is the second Friday"},
      {"* * * * #2", false, "column 9",
       "day-of-week: nothing where a value should be in '#2'; write 0-7 (0 and 7 are Sunday) or "
       "SUN-SAT"},
      {"@reboot", false, "column 1", "@reboot is not supported: pipelines run by the clock"},
      {"@dayly", false, "column 1",
       "'@dayly' is no shorthand; write @yearly, @annually, @monthly, @weekly, @daily, @midnight, "
       "@hourly or @every 90s"},
      {"@daily 5", false, "column 8", "'5' after @daily; a shorthand stands alone"},
      {"@every", false, "column 1",
       "@every takes one duration, such as @every 90s or @every 1h30m"},
      {"@every 1h 30m", false, "column 11",
       "@every takes one duration, such as @every 90s or @every 1h30m"},
      {"@every soon", false, "column 8",
       "@every: 'soon' is no duration; write one like 90s, 15m, 1h30m or 2d (at most 366d)"},
      {"@every 0s", false, "column 8", "@every: '0s' is too short; the shortest is 1s"},
      {"@every 200ms", false, "column 8", "@every: '200ms' is too short; the shortest is 1s"},
      {"@every 400d", false, "column 8",
       "@every: '400d' is no duration; write one like 90s, 15m, 1h30m or 2d (at most 366d)"},
  };
  for (const Bad& bad : cases) {
    CAPTURE(bad.expression);
    const auto parsed = CronSchedule::parse(bad.expression, bad.seconds);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind == ErrorKind::kInvalid);
    CHECK(parsed.error().message == bad.message);
    CHECK(parsed.error().context == bad.context);
  }
}
