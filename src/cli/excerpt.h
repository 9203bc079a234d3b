// The line of a file that a problem is about, with a mark below the place: for a terminal. Pure; any
// thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::cli {

struct Excerpt {
  std::string line;  // printable; tabs are spaces, a long line is cut around the place ("…")
  std::string mark;  // spaces, then '^' below the place
};

// `line` and `column` from 1, the column in characters. Nothing where the text has no such line, or
// nothing is on it.
[[nodiscard]] std::optional<Excerpt> excerpt(std::string_view text, std::uint32_t line,
                                             std::uint32_t column);

}  // namespace pawl::cli
