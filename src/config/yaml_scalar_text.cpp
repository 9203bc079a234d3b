#include "config/yaml_scalar_text.h"

#include <algorithm>

#include "config/yaml_text.h"

namespace pawl::config {
namespace {

// Neither a break nor a tab, nor what may stand as an escape only.
bool is_ordinary(std::string_view text) {
  while (!text.empty()) {
    const Character character = decode_character(text);
    if (character.length == 0 || character.point < 0x20 || is_forbidden(character.point)) {
      return false;
    }
    text.remove_prefix(character.length);
  }
  return true;
}

void append_escape(std::string& out, char32_t point) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  out += point > 0xffff ? "\\U" : point > 0xff ? "\\u" : "\\x";
  for (int shift = point > 0xffff ? 28 : point > 0xff ? 12 : 4; shift >= 0; shift -= 4) {
    out += kDigits[(point >> shift) & 0xfu];
  }
}

}  // namespace

bool is_plain_scalar(std::string_view text) {
  if (text.empty() || !is_ordinary(text)) return false;
  if (text.front() == ' ' || text.back() == ' ' || text.back() == ':') return false;
  if (text.starts_with("---") || text.starts_with("...")) return false;
  if (text.starts_with('-') && (text.size() == 1 || text[1] == ' ')) return false;
  if (std::string_view("?:,[]{}#&*!|>'\"%@`").find(text.front()) != std::string_view::npos) {
    return false;
  }
  return text.find(": ") == std::string_view::npos && text.find(" #") == std::string_view::npos &&
         text.find_first_of(",[]{}") == std::string_view::npos;
}

std::string quoted_scalar(std::string_view text, char preferred_quote) {
  std::string out(1, preferred_quote);
  if (preferred_quote == '\'' && is_ordinary(text)) {
    for (char c : text) out.append(c == '\'' ? 2 : 1, c);
    return out + "'";
  }
  out = "\"";
  while (!text.empty()) {
    const Character character = decode_character(text);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    if (character.point == '\n') {
      out += "\\n";
    } else if (character.point == '\t') {
      out += "\\t";
    } else if (character.point == '"' || character.point == '\\') {
      out += '\\';
      out += text.front();
    } else if (character.length > 0 && (character.point < 0x20 || is_forbidden(character.point))) {
      append_escape(out, character.point);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out + "\"";
}

std::optional<std::string_view> block_scalar_head(std::string_view text) {
  if (text.find('\n') == std::string_view::npos) return std::nullopt;
  // Its first line tells the indentation.
  if (std::string_view(" \t\n").find(text.front()) != std::string_view::npos) return std::nullopt;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (!line.empty() && line.find_first_not_of(" \t") == std::string_view::npos) {
      return std::nullopt;
    }
    std::string without_tabs(line);
    std::replace(without_tabs.begin(), without_tabs.end(), '\t', ' ');
    if (!is_ordinary(without_tabs)) return std::nullopt;
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
  }
  if (!text.ends_with('\n')) return "|-";
  return text.ends_with("\n\n") ? "|+" : "|";
}

}  // namespace pawl::config
