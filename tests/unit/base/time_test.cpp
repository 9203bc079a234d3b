#include <doctest/doctest.h>

#include "base/time.h"

using namespace pawl;

TEST_CASE("RFC 3339 out and in") {
  CHECK(format_rfc3339(WallTime{0}) == "1970-01-01T00:00:00.000Z");
  CHECK(format_rfc3339(WallTime{1'774'746'000'123}) == "2026-03-29T01:00:00.123Z");
  CHECK(format_rfc3339(WallTime{951'782'400'000}) == "2000-02-29T00:00:00.000Z");
  CHECK(parse_rfc3339("2026-03-29T01:00:00.123Z") == WallTime{1'774'746'000'123});
  CHECK(parse_rfc3339("2026-03-29T03:00:00.123456+02:00") == WallTime{1'774'746'000'123});
  CHECK(parse_rfc3339("2026-03-28 21:00:00.123-04:00") == WallTime{1'774'746'000'123});
  for (const char* bad : {"", "2026", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
                          "2026-01-01T24:00:00Z", "2026-01-01T00:00:00", "2026-01-01T00:00:00.Z",
                          "2026-01-01T00:00:00Zx", "2026-01-01T00:00:00+2:00"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_rfc3339(bad));
  }
  for (std::int64_t ms = 0; ms < 4'102'444'800'000; ms += 86'399'999'777) {
    CHECK(parse_rfc3339(format_rfc3339(WallTime{ms})) == WallTime{ms});
  }
}

TEST_CASE("durations as the SPEC writes them") {
  CHECK(parse_duration_ms("90") == 90'000);
  CHECK(parse_duration_ms("90s") == 90'000);
  CHECK(parse_duration_ms("15m") == 900'000);
  CHECK(parse_duration_ms("1h30m") == 5'400'000);
  CHECK(parse_duration_ms("2d") == 172'800'000);
  CHECK(parse_duration_ms("500ms") == 500);
  CHECK(parse_duration_ms("0") == 0);
  for (const char* bad : {"", "s", "-5s", "5 s", "1m1h", "1h1h", "5x", "1.5h", "10 ", "1h30",
                          "99999999999999999999", "400d", "9223372036854775807s"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_duration_ms(bad));
  }
}

TEST_CASE("sizes are powers of 1024, as Docker means them") {
  CHECK(parse_size_bytes("512m") == 512LL << 20);
  CHECK(parse_size_bytes("4GB") == 4LL << 30);
  CHECK(parse_size_bytes("256MiB") == 256LL << 20);
  CHECK(parse_size_bytes("1048576") == 1'048'576);
  CHECK(parse_size_bytes("7b") == 7);
  for (const char* bad : {"", "m", "-1m", "1.5g", "5mm", "5mib!", "9223372036854775807k", "1 m"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_size_bytes(bad));
  }
}

TEST_CASE("durations for people") {
  CHECK(format_duration(0) == "0ms");
  CHECK(format_duration(999) == "999ms");
  CHECK(format_duration(1'400) == "1.4s");
  CHECK(format_duration(45'000) == "45s");
  CHECK(format_duration(5'400'000) == "1h30m");
  CHECK(format_duration(90'061'000) == "1d1h");
  CHECK(format_duration(-1'400) == "-1.4s");
}
