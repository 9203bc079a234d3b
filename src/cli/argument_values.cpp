#include "cli/argument_values.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/ids.h"
#include "base/time.h"
#include "cli/arguments.h"
#include "model/limits.h"

namespace pawl::cli {

std::optional<std::uint32_t> parse_count(std::string_view text, std::uint32_t max) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  if (value < 1 || value > max) return std::nullopt;
  return value;
}

std::function<std::string(const std::string&)> check_count(std::uint32_t max) {
  return [max](const std::string& text) {
    if (parse_count(text, max)) return std::string();
    return "'" + text + "' is no whole number from 1 to " + std::to_string(max);
  };
}

std::string check_run_id(const std::string& text) {
  if (RunId::parse(text)) return "";
  return "'" + text + "' is no run number; `pawl runs` lists them";
}

std::string check_word(const std::string& text) {
  if (text.empty()) return "a name must not be empty";
  return "";
}

std::string check_key(const std::string& text) {
  const bool is_visible =
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (!text.empty() && is_visible && text.size() <= limits::kIdempotencyKeyBytes) return "";
  return "a key is 1 to " + std::to_string(limits::kIdempotencyKeyBytes) +
         " letters, digits and signs of ASCII, without blanks";
}

std::string check_param(const std::string& text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) return "'" + text + "' is not NAME=VALUE";
  return "";
}

std::string check_since(const std::string& text) {
  if (parse_rfc3339(text) || parse_duration_ms(text)) return "";
  return "'" + text + "' is neither a duration (24h) nor a time (2026-03-29T01:00:00Z)";
}

std::string check_duration(const std::string& text) {
  if (parse_duration_ms(text)) return "";
  return "'" + text + "' is no duration such as 90s or 1h30m";
}

std::string check_address(const std::string& text) {
  if (normalize_address(text)) return "";
  return "'" + text + "' is neither unix:///PATH nor http://HOST:PORT";
}

std::string joined(const std::vector<std::string>& all) {
  std::string out;
  for (const std::string& word : all) out += (out.empty() ? "" : ", ") + word;
  return out;
}

std::function<std::string(const std::string&)> check_one_of(std::vector<std::string> allowed) {
  return [allowed = std::move(allowed)](const std::string& text) -> std::string {
    if (std::find(allowed.begin(), allowed.end(), text) != allowed.end()) return "";
    return "'" + text + "' is none of " + joined(allowed);
  };
}

}  // namespace pawl::cli
