// Which images pawl brought to the engine, when they were last used, and which files they were loaded from: so that it
// removes none that others brought, and loads none twice. A small file of JSON in the state directory.
//
// Thread-safe. Losing it costs little: files are loaded again, and images stay until somebody else removes them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ports/clock.h"

namespace pawl {

class ImageLedger {
 public:
  struct Image {
    std::string name;  // empty: it has lost its name to a newer one
    std::string id{};  // empty: not looked up yet
    WallTime used_at{};
    bool operator==(const Image&) const = default;
  };
  struct File {
    std::string name;
    std::int64_t bytes = 0;
    std::int64_t changed_ns = 0;
    std::vector<std::string> images{};
    bool operator==(const File&) const = default;
  };

  // Reads the file; one that is damaged counts as none, which is logged. Empty path: nothing is kept.
  ImageLedger(std::string path, const Clock& clock);

  // It was pulled, loaded or made by us.
  void brought(const std::string& name);
  // It was asked for. Means nothing of an image that is not ours; written with the next save().
  void used(const std::string& name);
  // Lets `change` edit the list. It must not call back.
  void update(const std::function<void(std::vector<Image>&)>& change);
  [[nodiscard]] std::vector<Image> images() const;

  void loaded(File file);
  [[nodiscard]] std::vector<File> files() const;

  // Writes what has changed, if anything. A failure is logged once.
  void save();

 private:
  void read();
  [[nodiscard]] Result<void> write() const;
  void drop_oldest();

  const std::string path_;
  const Clock& clock_;
  mutable std::mutex mutex_;
  std::vector<Image> images_;
  std::vector<File> files_;
  bool changed_ = false;
  bool failing_ = false;
};

// Whether two names mean one image, as engines shorten them: without Docker Hub's address, without ":latest", and without the
// tag where there is a digest.
[[nodiscard]] bool is_same_image(const std::string& a, const std::string& b);

}  // namespace pawl
