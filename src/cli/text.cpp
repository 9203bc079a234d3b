// Names, messages and logs come from Git, from containers and from other hosts: printed as they
// are, they could move the cursor, retitle the window or reorder what is read. Everything is
// decoded as strict UTF-8 once, and each code point is either shown or spelled out. Rejected:
// wcwidth(), which needs a locale that a static binary on a bare host does not have.
#include "cli/text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace pawl::cli {
namespace {

struct Decoded {
  std::uint32_t code_point = 0;
  std::size_t bytes = 1;
  bool valid = false;
  bool truncated = false;  // a valid beginning, but the text ends here
};

std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead >= 0xC2 && lead <= 0xDF) return 2;
  if (lead >= 0xE0 && lead <= 0xEF) return 3;
  if (lead >= 0xF0 && lead <= 0xF4) return 4;
  return 0;
}

// RFC 3629: no overlong forms, no surrogates, nothing over U+10FFFF.
Decoded decode(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[at + i]); };
  const std::size_t length = sequence_length(byte(0));
  if (length == 0) return {byte(0), 1, false, false};
  if (length == 1) return {byte(0), 1, true, false};
  std::uint32_t code_point = byte(0) & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i >= text.size()) return {byte(0), 1, false, true};
    if ((byte(i) & 0xC0) != 0x80) return {byte(0), 1, false, false};
    code_point = (code_point << 6) | (byte(i) & 0x3FU);
  }
  constexpr std::array<std::uint32_t, 5> kSmallest = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  if (code_point < kSmallest[length] || surrogate || code_point > 0x10FFFF) {
    return {byte(0), 1, false, false};
  }
  return {code_point, length, true, false};
}

struct Range {
  std::uint32_t first;
  std::uint32_t last;
};

template <std::size_t N>
bool in_ranges(const std::array<Range, N>& ranges, std::uint32_t code_point) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), code_point,
                       [](std::uint32_t value, const Range& range) { return value < range.first; });
  return after != ranges.begin() && code_point <= std::prev(after)->last;
}

// Controls, line separators, direction controls, byte order mark, tags.
constexpr std::array<Range, 9> kObeyed = {{{0x00, 0x1F},
                                           {0x7F, 0x9F},
                                           {0x061C, 0x061C},
                                           {0x200E, 0x200F},
                                           {0x2028, 0x202E},
                                           {0x2066, 0x206F},
                                           {0xFEFF, 0xFEFF},
                                           {0xFFF9, 0xFFFB},
                                           {0xE0000, 0xE007F}}};
constexpr std::array<Range, 8> kZeroWidth = {{{0x0300, 0x036F},
                                              {0x0483, 0x0489},
                                              {0x0591, 0x05BD},
                                              {0x064B, 0x065F},
                                              {0x1AB0, 0x1AFF},
                                              {0x200B, 0x200D},
                                              {0x20D0, 0x20FF},
                                              {0xFE00, 0xFE0F}}};
constexpr std::array<Range, 13> kWide = {{{0x1100, 0x115F},
                                          {0x2E80, 0x303E},
                                          {0x3041, 0x33FF},
                                          {0x3400, 0x4DBF},
                                          {0x4E00, 0xA4CF},
                                          {0xA960, 0xA97F},
                                          {0xAC00, 0xD7A3},
                                          {0xF900, 0xFAFF},
                                          {0xFE30, 0xFE6F},
                                          {0xFF00, 0xFF60},
                                          {0xFFE0, 0xFFE6},
                                          {0x1F300, 0x1FAFF},
                                          {0x20000, 0x3FFFD}}};

void append_hex(std::string& out, std::string_view prefix, std::uint32_t value, int digits) {
  out += prefix;
  for (int shift = (digits - 1) * 4; shift >= 0; shift -= 4) {
    out += "0123456789abcdef"[(value >> static_cast<unsigned>(shift)) & 0xFU];
  }
}

std::string spell(std::uint32_t code_point, bool valid) {
  if (valid && code_point == '\n') return "\\n";
  if (valid && code_point == '\r') return "\\r";
  if (valid && code_point == '\t') return "\\t";
  std::string out;
  if (!valid || code_point < 0x80) {
    append_hex(out, "\\x", code_point, 2);
  } else if (code_point <= 0xFFFF) {
    append_hex(out, "\\u", code_point, 4);
  } else {
    append_hex(out, "\\U", code_point, 8);
  }
  return out;
}

