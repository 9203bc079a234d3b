// What pawl's cron says, for cron_test.mjs: one question a line on standard input, one answer a line on standard
// output, in the same order. Fields are separated by tabs, instants are milliseconds since the epoch.
//
//   tick  EXPRESSION SECONDS(0|1) ZONE AFTER COUNT   the next COUNT ticks, blank-separated; fewer where there are no
//                                                    more; "error: ..." for an expression or a zone that is refused
//   zone  ZONE FROM UNTIL                            INSTANT:OFFSET_S pairs: FROM's offset, and that from each jump of
//                                                    the clock up to UNTIL on
#include <charconv>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "model/cron.h"

using namespace pawl;

namespace {

using Fields = std::vector<std::string_view>;

Fields split(std::string_view line) {
  Fields fields;
  while (true) {
    const std::size_t tab = line.find('\t');
    fields.push_back(line.substr(0, tab));
    if (tab == std::string_view::npos) return fields;
    line.remove_prefix(tab + 1);
  }
}

Result<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) {
    return Error{ErrorKind::kInvalid, "no number: " + std::string(text), {}};
  }
  return value;
}

Result<std::string> ticks(const Fields& fields) {
  CronSchedule schedule;
  Zone zone;
  WallTime time;
  std::int64_t count = 0;
  PAWL_TRY(schedule, CronSchedule::parse(fields[1], fields[2] == "1"));
  PAWL_TRY(zone, Zone::load(fields[3]));
  PAWL_TRY(time.ms, number(fields[4]));
  PAWL_TRY(count, number(fields[5]));
  std::string answer;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::optional<WallTime> tick = schedule.next(time, zone);
    if (!tick) break;
    if (i > 0) answer += ' ';
    answer += std::to_string(tick->ms);
    time = *tick;
  }
  return answer;
}

Result<std::string> offsets(const Fields& fields) {
  Zone zone;
  WallTime time;
  WallTime until;
  PAWL_TRY(zone, Zone::load(fields[1]));
  PAWL_TRY(time.ms, number(fields[2]));
  PAWL_TRY(until.ms, number(fields[3]));
  std::string answer;
  while (true) {
    answer += std::to_string(time.ms) + ":" + std::to_string(zone.offset_s(time));
    const std::optional<WallTime> jump = zone.next_transition(time);
    if (!jump || *jump > until) return answer;
    time = *jump;
    answer += ' ';
  }
}

Result<std::string> answer_to(std::string_view line) {
  const Fields fields = split(line);
  if (fields[0] == "tick" && fields.size() == 6) return ticks(fields);
  if (fields[0] == "zone" && fields.size() == 4) return offsets(fields);
  return Error{ErrorKind::kInvalid, "no question: " + std::string(line), {}};
}

}  // namespace

int main() {
  std::ios::sync_with_stdio(false);
  std::string line;
  while (std::getline(std::cin, line)) {
    const Result<std::string> answer = answer_to(line);
    std::cout << (answer ? *answer : "error: " + answer.error().text()) << '\n';
  }
  return std::cout.flush() ? 0 : 1;
}
