#include "model/wording.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/log.h"

namespace pawl {
namespace {

constexpr std::size_t kQuotedBytes = 60;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

}  // namespace

std::string quoted(std::string_view text) {
  std::size_t length = std::min(text.size(), kQuotedBytes);
  while (length < text.size() && length > 0 && is_continuation(text[length])) --length;
  std::string result = "\"" + escape_control(text.substr(0, length));
  result += length < text.size() ? "…\"" : "\"";
  return result;
}

std::string listed(std::span<const std::string_view> words, std::string_view conjunction) {
  std::string result;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (i > 0 && i + 1 == words.size()) {
      result.append(" ").append(conjunction).append(" ");
    } else if (i > 0) {
      result += ", ";
    }
    result += words[i];
  }
  return result;
}

std::string format_size(std::int64_t bytes) {
  constexpr std::array<char, 4> kUnits = {'t', 'g', 'm', 'k'};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    const std::int64_t unit = std::int64_t{1} << (10 * (4 - i));
    if (bytes >= unit && bytes % unit == 0) return std::to_string(bytes / unit) + kUnits[i];
  }
  return std::to_string(bytes);
}

std::string format_cpus(std::int64_t cpus_milli) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%lld.%03d", static_cast<long long>(cpus_milli / 1000),
                static_cast<int>(cpus_milli % 1000));
  std::string result = text.data();
  result.erase(result.find_last_not_of('0') + 1);
  if (result.back() == '.') result.pop_back();
  return result;
}

std::string format_exact_duration(std::int64_t ms) {
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}, {1, "ms"}}};
  std::string result;
  for (const Unit& unit : kUnits) {
    if (ms / unit.ms > 0) result += std::to_string(ms / unit.ms) + unit.name;
    ms %= unit.ms;
  }
  return result.empty() ? "0s" : result;
}

}  // namespace pawl
