// The progress stream of POST /images/create: one JSON object a line, an error
// among them. Fed with bytes split anywhere; memory bounded by
// limits::kPullLineBytes. A value; one thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"
#include "ports/container_engine.h"

namespace pawl {

class PullProgress {
 public:
  // Passes on what concerns the whole image ("Pulling from …", "Digest: …"),
  // not each layer's bytes, and at most limits::kPullNotes of it. Errors:
  // kInvalid (the pull failed; the engine's words), kCorrupt (no such stream).
  [[nodiscard]] Result<void> feed(std::string_view bytes,
                                  const ContainerEngine::Progress& progress);
  // At the stream's end: a last line without its newline counts too.
  [[nodiscard]] Result<void> finish(const ContainerEngine::Progress& progress);

 private:
  [[nodiscard]] Result<void> take_line(const ContainerEngine::Progress& progress);

  std::string line_;
  std::size_t notes_ = 0;
};

}  // namespace pawl
