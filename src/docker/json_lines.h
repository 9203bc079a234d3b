// What the engine tells of long work (a pull, a load): one JSON object a line. Fed with bytes split anywhere; memory
// bounded by limits::kPullLineBytes. A value; one thread.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/result.h"

namespace pawl {

class JsonLines {
 public:
  using Take = std::function<Result<void>(const Json&)>;
  // `what`: of errors, "pull progress"; a literal.
  explicit JsonLines(const char* what) : what_(what) {}

  // Gives each object to `take`; an error of its ends the stream. Errors otherwise: kCorrupt (no such stream).
  [[nodiscard]] Result<void> feed(std::string_view bytes, const Take& take);
  // At the stream's end: a last line without its newline counts too.
  [[nodiscard]] Result<void> finish(const Take& take);

 private:
  [[nodiscard]] Result<void> take_line(const Take& take);

  const char* what_;
  std::string line_;
};

// The words of an error among the lines ("errorDetail", "error"); empty where the line is none.
[[nodiscard]] const std::string& error_of_line(const Json& line);

}  // namespace pawl
