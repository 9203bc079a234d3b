// Reading cron expressions; cron_next.cpp says when they fire.
//
// One pass from left to right, with the position kept, so that an error names the column, the field,
// what stands there and what may. What cron dialects disagree on and would pass silently with
// another meaning is refused with the spelling that is meant: steps larger than their field ("*/90"
// minutes is not every 90 minutes), ranges that run backwards, a bare L as a day of the week.
#include "model/cron.h"

#include <algorithm>
#include <charconv>
#include <span>
#include <utility>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

enum class FieldKind : unsigned char { kSecond, kMinute, kHour, kDayOfMonth, kMonth, kDayOfWeek };

struct FieldRule {
  FieldKind kind;
  std::string_view name;
  int min;
  int max;   // that may be written
  int last;  // where an open range ends: Sunday is 0 and 7, but counts once
  std::span<const std::string_view> names;
  std::string_view range;  // what may be written, for errors
};

constexpr std::array<std::string_view, 12> kMonthNames = {"JAN", "FEB", "MAR", "APR", "MAY", "JUN",
                                                          "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"};
constexpr std::array<std::string_view, 7> kDayNames = {"SUN", "MON", "TUE", "WED",
                                                       "THU", "FRI", "SAT"};
constexpr std::array<FieldRule, 6> kRules = {{
    {FieldKind::kSecond, "second", 0, 59, 59, {}, "0-59"},
    {FieldKind::kMinute, "minute", 0, 59, 59, {}, "0-59"},
    {FieldKind::kHour, "hour", 0, 23, 23, {}, "0-23"},
    {FieldKind::kDayOfMonth, "day-of-month", 1, 31, 31, {}, "1-31"},
    {FieldKind::kMonth, "month", 1, 12, 12, kMonthNames, "1-12 or JAN-DEC"},
    {FieldKind::kDayOfWeek, "day-of-week", 0, 7, 6, kDayNames,
     "0-7 (0 and 7 are Sunday) or SUN-SAT"},
}};

struct Shorthand {
  std::string_view name;
  std::string_view fields;
};
constexpr std::array<Shorthand, 7> kShorthands = {{{"@yearly", "0 0 1 1 *"},
                                                   {"@annually", "0 0 1 1 *"},
                                                   {"@monthly", "0 0 1 * *"},
                                                   {"@weekly", "0 0 * * 0"},
                                                   {"@daily", "0 0 * * *"},
                                                   {"@midnight", "0 0 * * *"},
                                                   {"@hourly", "0 * * * *"}}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return upper(x) == upper(y); });
}

std::string quote(std::string_view text) { return "'" + escape_control(text) + "'"; }

