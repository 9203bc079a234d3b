#include "config/wording.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/log.h"

namespace pawl::config {
namespace {

constexpr std::size_t kQuotedBytes = 60;
constexpr std::size_t kComparedBytes = 64;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
// Both at most kComparedBytes long.
std::size_t typing_errors(std::string_view a, std::string_view b) {
  using Row = std::array<std::uint8_t, kComparedBytes + 1>;
  std::array<Row, 3> rows;
  Row* before = &rows[0];
  Row* previous = &rows[1];
  Row* current = &rows[2];
  for (std::size_t j = 0; j <= b.size(); ++j) (*previous)[j] = static_cast<std::uint8_t>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    (*current)[0] = static_cast<std::uint8_t>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      int errors = (*previous)[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      errors = std::min({errors, (*previous)[j] + 1, (*current)[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        errors = std::min(errors, (*before)[j - 2] + 1);
      }
      (*current)[j] = static_cast<std::uint8_t>(errors);
    }
    Row* const oldest = before;
    before = previous;
    previous = current;
    current = oldest;
  }
  return (*previous)[b.size()];
}

std::size_t allowed_errors(std::size_t length) { return length <= 3 ? 1 : length <= 6 ? 2 : 3; }

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

std::optional<std::string_view> closest(std::string_view text,
                                        std::span<const std::string_view> candidates) {
  if (text.empty() || text.size() > kComparedBytes) return std::nullopt;
  std::optional<std::string_view> best;
  std::size_t best_errors = allowed_errors(text.size()) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kComparedBytes || candidate == text) continue;
    const std::size_t length_difference =
        std::max(candidate.size(), text.size()) - std::min(candidate.size(), text.size());
    if (length_difference >= best_errors) continue;
    const std::size_t errors = typing_errors(text, candidate);
    // As many errors as letters would be another word.
    if (errors < best_errors && errors < candidate.size() && errors < text.size()) {
      best = candidate;
      best_errors = errors;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view text, std::span<const std::string_view> candidates) {
  const auto candidate = closest(text, candidates);
  return candidate ? "; did you mean '" + std::string(*candidate) + "'?" : "";
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

}  // namespace pawl::config
