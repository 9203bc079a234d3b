#include "cli/time_text.h"

#include <array>
#include <ctime>

namespace pawl::cli {

std::string format_local(WallTime time) {
  if (!time.is_set()) return "";
  std::int64_t seconds = time.ms / 1000;
  if (time.ms % 1000 < 0) --seconds;
  const std::time_t value = seconds;
  std::tm civil{};
  if (localtime_r(&value, &civil) == nullptr) return format_rfc3339(time);
  std::array<char, 32> buffer{};
  if (std::strftime(buffer.data(), buffer.size(), "%Y-%m-%d %H:%M:%S", &civil) == 0) {
    return format_rfc3339(time);
  }
  return buffer.data();
}

std::string format_relative(WallTime time, WallTime now) {
  if (!time.is_set()) return "";
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits = {
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}}};
  const std::int64_t difference = now.ms - time.ms;
  const std::int64_t distance = difference < 0 ? -difference : difference;
  for (const Unit& unit : kUnits) {
    if (distance < unit.ms) continue;
    const std::string span = std::to_string(distance / unit.ms) + unit.name;
    return difference < 0 ? "in " + span : span + " ago";
  }
  return "now";
}

std::string format_when(WallTime time, WallTime now) {
  if (!time.is_set()) return "";
  return format_local(time) + " (" + format_relative(time, now) + ")";
}

}  // namespace pawl::cli
