// The files of this host that single attempts see: the one that $PAWL_OUTPUT names, and secrets. All that exec/
// knows of the host's directories is here; it holds only where the engine mounts what the agent sees.
//
//   outputs directory/<run>-<task>-<attempt>         0666: whatever user the task has, it writes
//   secrets directory/<run>-<task>-<attempt>/<n>     0444: likewise, it reads
//
// Both directories are 0700 and made when needed; their parents must exist. A container gets single files, mounted
// one by one: it can change what is in them, but neither replace nor link them. Secrets belong on a tmpfs, so that
// none ever reaches a disk. Thread-safe for distinct attempts.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"

namespace pawl {

class AttemptFiles {
 public:
  AttemptFiles(std::string outputs_directory, std::string secrets_directory)
      : outputs_(std::move(outputs_directory)), secrets_(std::move(secrets_directory)) {}

  // Both return the file's path. What an earlier try left is taken over, or replaced. Errors: kExhausted (no room),
  // kDenied, kUnavailable; the context is the path.
  [[nodiscard]] Result<std::string> make_output(const AttemptKey& key) const;
  [[nodiscard]] Result<std::string> write_secret(const AttemptKey& key, std::size_t number,
                                                 std::string_view bytes) const;
  // What write_secret() wrote, as its container sees it. kNotFound; else as above.
  [[nodiscard]] Result<std::string> read_secret(const AttemptKey& key, std::size_t number) const;
  // At most limits::kOutputFileBytes: more is kTooLarge. kNotFound; kInvalid: no regular file; else as above.
  [[nodiscard]] Result<std::string> read_output(const AttemptKey& key) const;

  // All of the attempt's. Succeeds if there are none.
  [[nodiscard]] Result<void> remove(const AttemptKey& key) const;
  // Every attempt that has any, once.
  [[nodiscard]] std::vector<AttemptKey> list() const;

 private:
  [[nodiscard]] std::string output_path(const AttemptKey& key) const;
  [[nodiscard]] std::string secrets_path(const AttemptKey& key) const;

  const std::string outputs_;
  const std::string secrets_;
};

}  // namespace pawl
