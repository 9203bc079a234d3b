// Where a remote source's bare clone lives, and how a fresh one takes its place.
//
//   <cache>/<source name>-<16 hex of the url's SHA-256>/   one source; the only folder its child may write
//       repository/   the clone
//       new.<random>/ a clone being made        old.<random>/ one being removed
//       lock          held by the child that works here
//
// Child process only. Everything in here can be deleted at any time: it is a cache.
#pragma once

#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl {

class CloneStore {
 public:
  // Makes the folder, waits for its lock, removes leftovers and the folders of the same source with another
  // url. Errors: kDenied, kExhausted, kUnavailable, kInvalid (a name that is no file name).
  [[nodiscard]] static Result<CloneStore> open(const std::string& cache_directory,
                                               const std::string& source_name,
                                               const std::string& url);

  [[nodiscard]] const std::string& folder() const { return folder_; }
  [[nodiscard]] std::string repository() const { return folder_ + "/repository"; }
  [[nodiscard]] bool has_repository() const;
  // How many packs the clone has.
  [[nodiscard]] std::size_t packs() const;
  // A path for a new clone; nothing is there yet.
  [[nodiscard]] std::string new_path() const;
  // Puts the clone at `path` (from new_path()) in the place of the current one, atomically where the
  // filesystem can. The old one is then a leftover.
  [[nodiscard]] Result<void> replace_with(const std::string& path) const;
  // Removes clones that were replaced or never finished, and packs that were never received in full.
  void remove_leftovers() const;

 private:
  CloneStore(std::string folder, UniqueFd lock)
      : folder_(std::move(folder)), lock_(std::move(lock)) {}

  std::string folder_;
  UniqueFd lock_;
};

// The error for a failed system call on `path`.
[[nodiscard]] Error file_system_error(const std::string& what, const std::string& path, int code);
// Whether the filesystem of `path` is (all but) full.
[[nodiscard]] bool is_disk_full(const std::string& path);

}  // namespace pawl