std::vector<std::string_view> split_blanks(std::string_view text) {
  std::vector<std::string_view> words;
  std::size_t at = 0;
  while (at < text.size()) {
    if (is_blank(text[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    while (at < text.size() && !is_blank(text[at])) ++at;
    words.push_back(text.substr(start, at - start));
  }
  return words;
}

}  // namespace

// Every string_view that the parser passes around is a part of `text_`: its position gives the
// column of an error.
class CronParser {
 public:
  explicit CronParser(std::string_view text) : text_(text) {}

  Result<CronSchedule> parse(bool seconds) {
    if (text_.size() > limits::kCronBytes) {
      return Error{
          ErrorKind::kInvalid,
          "the cron expression is over " + std::to_string(limits::kCronBytes) + " characters long",
          {}};
    }
    const std::vector<std::string_view> words = split_blanks(text_);
    if (words.empty()) {
      return Error{
          ErrorKind::kInvalid,
          "the cron expression is empty; write " + layout(seconds) + " or a shorthand like @daily",
          {}};
    }
    schedule_.expression_ = std::string(
        words.front().data(),
        static_cast<std::size_t>(words.back().data() + words.back().size() - words.front().data()));
    if (words[0].front() == '@') {
      PAWL_CHECK(read_shorthand(words));
    } else {
      PAWL_CHECK(read_fields(words, seconds));
    }
    return std::move(schedule_);
  }

 private:
  // A value, or the two ends of a range.
  struct Range {
    int from = 0;
    int to = 0;
  };

  static std::string layout(bool seconds) {
    return seconds ? "6 fields (second minute hour day-of-month month day-of-week)"
                   : "5 fields (minute hour day-of-month month day-of-week)";
  }

  Error error(std::string_view where, std::string message) const {
    const auto column = static_cast<std::size_t>(where.data() - text_.data()) + 1;
    return Error{ErrorKind::kInvalid, std::move(message), "column " + std::to_string(column)};
  }
  Error field_error(std::string_view where, const FieldRule& rule,
                    const std::string& message) const {
    return error(where, std::string(rule.name) + ": " + message);
  }

  Result<void> read_shorthand(const std::vector<std::string_view>& words) {
    if (equal_ignoring_case(words[0], "@every")) return read_every(words);
    for (const Shorthand& shorthand : kShorthands) {
      if (!equal_ignoring_case(words[0], shorthand.name)) continue;
      if (words.size() > 1) {
        return error(words[1], quote(words[1]) + " after " + std::string(shorthand.name) +
                                   "; a shorthand stands alone");
      }
      return CronParser(shorthand.fields).read_into(schedule_);
    }
    if (equal_ignoring_case(words[0], "@reboot")) {
      return error(words[0], "@reboot is not supported: pipelines run by the clock");
    }
    return error(words[0],
                 quote(words[0]) +
                     " is no shorthand; write @yearly, @annually, @monthly, @weekly, @daily, "
                     "@midnight, @hourly or @every 90s");
  }

  // A shorthand's fields, which are right.
  Result<void> read_into(CronSchedule& schedule) {
    PAWL_CHECK(read_fields(split_blanks(text_), false));
    schedule_.expression_ = std::move(schedule.expression_);
    schedule = std::move(schedule_);
    return {};
  }

  Result<void> read_every(const std::vector<std::string_view>& words) {
    if (words.size() != 2) {
      return error(words.size() == 1 ? words[0] : words[2],
                   "@every takes one duration, such as @every 90s or @every 1h30m");
    }
    const std::optional<std::int64_t> every_ms = parse_duration_ms(words[1]);
    if (!every_ms) {
      return error(words[1],
                   "@every: " + quote(words[1]) +
                       " is no duration; write one like 90s, 15m, 1h30m or 2d (at most 366d)");
    }
    if (*every_ms < limits::kCronEveryMinMs) {
      return error(words[1], "@every: " + quote(words[1]) + " is too short; the shortest is " +
                                 format_duration(limits::kCronEveryMinMs));
    }
    schedule_.every_ms_ = *every_ms;
    return {};
  }

  Result<void> read_fields(const std::vector<std::string_view>& words, bool seconds) {
    if (words[0].starts_with("TZ=") || words[0].starts_with("CRON_TZ=")) {
      return error(words[0], quote(words[0]) + " in the expression; give the zone as `timezone:`");
    }
    const std::size_t wanted = seconds ? 6 : 5;
    if (words.size() != wanted) return wrong_count(words, seconds);
    schedule_.has_seconds_ = seconds;
    if (!seconds) schedule_.seconds_.set(0);
    for (std::size_t i = 0; i < wanted; ++i) {
      PAWL_CHECK(read_field(words[i], kRules[seconds ? i : i + 1]));
    }
    return {};
  }

  Error wrong_count(const std::vector<std::string_view>& words, bool seconds) const {
    const std::size_t wanted = seconds ? 6 : 5;
    const std::size_t found = words.size();
    std::string message = "found " + std::to_string(found) + (found == 1 ? " field" : " fields") +
                          "; write " + layout(seconds);
    if (!seconds && found == 6) message += ", or set `seconds: true` for seconds first";
    if (seconds && found == 5) message += ", or leave `seconds: true` out";
    if (found == 7) message += "; there is no field for years";
    return error(found > wanted ? words[wanted] : words.back(), std::move(message));
  }

  Result<void> read_field(std::string_view field, const FieldRule& rule) {
    const bool is_day = rule.kind == FieldKind::kDayOfMonth || rule.kind == FieldKind::kDayOfWeek;
    const bool any = field.front() == '*' || field == "?";
    if (rule.kind == FieldKind::kDayOfMonth) schedule_.any_day_of_month_ = any;
    if (rule.kind == FieldKind::kDayOfWeek) schedule_.any_day_of_week_ = any;
    if (rule.kind == FieldKind::kMinute || rule.kind == FieldKind::kHour) {
      schedule_.wildcard_time_ = schedule_.wildcard_time_ || any;
    }
    if (const std::size_t at = field.find('?'); at != std::string_view::npos) {
      const std::string_view mark = field.substr(at, 1);
      if (!is_day) return field_error(mark, rule, "'?' is only for the two day fields; write *");
      if (field != "?") return field_error(mark, rule, "'?' stands alone in its field");
      set_range(rule, {rule.min, rule.last}, 1);
      return {};
    }
    std::size_t start = 0;
    while (true) {
      const std::size_t comma = std::min(field.find(',', start), field.size());
      const std::string_view item = field.substr(start, comma - start);
      if (item.empty()) {
        return field_error(
            field.substr(start), rule,
            "nothing between the commas of " + quote(field) + "; write " + std::string(rule.range));
      }
      PAWL_CHECK(read_item(item, rule));
      if (comma == field.size()) return {};
      start = comma + 1;
    }
  }

  // One item of a list: a special form, or RANGE or RANGE/STEP.
  Result<void> read_item(std::string_view item, const FieldRule& rule) {
    if (rule.kind == FieldKind::kDayOfMonth &&
        item.find_first_of("LlWw") != std::string_view::npos) {
      return read_special_day(item, rule);
    }
    if (rule.kind == FieldKind::kDayOfWeek && item.find('#') != std::string_view::npos) {
      return read_nth_weekday(item, rule);
    }
    if (rule.kind == FieldKind::kDayOfWeek && upper(item.back()) == 'L') {
      return read_last_weekday(item, rule);
    }
    const std::size_t slash = item.find('/');
    const std::string_view base = item.substr(0, slash);
    Range range{rule.min, rule.last};
    if (base != "*") {
      PAWL_TRY(range, read_range(base, item, rule));
      // "5/15": from 5 to the end. In all others a step needs a range.
      const bool open = slash != std::string_view::npos && base.find('-') == std::string_view::npos;
      if (open) range.to = std::max(range.from, rule.last);
    }
    int step = 1;
    if (slash != std::string_view::npos) {
      PAWL_TRY(step, read_step(item.substr(slash + 1), item, rule));
    }
    set_range(rule, range, step);
    return {};
  }

  Result<int> read_step(std::string_view text, std::string_view item, const FieldRule& rule) const {
    int step = 0;
    const int most = rule.last - rule.min;
    const std::string_view where = text.empty() ? item : text;
    const bool is_number = !text.empty() && std::all_of(text.begin(), text.end(), is_digit);
    if (!is_number || !to_number(text, step) || step < 1 || step > most) {
      std::string message =
          "step " + quote(text) + " in " + quote(item) + " is not 1-" + std::to_string(most);
      if (is_number && step > most) message += "; for longer intervals use @every";
      return field_error(where, rule, message);
    }
    return step;
  }

  Result<Range> read_range(std::string_view base, std::string_view item,
                           const FieldRule& rule) const {
    const std::size_t dash = base.find('-');
    Range range;
    PAWL_TRY(range.from, read_value(base.substr(0, dash), item, rule));
    range.to = range.from;
    if (dash == std::string_view::npos) return range;
    const std::string_view end = base.substr(dash + 1);
    PAWL_TRY(range.to, read_value(end, item, rule));
    // "SAT-SUN": as a range's end, the name can only mean the 7.
    if (rule.kind == FieldKind::kDayOfWeek && range.to == 0 && !is_digit(end.front())) range.to = 7;
    if (range.from > range.to) {
      std::string meant = std::to_string(rule.min) + "-" + std::to_string(range.to);
      if (range.from <= rule.last) {
        meant = std::to_string(range.from) + "-" + std::to_string(rule.last) + "," + meant;
      }
      return field_error(base, rule, "range " + quote(base) + " runs backwards; write " + meant);
    }
    return range;
  }

  Result<int> read_value(std::string_view text, std::string_view item,
                         const FieldRule& rule) const {
    for (std::size_t i = 0; i < rule.names.size(); ++i) {
      if (equal_ignoring_case(text, rule.names[i])) return static_cast<int>(i) + rule.min;
    }
    int value = 0;
    const std::string wanted = "; write " + std::string(rule.range);
    if (text.empty() || !std::all_of(text.begin(), text.end(), is_digit)) {
      std::string found =
          text.empty() ? "nothing where a value should be" : quote(text) + " is no value";
      if (text != item) found += " in " + quote(item);
      return field_error(text.empty() ? item : text, rule, found + wanted);
    }
    if (!to_number(text, value) || value < rule.min || value > rule.max) {
      return field_error(text, rule, quote(text) + " is out of range" + wanted);
    }
    return value;
  }

  // L, LW and 15W.
  Result<void> read_special_day(std::string_view item, const FieldRule& rule) {
    if (equal_ignoring_case(item, "L")) {
      schedule_.last_day_ = true;
      return {};
    }
    if (equal_ignoring_case(item, "LW")) {
      schedule_.last_weekday_ = true;
      return {};
    }
    const std::string_view number = item.substr(0, item.size() - 1);
    if (upper(item.back()) != 'W' || number.empty() ||
        !std::all_of(number.begin(), number.end(), is_digit)) {
      return field_error(item, rule,
                         quote(item) +
                             " is no day; write L (last day), LW (last weekday) or 15W "
                             "(weekday nearest to the 15th)");
    }
    int day = 0;
    PAWL_TRY(day, read_value(number, item, rule));
    schedule_.nearest_weekday_.set(static_cast<std::size_t>(day));
    return {};
  }

  // 5#2 or FRI#2.
  Result<void> read_nth_weekday(std::string_view item, const FieldRule& rule) {
    const std::size_t hash = item.find('#');
    int day = 0;
    PAWL_TRY(day, read_value(item.substr(0, hash), item, rule));
    const std::string_view nth = item.substr(hash + 1);
    if (nth.size() != 1 || nth[0] < '1' || nth[0] > '5') {
      return field_error(nth.empty() ? item : nth, rule,
                         "'#' in " + quote(item) + " needs 1-5 after it; 5#2 is the second Friday");
    }
    std::uint8_t& bits = schedule_.nth_day_of_week_[static_cast<std::size_t>(day % 7)];
    bits = static_cast<std::uint8_t>(bits | (1u << (nth[0] - '0')));
    return {};
  }

  // 5L or FRIL.
  Result<void> read_last_weekday(std::string_view item, const FieldRule& rule) {
    if (item.size() == 1) {
      return field_error(item, rule, "'L' needs a day before it; 5L is the last Friday");
    }
    int day = 0;
    PAWL_TRY(day, read_value(item.substr(0, item.size() - 1), item, rule));
    schedule_.last_day_of_week_.set(static_cast<std::size_t>(day % 7));
    return {};
  }

  static bool to_number(std::string_view digits, int& value) {
    return std::from_chars(digits.data(), digits.data() + digits.size(), value).ec == std::errc{};
  }

  void set_range(const FieldRule& rule, Range range, int step) {
    for (int value = range.from; value <= range.to; value += step) set_value(rule, value);
  }

  void set_value(const FieldRule& rule, int value) {
    const auto index = static_cast<std::size_t>(value);
    switch (rule.kind) {
      case FieldKind::kSecond:
        schedule_.seconds_.set(index);
        break;
      case FieldKind::kMinute:
        schedule_.minutes_.set(index);
        break;
      case FieldKind::kHour:
        schedule_.hours_.set(index);
        break;
      case FieldKind::kDayOfMonth:
        schedule_.days_of_month_.set(index);
        break;
      case FieldKind::kMonth:
        schedule_.months_.set(index);
        break;
      case FieldKind::kDayOfWeek:
        schedule_.days_of_week_.set(index % 7);
        break;
    }
  }

  const std::string_view text_;
  CronSchedule schedule_;
};

Result<CronSchedule> CronSchedule::parse(std::string_view expression, bool seconds) {
  return CronParser(expression).parse(seconds);
}

}  // namespace pawl
