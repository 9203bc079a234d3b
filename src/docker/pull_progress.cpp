#include "docker/pull_progress.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "base/log.h"
#include "model/limits.h"

namespace pawl {

Result<void> PullProgress::feed(std::string_view bytes, const ContainerEngine::Progress& progress) {
  while (!bytes.empty()) {
    const auto newline = bytes.find('\n');
    const std::string_view part = bytes.substr(0, newline);
    if (line_.size() + part.size() > limits::kPullLineBytes) {
      return Error{ErrorKind::kCorrupt, "the engine's pull progress has a line without end", {}};
    }
    line_ += part;
    if (newline == std::string_view::npos) return {};
    bytes.remove_prefix(newline + 1);
    PAWL_CHECK(take_line(progress));
  }
  return {};
}

Result<void> PullProgress::finish(const ContainerEngine::Progress& progress) {
  return take_line(progress);
}

Result<void> PullProgress::take_line(const ContainerEngine::Progress& progress) {
  const std::string line = std::exchange(line_, {});
  if (line.find_first_not_of(" \t\r") == std::string::npos) return {};
  const auto parsed = Json::parse(line);
  if (!parsed) {
    return Error{ErrorKind::kCorrupt, "the engine's pull progress has a line that is no JSON", {}};
  }
  const Json& json = *parsed;
  if (json.contains("error") || json.contains("errorDetail")) {
    const std::string& detail = json["errorDetail"]["message"].as_string();
    const std::string& text = detail.empty() ? json["error"].as_string() : detail;
    return Error{ErrorKind::kInvalid,
                 escape_control(std::string_view(text).substr(0, limits::kEngineMessageBytes)),
                 {}};
  }
  const std::string& status = json["status"].as_string();
  const bool whole_image = !json.contains("id") || status.starts_with("Pulling from ");
  if (!status.empty() && whole_image && notes_ < limits::kPullNotes) {
    ++notes_;
    if (progress) {
      progress(escape_control(std::string_view(status).substr(0, limits::kEngineMessageBytes)));
    }
  }
  return {};
}

}  // namespace pawl
