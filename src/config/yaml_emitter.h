// Prints one document of a YAML file anew from its (rewritten) tree: in block style, in brackets
// where the file has them on one line, with the file's own quotes, comments and blank lines. Aliases
// and merges are written out. Pure; any thread; linear in what is printed.
#pragma once

#include <cstdint>
#include <string>

#include "config/source_notes.h"
#include "config/yaml_node.h"

namespace pawl::config {

// The part of a file that is one document.
struct SourcePart {
  const SourceLines& lines;
  const SourceNotes& notes;  // of the whole file
  std::uint32_t first_line = 1;
  std::uint32_t last_line = 1;
};

// `written`: the document as it was parsed; `document`: what is printed, a mapping. A comment goes
// with what it stands beside, or above; where that is gone, with what comes next.
[[nodiscard]] std::string emit_document(const YamlNode& document, const YamlNode& written,
                                        const SourcePart& source);

}  // namespace pawl::config
