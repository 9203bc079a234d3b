#include "docker/json_lines.h"

#include <utility>

#include "model/limits.h"

namespace pawl {

Result<void> JsonLines::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    const std::string_view part = bytes.substr(0, newline);
    if (line_.size() + part.size() > limits::kPullLineBytes) {
      return Error{ErrorKind::kCorrupt,
                   std::string("the engine's ") + what_ + " has a line without end",
                   {}};
    }
    line_ += part;
    if (newline == std::string_view::npos) return {};
    bytes.remove_prefix(newline + 1);
    PAWL_CHECK(take_line(take));
  }
  return {};
}

Result<void> JsonLines::finish(const Take& take) { return take_line(take); }

Result<void> JsonLines::take_line(const Take& take) {
  const std::string line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t\r") == std::string::npos) return {};
  const auto json = Json::parse(line);
  if (!json && json.error().kind == ErrorKind::kExhausted) return json.error();
  if (!json) {
    return Error{ErrorKind::kCorrupt,
                 std::string("the engine's ") + what_ + " has a line that is no JSON",
                 {}};
  }
  return take(*json);
}

const std::string& error_of_line(const Json& line) {
  static const std::string kUnnamed = "the engine names no reason";
  const std::string& detail = line["errorDetail"]["message"].as_string();
  if (!detail.empty()) return detail;
  const std::string& text = line["error"].as_string();
  const bool failed = line.contains("error") || line.contains("errorDetail");
  return text.empty() && failed ? kUnnamed : text;
}

}  // namespace pawl
