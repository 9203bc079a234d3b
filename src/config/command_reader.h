// `command` and `script` of a task (SPEC §1). Pure.
#pragma once

#include <string>
#include <vector>

#include "config/reader.h"

namespace pawl::config {

struct Command {
  std::vector<std::string> argv;         // empty: the image's own
  std::vector<const YamlNode*> items;    // of a list: what may have ${{ }}
  const YamlNode* shell_text = nullptr;  // of the other forms
};

// Refuses ${{ }} in what a shell would read as its program: a script, a text, and in a list the text behind a shell's -c.
[[nodiscard]] Command read_command(MappingReader& task);

}  // namespace pawl::config
