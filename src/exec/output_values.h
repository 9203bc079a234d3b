// What a task wrote to $PAWL_OUTPUT, read. Pure.
//
//   name=value              one line; the value is all that follows the first =
//   name<<WORD              the lines up to one that is WORD; without the last line's end
//   ...
//   WORD
//
// As GitHub Actions reads $GITHUB_OUTPUT: of two values of one name the later one counts, nothing is
// trimmed, empty lines mean nothing, lines may end with CR LF.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/pipeline.h"

namespace pawl {

struct OutputValues {
  Variables values;  // of declared names, in the order of their declaration
  std::vector<std::string>
      notes;  // for people: what was not taken, and why; limits::kOutputNotes and one at most
};

// A value that cannot be taken (over limits::kOutputValueBytes, or no UTF-8 text) leaves its name without one, also
// where an earlier line gave it one: the task meant another.
[[nodiscard]] OutputValues parse_output(std::string_view text,
                                        const std::vector<std::string>& declared);

}  // namespace pawl