void append_shown(std::string& out, std::string_view text, std::size_t at, const Decoded& decoded) {
  if (decoded.valid && !in_ranges(kObeyed, decoded.code_point)) {
    out.append(text.substr(at, decoded.bytes));
  } else {
    out += spell(decoded.code_point, decoded.valid);
  }
}

// The length of a whole colour sequence (ESC [ digits ; ... m) at `at`; 0: it is none; npos: it may
// become one with more text.
std::size_t color_sequence(std::string_view text, std::size_t at) {
  std::size_t i = at + 1;
  if (i == text.size()) return std::string_view::npos;
  if (text[i] != '[') return 0;
  for (++i; i < text.size() && i - at < LogEscaper::kHeldBytes; ++i) {
    if (text[i] == 'm') return i + 1 - at;
    if ((text[i] < '0' || text[i] > '9') && text[i] != ';' && text[i] != ':') return 0;
  }
  return i == text.size() && i - at < LogEscaper::kHeldBytes ? std::string_view::npos : 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const Decoded decoded = decode(text, i);
    append_shown(out, text, i, decoded);
    i += decoded.bytes;
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  for (std::size_t i = 0; i < text.size();) {
    const Decoded decoded = decode(text, i);
    i += decoded.bytes;
    if (in_ranges(kZeroWidth, decoded.code_point)) continue;
    width += in_ranges(kWide, decoded.code_point) ? 2 : 1;
  }
  return width;
}

std::string escape_json(std::string_view json) {
  std::string out;
  out.reserve(json.size());
  for (std::size_t i = 0; i < json.size();) {
    const Decoded decoded = decode(json, i);
    const std::uint32_t code_point = decoded.code_point;
    const bool layout = code_point == '\n' || code_point == '\t' || code_point == '\r';
    if (layout || !decoded.valid || !in_ranges(kObeyed, code_point)) {
      out.append(json.substr(i, decoded.bytes));
    } else {
      if (code_point > 0xFFFF) {  // as a surrogate pair
        const std::uint32_t rest = code_point - 0x10000;
        append_hex(out, "\\u", 0xD800 + (rest >> 10), 4);
        append_hex(out, "\\u", 0xDC00 + (rest & 0x3FF), 4);
      } else {
        append_hex(out, "\\u", code_point, 4);
      }
    }
    i += decoded.bytes;
  }
  return out;
}

std::string url_encode(std::string_view text) {
  constexpr std::string_view kHexDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    if (letter || c == '-' || c == '.' || c == '_' || c == '~') {
      out += c;
    } else {
      out += '%';
      out += kHexDigits[byte >> 4];
      out += kHexDigits[byte & 0xF];
    }
  }
  return out;
}

std::string LogEscaper::feed(std::string_view piece) {
  const std::string text = std::exchange(held_, "").append(piece);
  return escape(text, false);
}

std::string LogEscaper::finish() {
  const std::string text = std::exchange(held_, "");
  return escape(text, true);
}

std::string LogEscaper::escape(std::string_view text, bool last) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const char c = text[i];
    if (c == '\n' || c == '\t') {
      out += c;
      ++i;
      continue;
    }
    if (c == '\x1b') {
      const std::size_t length = color_sequence(text, i);
      if (length == std::string_view::npos && !last) {
        held_ = text.substr(i);
        return out;
      }
      if (length != 0 && length != std::string_view::npos) {
        i += length;
        continue;
      }
    }
    if (c == '\r' && i + 1 == text.size() && !last) {
      held_ = text.substr(i);
      return out;
    }
    if (c == '\r' && i + 1 < text.size() && text[i + 1] == '\n') {
      ++i;
      continue;
    }
    const Decoded decoded = decode(text, i);
    if (decoded.truncated && !last) {
      held_ = text.substr(i);
      return out;
    }
    append_shown(out, text, i, decoded);
    i += decoded.bytes;
  }
  return out;
}

}  // namespace pawl::cli
