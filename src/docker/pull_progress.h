// The progress stream of POST /images/create: one JSON object a line, an error
// among them. Fed with bytes split anywhere; memory bounded by
// limits::kPullLineBytes and the layers that an image can have. A value; one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "docker/json_lines.h"
#include "ports/container_engine.h"

namespace pawl {

class PullProgress {
 public:
  // A clock that never goes back, in ms.
  using Clock = std::function<std::int64_t()>;
  explicit PullProgress(Clock clock) : clock_(std::move(clock)) {}

  // Passes on what concerns the whole image ("Pulling from …", "Digest: …"), at most limits::kPullNotes of it; and of the
  // layers together how far they are, no sooner than limits::kPullNoteMs after the last such line. Errors:
  // kInvalid (the pull failed; the engine's own words, escaped but not cut), kCorrupt (no such stream).
  [[nodiscard]] Result<void> feed(std::string_view bytes,
                                  const ContainerEngine::Progress& progress);
  // At the stream's end: a last line without its newline counts too.
  [[nodiscard]] Result<void> finish(const ContainerEngine::Progress& progress);

 private:
  struct Layer {
    std::int64_t loaded_bytes = 0;
    std::int64_t bytes = 0;  // 0: not known yet
    bool done = false;
  };

  [[nodiscard]] Result<void> take(const Json& line, const ContainerEngine::Progress& progress);
  void take_layer(const Json& line, const std::string& status);
  void tell_layers(const ContainerEngine::Progress& progress);

  Clock clock_;
  JsonLines lines_{"pull progress"};
  std::size_t notes_ = 0;
  std::map<std::string, Layer, std::less<>> layers_;  // by id
  std::optional<std::int64_t> told_at_ms_;            // or when the first line came
};

}  // namespace pawl
