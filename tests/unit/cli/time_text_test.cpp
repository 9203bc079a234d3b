#include "cli/time_text.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <ctime>

using namespace pawl;
using namespace pawl::cli;

namespace {

// The process's zone, for one test.
struct ZoneGuard {
  explicit ZoneGuard(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  ~ZoneGuard() {
    ::unsetenv("TZ");
    ::tzset();
  }
};

constexpr WallTime kJumpUtc{1'774'746'000'000};  // 2026-03-29T01:00:00Z

}  // namespace

TEST_CASE("Times are shown on the local clock") {
  const ZoneGuard zone("CET-1CEST,M3.5.0,M10.5.0/3");
  CHECK(format_local(WallTime{kJumpUtc.ms - 1}) == "2026-03-29 01:59:59");
  CHECK(format_local(kJumpUtc) == "2026-03-29 03:00:00");
  CHECK(format_local(WallTime{}).empty());
  CHECK(format_local(WallTime{-1}) == "1970-01-01 00:59:59");
}

TEST_CASE("Distances name the largest unit only") {
  const WallTime now = kJumpUtc;
  CHECK(format_relative(now, now) == "now");
  CHECK(format_relative(now.plus_ms(-999), now) == "now");
  CHECK(format_relative(now.plus_ms(-1000), now) == "1s ago");
  CHECK(format_relative(now.plus_ms(-59'999), now) == "59s ago");
  CHECK(format_relative(now.plus_ms(-3'599'000), now) == "59m ago");
  CHECK(format_relative(now.plus_ms(2 * 3'600'000), now) == "in 2h");
  CHECK(format_relative(now.plus_ms(-49LL * 3'600'000), now) == "2d ago");
  CHECK(format_relative(WallTime{}, now).empty());
}

TEST_CASE("A cell has both") {
  const ZoneGuard zone("UTC");
  CHECK(format_when(kJumpUtc, kJumpUtc.plus_ms(180'000)) == "2026-03-29 01:00:00 (3m ago)");
  CHECK(format_when(WallTime{}, kJumpUtc).empty());
}
