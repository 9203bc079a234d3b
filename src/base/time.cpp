#include "base/time.h"

#include <array>
#include <charconv>
#include <cstdio>
#include <limits>

namespace pawl {
namespace {

constexpr std::int64_t kSecondMs = 1000;
constexpr std::int64_t kMinuteMs = 60 * kSecondMs;
constexpr std::int64_t kHourMs = 60 * kMinuteMs;
constexpr std::int64_t kDayMs = 24 * kHourMs;
constexpr std::int64_t kDurationMaxMs = 366 * kDayMs;

// Howard Hinnant's civil-from-days algorithms (public domain description): exact for the proleptic
// Gregorian calendar, no tables, no libc time zone state.
struct Date {
  std::int64_t year;
  unsigned month;
  unsigned day;
};

Date date_from_days(std::int64_t days) {
  days += 719468;
  const std::int64_t era = (days >= 0 ? days : days - 146096) / 146097;
  const auto day_of_era = static_cast<unsigned>(days - era * 146097);
  const unsigned year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const unsigned day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const unsigned shifted_month = (5 * day_of_year + 2) / 153;
  const unsigned day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
  const unsigned month = shifted_month < 10 ? shifted_month + 3 : shifted_month - 9;
  return {static_cast<std::int64_t>(year_of_era) + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

std::int64_t days_from_date(std::int64_t year, unsigned month, unsigned day) {
  if (month <= 2) --year;
  const std::int64_t era = (year >= 0 ? year : year - 399) / 400;
  const auto year_of_era = static_cast<unsigned>(year - era * 400);
  const unsigned day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
  const unsigned day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + static_cast<std::int64_t>(day_of_era) - 719468;
}

bool is_leap(std::int64_t year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

unsigned month_days(std::int64_t year, unsigned month) {
  constexpr std::array<unsigned, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && is_leap(year) ? 29 : kDays[month - 1];
}

// A cursor over text: digits of a fixed count, or one expected character.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool number(std::size_t digits, unsigned& out) {
    if (text_.size() - at_ < digits) return false;
    out = 0;
    for (std::size_t i = 0; i < digits; ++i) {
      const char c = text_[at_ + i];
      if (c < '0' || c > '9') return false;
      out = out * 10 + static_cast<unsigned>(c - '0');
    }
    at_ += digits;
    return true;
  }
  bool character(char expected) {
    if (at_ >= text_.size() || text_[at_] != expected) return false;
    ++at_;
    return true;
  }
  [[nodiscard]] bool at_end() const { return at_ == text_.size(); }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool scan_fraction_ms(Scanner& scanner, unsigned& ms) {
  ms = 0;
  unsigned digit = 0;
  unsigned scale = 100;
  std::size_t count = 0;
  while (scanner.number(1, digit)) {
    ms += digit * scale;
    scale /= 10;
    if (++count > 9) return false;
  }
  return count > 0;
}

bool scan_offset_minutes(Scanner& scanner, std::int64_t& minutes) {
  if (scanner.character('Z') || scanner.character('z')) {
    minutes = 0;
    return true;
  }
  const bool west = scanner.character('-');
  if (!west && !scanner.character('+')) return false;
  unsigned hour = 0;
  unsigned minute = 0;
  if (!scanner.number(2, hour) || !scanner.character(':') || !scanner.number(2, minute))
    return false;
  if (hour > 23 || minute > 59) return false;
  minutes = static_cast<std::int64_t>(hour) * 60 + minute;
  if (west) minutes = -minutes;
  return true;
}

}  // namespace

std::string format_rfc3339(WallTime time) {
  std::int64_t days = time.ms / kDayMs;
  std::int64_t rest = time.ms % kDayMs;
  if (rest < 0) {
    rest += kDayMs;
    --days;
  }
  const Date date = date_from_days(days);
  std::array<char, 48> text{};
  const int length =
      std::snprintf(text.data(), text.size(), "%04lld-%02u-%02uT%02d:%02d:%02d.%03dZ",
                    static_cast<long long>(date.year), date.month, date.day,
                    static_cast<int>(rest / kHourMs), static_cast<int>(rest / kMinuteMs % 60),
                    static_cast<int>(rest / kSecondMs % 60), static_cast<int>(rest % kSecondMs));
  return std::string(text.data(), static_cast<std::size_t>(length));
}

std::optional<WallTime> parse_rfc3339(std::string_view text) {
  Scanner scanner(text);
  unsigned year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0;
  if (!scanner.number(4, year) || !scanner.character('-') || !scanner.number(2, month) ||
      !scanner.character('-') || !scanner.number(2, day)) {
    return std::nullopt;
  }
  if (!scanner.character('T') && !scanner.character('t') && !scanner.character(' ')) {
    return std::nullopt;
  }
  if (!scanner.number(2, hour) || !scanner.character(':') || !scanner.number(2, minute) ||
      !scanner.character(':') || !scanner.number(2, second)) {
    return std::nullopt;
  }
  if (scanner.character('.') && !scan_fraction_ms(scanner, ms)) return std::nullopt;
  std::int64_t offset_minutes = 0;
  if (!scan_offset_minutes(scanner, offset_minutes) || !scanner.at_end()) return std::nullopt;
  if (year < 1970 || month < 1 || month > 12 || day < 1 || day > month_days(year, month)) {
    return std::nullopt;
  }
  if (hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return WallTime{days_from_date(year, month, day) * kDayMs +
                  (static_cast<std::int64_t>(hour) * 60 + minute - offset_minutes) * kMinuteMs +
                  static_cast<std::int64_t>(second) * kSecondMs + ms};
}

std::string format_duration(std::int64_t ms) {
  if (ms < 0)
    return "-" + format_duration(ms == std::numeric_limits<std::int64_t>::min()
                                     ? std::numeric_limits<std::int64_t>::max()
                                     : -ms);
  if (ms < kSecondMs) return std::to_string(ms) + "ms";
  if (ms < 10 * kSecondMs && ms % kSecondMs >= 100) {
    return std::to_string(ms / kSecondMs) + "." + std::to_string(ms % kSecondMs / 100) + "s";
  }
  struct Unit {
    std::int64_t ms;
    const char* name;
  };
  constexpr std::array<Unit, 4> kUnits = {
      {{kDayMs, "d"}, {kHourMs, "h"}, {kMinuteMs, "m"}, {kSecondMs, "s"}}};
  for (std::size_t i = 0; i < kUnits.size(); ++i) {
    if (ms < kUnits[i].ms) continue;
    std::string text = std::to_string(ms / kUnits[i].ms) + kUnits[i].name;
    if (i + 1 < kUnits.size()) {
      const std::int64_t rest = ms % kUnits[i].ms / kUnits[i + 1].ms;
      if (rest > 0) text += std::to_string(rest) + kUnits[i + 1].name;
    }
    return text;
  }
  return "0s";
}

std::optional<std::int64_t> parse_duration_ms(std::string_view text) {
  struct Unit {
    std::string_view name;
    std::int64_t ms;
  };
  constexpr std::array<Unit, 5> kUnits = {
      {{"ms", 1}, {"s", kSecondMs}, {"m", kMinuteMs}, {"h", kHourMs}, {"d", kDayMs}}};
  if (text.empty()) return std::nullopt;
  std::int64_t total = 0;
  std::int64_t smaller_than = std::numeric_limits<std::int64_t>::max();
  while (!text.empty()) {
    std::int64_t count = 0;
    if (text.front() < '0' || text.front() > '9') return std::nullopt;
    auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc{} || count > kDurationMaxMs) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
    std::size_t letters = 0;
    while (letters < text.size() && text[letters] >= 'a' && text[letters] <= 'z') ++letters;
    std::int64_t unit_ms = 0;
    if (letters == 0) {
      // A bare number is seconds, and only alone.
      if (smaller_than != std::numeric_limits<std::int64_t>::max() || !text.empty()) {
        return std::nullopt;
      }
      unit_ms = kSecondMs;
    }
    for (const Unit& unit : kUnits) {
      if (letters > 0 && text.substr(0, letters) == unit.name) unit_ms = unit.ms;
    }
    if (unit_ms == 0 || unit_ms >= smaller_than || count > kDurationMaxMs / unit_ms) {
      return std::nullopt;
    }
    smaller_than = unit_ms;
    total += count * unit_ms;
    if (total > kDurationMaxMs) return std::nullopt;
    text.remove_prefix(letters);
  }
  return total;
}

std::optional<std::int64_t> parse_size_bytes(std::string_view text) {
  std::int64_t count = 0;
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (code != std::errc{}) return std::nullopt;
  std::string unit;
  for (char c : text.substr(static_cast<std::size_t>(stop - text.data()))) {
    unit.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
  }
  constexpr std::string_view kPrefixes = "kmgt";
  unsigned shift = 0;
  if (!unit.empty() && unit != "b") {
    const std::size_t prefix = kPrefixes.find(unit.front());
    if (prefix == std::string_view::npos) return std::nullopt;
    const std::string_view rest = std::string_view(unit).substr(1);
    if (!rest.empty() && rest != "b" && rest != "ib") return std::nullopt;
    shift = 10 * (static_cast<unsigned>(prefix) + 1);
  }
  if (count > (std::numeric_limits<std::int64_t>::max() >> shift)) return std::nullopt;
  return count << shift;
}

}  // namespace pawl
