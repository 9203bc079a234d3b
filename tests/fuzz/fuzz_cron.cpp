// CronSchedule: the first line is the expression, with and without seconds; a second line is an instant, in
// milliseconds, to look for ticks from.
#include <charconv>
#include <string>

#include "fuzz_target.h"
#include "model/cron.h"
#include "model/limits.h"

using namespace pawl;

namespace {

// The expression is quoted twice, each byte as up to four.
constexpr std::size_t kMessageBytes = 8 * limits::kCronBytes + 200;
constexpr int kTicks = 3;

// What an instant may be: the years 1843 to 2223. Beyond, civil time is nobody's.
constexpr std::int64_t kFirstMs = -4'000'000'000'000;
constexpr std::int64_t kLastMs = 8'000'000'000'000;

// Jumps of an hour, of half an hour, and of a whole day in 2011.
const Zone* zones(std::size_t index) {
  static const Zone kZones[] = {Zone(), Zone::load("Europe/Berlin").value(),
                                Zone::load("Australia/Lord_Howe").value(),
                                Zone::load("Pacific/Apia").value()};
  return index < std::size(kZones) ? &kZones[index] : nullptr;
}

std::int64_t instant_of(std::string_view line) {
  std::int64_t instant = 1'711'843'200'000;
  std::from_chars(line.data(), line.data() + line.size(), instant);
  return instant < kFirstMs ? kFirstMs : instant > kLastMs ? kLastMs : instant;
}

void check_ticks(const CronSchedule& schedule, WallTime after) {
  for (std::size_t i = 0; const Zone* zone = zones(i); ++i) {
    WallTime time = after;
    for (int tick = 0; tick < kTicks; ++tick) {
      const auto next = schedule.next(time, *zone);
      if (!next) break;
      PAWL_ASSERT(*next > time);
      time = *next;
    }
  }
}

void check_schedule(std::string_view expression, bool seconds, WallTime after) {
  const Result<CronSchedule> schedule = CronSchedule::parse(expression, seconds);
  if (!schedule) {
    PAWL_ASSERT(schedule.error().kind == ErrorKind::kInvalid);
    return check_message(schedule.error().message, kMessageBytes);
  }
  PAWL_ASSERT(schedule->expression().size() <= limits::kCronBytes);
  const Result<CronSchedule> again =
      CronSchedule::parse(schedule->expression(), schedule->has_seconds());
  PAWL_ASSERT(again.ok());
  PAWL_ASSERT(*again == *schedule);
  check_ticks(*schedule, after);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of_input(data, size);
  const std::size_t end = text.find('\n');
  const std::string_view expression = text.substr(0, end);
  const WallTime after{end == std::string_view::npos ? instant_of("")
                                                     : instant_of(text.substr(end + 1))};
  check_schedule(expression, false, after);
  check_schedule(expression, true, after);
  return 0;
}
