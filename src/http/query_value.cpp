#include "http/query_value.h"

#include <algorithm>
#include <charconv>

namespace pawl::http {

Error bad_query_value(std::string_view name, std::string_view value, std::string_view wanted) {
  return Error{ErrorKind::kInvalid,
               "query parameter '" + std::string(name) + "' is '" + std::string(value) +
                   "'; it takes " + std::string(wanted),
               ""};
}

Result<std::uint32_t> query_number(const Call& call, std::string_view name, std::uint32_t low,
                                   std::uint32_t high, std::uint32_t fallback) {
  const std::string* text = call.query_parameter(name);
  if (text == nullptr) return fallback;
  std::uint32_t number = 0;
  const auto [stop, code] = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool is_number =
      !text->empty() && code == std::errc{} && stop == text->data() + text->size();
  if (is_number && number >= low && number <= high) return number;
  return bad_query_value(name, *text,
                         "a number from " + std::to_string(low) + " to " + std::to_string(high));
}

Result<bool> query_flag(const Call& call, std::string_view name, bool fallback) {
  PAWL_TRY(const std::optional<std::size_t> word, query_word(call, name, {"false", "true"}));
  return word ? *word == 1 : fallback;
}

Result<std::optional<std::size_t>> query_word(const Call& call, std::string_view name,
                                              const std::vector<std::string_view>& words) {
  const std::string* text = call.query_parameter(name);
  if (text == nullptr) return std::optional<std::size_t>();
  const auto found = std::find(words.begin(), words.end(), *text);
  if (found != words.end()) {
    return std::optional<std::size_t>(static_cast<std::size_t>(found - words.begin()));
  }
  std::string wanted = "one of:";
  for (std::string_view word : words) wanted.append(" ").append(word);
  return bad_query_value(name, *text, wanted);
}

Result<WallTime> query_since(const Call& call, std::string_view name, WallTime now) {
  const std::string* text = call.query_parameter(name);
  if (text == nullptr) return WallTime{};
  if (const std::optional<WallTime> time = parse_rfc3339(*text)) return *time;
  if (const std::optional<std::int64_t> back_ms = parse_duration_ms(*text)) {
    return now.plus_ms(-*back_ms);
  }
  return bad_query_value(name, *text, "a time (2026-03-29T01:00:00Z) or a duration (24h)");
}

}  // namespace pawl::http
