// The real dockerd for tests: raw calls to its API, and an image made of Debian's static busybox, imported
// under a name of its own and removed with everything that was made from it.
#pragma once

#include <memory>
#include <string>

#include "base/json.h"
#include "docker/engine_client.h"

namespace pawl {

class DockerDaemon {
 public:
  // The one of this test program, set up at the first call; panics with what to do where no dockerd
  // answers or busybox is missing.
  static DockerDaemon& instance();
  // Another engine with Docker's API, by its socket; likewise.
  explicit DockerDaemon(std::string socket);
  ~DockerDaemon();

  [[nodiscard]] const std::string& socket() const { return socket_; }
  [[nodiscard]] const std::string& image() const { return image_; }
  // The same files; runs `echo entry` unless it is told otherwise.
  [[nodiscard]] const std::string& image_with_entry_point() const { return entry_image_; }
  // Unique to this process: for names and labels.
  [[nodiscard]] const std::string& token() const { return token_; }

  // GET; the body as JSON. Panics on errors.
  [[nodiscard]] Json get(const std::string& target);
  // Removes every container with that label, and then every volume.
  void remove_containers(const std::string& label);
  void remove_image(const std::string& name);
  // Writes what `docker save` would. Panics on errors.
  void save_image(const std::string& name, const std::string& file);

 private:
  std::string socket_;
  std::string token_;
  std::string image_;
  std::string entry_image_;
  std::unique_ptr<EngineClient> client_;
};

// Makes the image REPOSITORY:TAG of it; `changes` as in POST /images/create. Errors: the engine's, and those of
// read_file() where busybox is missing.
[[nodiscard]] Result<void> import_busybox(EngineClient& client, const std::string& repository,
                                          const std::string& tag, const std::string& changes);

// A tar archive (ustar) with /bin/busybox and links to it under the names of the given applets.
[[nodiscard]] std::string busybox_archive(const std::string& busybox);

}  // namespace pawl
