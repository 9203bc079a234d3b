#include "cli/yaml_text.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace pawl::cli {
namespace {

constexpr std::size_t kIndent = 2;

// What YAML 1.1 takes for a boolean or null, in any mix of capitals.
constexpr std::array<std::string_view, 9> kReserved = {"true", "false", "null", "yes", "no",
                                                       "on",   "off",   "y",    "n"};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

bool is_plain(std::string_view text) {
  if (text.empty() || !is_letter(text.front())) return false;
  std::string lower;
  for (const char c : text) {
    const bool is_digit = c >= '0' && c <= '9';
    if (!is_letter(c) && !is_digit && c != '-' && c != '.' && c != '/') return false;
    lower += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  return std::find(kReserved.begin(), kReserved.end(), lower) == kReserved.end();
}

std::string scalar(const Json& json) {
  return json.is_string() && is_plain(json.as_string()) ? json.as_string() : json.dump();
}

bool is_nested(const Json& json) { return !json.items().empty() || !json.members().empty(); }

// `inline_first`: the first line goes on behind a "- ".
void write(std::string& out, const Json& json, std::size_t indent, bool inline_first) {
  const std::string margin(indent, ' ');
  if (!is_nested(json)) {
    out += scalar(json) + "\n";
    return;
  }
  bool first = inline_first;
  for (const Json& item : json.items()) {
    out += (first ? "" : margin) + "- ";
    first = false;
    write(out, item, indent + kIndent, true);
  }
  for (const auto& [name, value] : json.members()) {
    out += (first ? "" : margin) + scalar(name) + ":" + (is_nested(value) ? "\n" : " ");
    first = false;
    write(out, value, indent + kIndent, false);
  }
}

}  // namespace

std::string to_yaml(const Json& json) {
  std::string out;
  write(out, json, 0, false);
  return out;
}

}  // namespace pawl::cli
