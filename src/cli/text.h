// Text on its way to a person: made harmless, and measured. Pure functions; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace pawl::cli {

// `text` on one line with nothing that a terminal obeys: control characters (C0, DEL, C1), line and
// direction controls of Unicode and bytes that are not UTF-8 become \n, \x1b, \u202e, ...
// Unlike escape_control() of base/log.h it leaves quotes and backslashes alone: for people, not for
// parsers.
[[nodiscard]] std::string printable(std::string_view text);

// Columns that a terminal uses for it: 0 for combining marks, 2 for East Asian wide characters and
// emoji. Expects printable() text.
[[nodiscard]] std::size_t display_width(std::string_view text);

// `json` (a document) with the characters that a terminal obeys but JSON allows unescaped, as
// \uXXXX. The document's meaning stays the same.
[[nodiscard]] std::string escape_json(std::string_view json);

// RFC 3986: all but unreserved characters percent-encoded.
[[nodiscard]] std::string url_encode(std::string_view text);

// Makes log output safe for a terminal, piece by piece: keeps \n and \t, turns \r\n into \n, drops
// colour sequences (ESC [ ... m), escapes the rest as printable() does. A sequence that is split
// between two pieces is put together first; at most kHeldBytes are held back.
class LogEscaper {
 public:
  static constexpr std::size_t kHeldBytes = 32;
  [[nodiscard]] std::string feed(std::string_view piece);
  // What was held back at the end of the output.
  [[nodiscard]] std::string finish();

 private:
  std::string escape(std::string_view text, bool last);
  std::string held_;
};

}  // namespace pawl::cli
