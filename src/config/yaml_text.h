// The bytes of a YAML file before any YAML parser sees them: encoding and control characters.
// Pure; any thread; linear time.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "config/place.h"
#include "config/problem_list.h"

namespace pawl::config {

// Checks that the text is at most `max_bytes` of UTF-8 without control characters (tab, line feed
// and CR LF excepted) and drops a byte order mark. False: one problem was added, and the text must
// not be parsed.
[[nodiscard]] bool check_text(std::string_view& text, std::size_t max_bytes, ProblemList& problems);

struct Character {
  char32_t point = 0;
  std::size_t length = 0;  // in bytes; 0: no UTF-8
};
// The first one of a text that is not empty.
[[nodiscard]] Character decode_character(std::string_view text);
// YAML 1.2 lets it stand in double quotes only, as an escape; or it would not be seen.
[[nodiscard]] bool is_forbidden(char32_t point);

// Turns byte offsets into columns counted in characters. References the text.
class Columns {
 public:
  explicit Columns(std::string_view text);
  // The column (from 1) of the byte at `offset`, `bytes_into_line` bytes after its line's start.
  [[nodiscard]] std::uint32_t column(std::size_t offset, std::size_t bytes_into_line) const;

 private:
  [[nodiscard]] std::size_t characters_before(std::size_t offset) const;

  std::string_view text_;
  // Characters before each block of kBlockBytes; empty for pure ASCII. One long line would
  // otherwise cost quadratic time.
  std::vector<std::uint32_t> characters_before_block_;
};

}  // namespace pawl::config
