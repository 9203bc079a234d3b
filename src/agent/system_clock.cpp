#include "agent/system_clock.h"

#include <sys/timex.h>
#include <time.h>

#include "base/result.h"

namespace pawl {
namespace {

std::int64_t read_ms(clockid_t clock) {
  timespec now{};
  PAWL_ASSERT(clock_gettime(clock, &now) == 0);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

}  // namespace

WallTime SystemClock::wall() const { return WallTime{read_ms(CLOCK_REALTIME)}; }
bool SystemClock::synchronised() const {
  timex state{};
  return adjtimex(&state) != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}
MonoTime SystemClock::mono() const { return MonoTime{read_ms(CLOCK_BOOTTIME)}; }

}  // namespace pawl
