// Decides where the comments and blank lines of a document go when it is printed anew: to the lines
// on which something that is printed began. For yaml_emitter.cpp. Pure; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "config/source_notes.h"
#include "config/yaml_node.h"

namespace pawl::config {

// The lines of the file on which entries and items start, with the column of the leftmost.
using Anchors = std::map<std::uint32_t, std::uint32_t>;
void find_anchors(const YamlNode& node, Anchors& anchors);

// On one line in brackets, in the file as well as here; else it is printed in block style.
[[nodiscard]] bool is_one_line_flow(const YamlNode& node);

// By line of the file. Texts from '#' on; an empty one is a blank line.
struct PlacedNotes {
  std::map<std::uint32_t, std::vector<std::string>> above;
  std::map<std::uint32_t, std::string> beside;
  std::map<std::uint32_t, std::vector<std::string>> below;
  std::vector<std::string> at_end;
};

// The notes from `first_line` to `last_line`. `printed` and `written`: the anchors of the document
// that is printed, and of the one in the file.
[[nodiscard]] PlacedNotes place_notes(const SourceNotes& notes, std::uint32_t first_line,
                                      std::uint32_t last_line, const Anchors& printed,
                                      const Anchors& written);

}  // namespace pawl::config
