// What the agent asks of the pull child: JSON on its stdin. Values; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "model/host_config.h"

namespace pawl {

struct PullRequest {
  SourceConfig source;
  std::string known_revision;
  std::string cache_directory;
  std::int64_t deadline_ms = 0;  // left for this child
  bool discard_clone = false;    // an earlier child hung or died over it
  std::int64_t parent_process = 0;
};

[[nodiscard]] std::string encode_request(const PullRequest& request);
// Errors: kInvalid.
[[nodiscard]] Result<PullRequest> decode_request(std::string_view text);

}  // namespace pawl
