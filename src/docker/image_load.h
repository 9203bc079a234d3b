// Images from a file, as `docker save` makes it (POST /images/load): the way in on a host that no registry reaches.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "docker/engine_client.h"
#include "docker/json_lines.h"

namespace pawl {

// What the engine tells while it loads. Fed with bytes split anywhere; all of it at most
// limits::kEngineResponseBytes. A value; one thread.
class LoadProgress {
 public:
  // Errors: kInvalid (the load failed; the engine's words), kCorrupt (no such stream), kTooLarge.
  [[nodiscard]] Result<void> feed(std::string_view bytes);
  // At the stream's end: the images that were loaded, by name, or by id where one has none. kInvalid: none was.
  [[nodiscard]] Result<std::vector<std::string>> finish();

 private:
  [[nodiscard]] Result<void> take(const Json& line);

  JsonLines lines_{"load progress"};
  std::size_t bytes_ = 0;
  std::vector<std::string> images_;
};

// ContainerEngine::load_images. The context of errors about the file is its path.
[[nodiscard]] Result<std::vector<std::string>> load_image_file(EngineClient& client,
                                                               const std::string& file,
                                                               const std::stop_token& stop);

}  // namespace pawl
