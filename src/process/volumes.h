// The directories that tasks of one run share:
//
//   volumes/<name>/labels.json
//   volumes/<name>/data/         01777, what the tasks see
//
// Who has a volume is for the caller to know. Thread-safe: each change is one rename.
#pragma once

#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "ports/container_engine.h"
#include "process/trash.h"

namespace pawl {

class Volumes {
 public:
  // `trash` must outlive the object. `path` is where `directory` is.
  Volumes(UniqueFd directory, std::string path, Trash& trash);

  // Made if there is none. Returns the path of its data.
  [[nodiscard]] Result<std::string> make(const std::string& name,
                                         const std::map<std::string, std::string>& labels);
  [[nodiscard]] Result<void> remove(const std::string& name);
  [[nodiscard]] Result<std::vector<VolumeSummary>> list() const;
  // With their sizes: what they take of the disk, to a depth of 64.
  [[nodiscard]] Result<std::vector<DiskUsage::Volume>> sizes(const std::stop_token& stop) const;

 private:
  const UniqueFd directory_;
  const std::string path_;
  Trash& trash_;
};

}  // namespace pawl
