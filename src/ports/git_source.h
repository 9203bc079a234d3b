// The seam to Git. Any thread; blocks until the deadline at most.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/host_config.h"
#include "model/source.h"

namespace pawl {

struct PulledFile {
  std::string path;     // inside the source's `path`
  std::string content;  // at most limits::kPipelineFileBytes
};

struct PullResult {
  std::string revision;    // commit id, hex
  bool unchanged = false;  // equals the known revision; files is empty
  std::vector<PulledFile> files;
  std::vector<Problem> problems;  // files that were set aside (too large, no regular file, ...)
};

class GitSource {
 public:
  virtual ~GitSource() = default;
  // Brings the source's ref and reads its pipeline files (*.yaml, *.yml under `path`, sorted by path).
  // Errors: kUnavailable (remote), kTimeout, kDenied (credentials, certificate), kNotFound (ref, path), kCorrupt
  // (local copy; already set aside for a fresh clone), kTooLarge, kInvalid (url), kInternal (the
  // child died). The message is one line, without credentials.
  [[nodiscard]] virtual Result<PullResult> pull(const SourceConfig& source,
                                                const std::string& known_revision) = 0;
};

}  // namespace pawl
