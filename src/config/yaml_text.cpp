// yaml-cpp replaces what is no UTF-8 without a word, guesses UTF-16 and UTF-32 from the first
// bytes, and takes the byte 0x04 for the end of the file. Text that could be read in two ways must
// not decide what a host runs, so it is refused first.
#include "config/yaml_text.h"

#include <algorithm>
#include <string>

#include "config/wording.h"

namespace pawl::config {
namespace {

constexpr std::size_t kBlockBytes = 128;

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xc0u) == 0x80u; }

std::string code_point_name(char32_t point) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string name;
  for (int shift = point > 0xffff ? 20 : 12; shift >= 0; shift -= 4) {
    name += kDigits[(point >> shift) & 0xfu];
  }
  return "U+" + name;
}

bool is_wide_encoding(std::string_view text) {
  if (text.size() < 2) return false;
  const std::string_view start = text.substr(0, 2);
  return start == "\xff\xfe" || start == "\xfe\xff" || (start[0] == '\0') != (start[1] == '\0');
}

}  // namespace

// RFC 3629: shortest form only, no surrogates, up to U+10FFFF.
Character decode_character(std::string_view text) {
  const auto first = static_cast<unsigned char>(text.front());
  if (first < 0x80) return {first, 1};
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return {};
  char32_t point = first & (0x7fu >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if (!is_continuation(text[i])) return {};
    point = (point << 6) | (static_cast<unsigned char>(text[i]) & 0x3fu);
  }
  const bool is_overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
  const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
  if (is_overlong || is_surrogate || point > 0x10ffff) return {};
  return {point, length};
}

bool is_forbidden(char32_t point) {
  // YAML 1.2, c-printable. A mark other than at the start, U+2028 and U+2029 would not be seen.
  return (point < 0x20 && point != '\t' && point != '\n' && point != '\r') ||
         (point >= 0x7f && point <= 0x9f) || point == 0x2028 || point == 0x2029 ||
         point == 0xfeff || point == 0xfffe || point == 0xffff;
}

bool check_text(std::string_view& text, std::size_t max_bytes, ProblemList& problems) {
  if (text.size() > max_bytes) {
    problems.add({}, "the file has " + std::to_string(text.size()) + " bytes; at most " +
                         std::to_string(max_bytes) + " are read");
    return false;
  }
  if (is_wide_encoding(text)) {
    problems.add({1, 1}, "the file is UTF-16 or UTF-32; save it as UTF-8");
    return false;
  }
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);

  Place place{1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const Character character = decode_character(text.substr(i));
    if (character.length == 0) {
      problems.add(place, "not valid UTF-8; save the file as UTF-8");
      return false;
    }
    if (is_forbidden(character.point)) {
      problems.add(place,
                   "the control character " + code_point_name(character.point) +
                       " is not allowed in YAML; inside double quotes write it as an escape");
      return false;
    }
    if (character.point == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) {
      problems.add(place, "a carriage return that ends no line; save the file with LF line ends");
      return false;
    }
    i += character.length;
    place =
        character.point == '\n' ? Place{place.line + 1, 1} : Place{place.line, place.column + 1};
  }
  return true;
}

Columns::Columns(std::string_view text) : text_(text) {
  if (std::none_of(text.begin(), text.end(), is_continuation)) return;
  std::uint32_t characters = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (i % kBlockBytes == 0) characters_before_block_.push_back(characters);
    if (!is_continuation(text[i])) ++characters;
  }
}

std::size_t Columns::characters_before(std::size_t offset) const {
  const std::size_t block = std::min(offset / kBlockBytes, characters_before_block_.size() - 1);
  std::size_t characters = characters_before_block_[block];
  for (std::size_t i = block * kBlockBytes; i < offset; ++i) {
    if (!is_continuation(text_[i])) ++characters;
  }
  return characters;
}

std::uint32_t Columns::column(std::size_t offset, std::size_t bytes_into_line) const {
  offset = std::min(offset, text_.size());
  bytes_into_line = std::min(bytes_into_line, offset);
  if (characters_before_block_.empty()) return static_cast<std::uint32_t>(bytes_into_line + 1);
  return static_cast<std::uint32_t>(characters_before(offset) -
                                    characters_before(offset - bytes_into_line) + 1);
}

}  // namespace pawl::config
