// FAULTS F10: ticks around jumps of the clock equal a table that tests/golden/cron_dst.py worked out by
// brute force in another language with another zone library.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "model/cron.h"

using namespace pawl;

namespace {

// Meson says where the sources are; by hand the test runs from somewhere inside them.
std::filesystem::path golden_file(std::string_view name) {
  std::filesystem::path root = std::filesystem::current_path();
  if (const char* given = std::getenv("PAWL_SOURCE_ROOT")) root = given;
  while (!std::filesystem::exists(root / "tests/golden" / name) && root.has_relative_path()) {
    root = root.parent_path();
  }
  return root / "tests/golden" / name;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

struct Row {
  Zone zone;
  CronSchedule schedule;
  WallTime from;
  WallTime to;
  std::vector<WallTime> ticks;
};

Row read_row(std::string_view line) {
  const auto columns = split(line, '\t');
  REQUIRE(columns.size() == 6);
  Row row;
  row.zone = Zone::load(columns[0]).value();
  row.schedule = CronSchedule::parse(columns[2], columns[1] == "1").value();
  row.from = parse_rfc3339(columns[3]).value();
  row.to = parse_rfc3339(columns[4]).value();
  if (!columns[5].empty()) {
    for (std::string_view tick : split(columns[5], ' ')) {
      row.ticks.push_back(parse_rfc3339(tick).value());
    }
  }
  return row;
}

std::string text(const std::vector<WallTime>& ticks) {
  std::string joined;
  for (WallTime tick : ticks) joined += format_rfc3339(tick) + " ";
  return joined;
}

std::vector<WallTime> ticks_of(const Row& row) {
  std::vector<WallTime> ticks;
  WallTime time = row.from;
  while (const auto tick = row.schedule.next(time, row.zone)) {
    if (*tick > row.to) break;
    CHECK(*tick > time);
    time = *tick;
    ticks.push_back(time);
  }
  return ticks;
}

// From any instant, also inside a repeated hour, the next tick is the table's next one.
bool next_agrees_everywhere(const Row& row) {
  const std::int64_t step_ms = (row.to.ms - row.from.ms) / 311;
  for (WallTime time = row.from; time < row.to; time = time.plus_ms(step_ms)) {
    const auto expected = std::upper_bound(row.ticks.begin(), row.ticks.end(), time);
    const auto tick = row.schedule.next(time, row.zone);
    const bool agrees = expected != row.ticks.end() ? tick == *expected : !tick || *tick > row.to;
    if (!agrees) {
      INFO("after " << format_rfc3339(time) << ": " << (tick ? format_rfc3339(*tick) : "never"));
      CHECK(agrees);
      return false;
    }
  }
  return true;
}

}  // namespace

TEST_CASE("ticks around jumps of the clock equal the golden table") {
  const auto file = read_file(golden_file("cron_dst.tsv").string(), 1024 * 1024);
  REQUIRE_MESSAGE(file.ok(), file.error().text());
  std::size_t rows = 0;
  for (std::string_view line : split(*file, '\n')) {
    if (line.empty()) continue;
    ++rows;
    INFO(line);
    const Row row = read_row(line);
    CHECK(text(ticks_of(row)) == text(row.ticks));
    CHECK(next_agrees_everywhere(row));
  }
  CHECK(rows == 372);
}
