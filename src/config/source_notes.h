// What a YAML file says to people only: its comments and its blank lines. A parser drops them; who
// prints the file anew (yaml_emitter.h) puts them back. Pure; any thread; linear time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/place.h"
#include "config/yaml_node.h"

namespace pawl::config {

// The lines of a text that check_text() has passed. References it.
class SourceLines {
 public:
  explicit SourceLines(std::string_view text);

  [[nodiscard]] std::size_t count() const { return starts_.size(); }
  // Without its end; empty for a line that is not there. From 1.
  [[nodiscard]] std::string_view line(std::uint32_t number) const;
  // Where a line begins; the text's size behind the last one.
  [[nodiscard]] std::size_t start(std::uint32_t number) const;
  [[nodiscard]] std::uint32_t line_at(std::size_t offset) const;
  // Of a node's content, behind an anchor or a tag that it may have.
  [[nodiscard]] std::size_t content_offset(Place place) const;
  // The character there: a quote, '|', ... '\0' at the end.
  [[nodiscard]] char content_char(Place place) const;

 private:
  std::string_view text_;
  std::vector<std::size_t> starts_;
  // Columns are characters: one long line would otherwise cost quadratic time.
  std::vector<std::size_t> characters_before_;  // each line
  std::vector<std::size_t> offsets_;            // of every 64th character
};

struct SourceComment {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  bool is_own_line = false;  // nothing stands before it
  std::string text;          // from '#' on
};

struct SourceNotes {
  std::vector<SourceComment> comments;     // by line
  std::vector<std::uint32_t> blank_lines;  // rising; those inside a text do not count
};

// `file` is what the text was parsed to, without problems, and nothing added to it.
[[nodiscard]] SourceNotes find_notes(std::string_view text, const SourceLines& lines,
                                     const YamlFile& file);

}  // namespace pawl::config
