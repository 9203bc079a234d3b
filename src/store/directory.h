// The directory that holds a store: made, checked and locked before LMDB sees it.
//
//   agent.lock   flock(2)ed by the agent that writes; holds its process id, for messages only
//   host.key     the seed of the key that signs the history's chain, in hex (host_key.h)
//   ballast      room on the disk that is given up when there is none (ballast.h)
//   instance     "pawl store <format> <instance id>\n": says that the store was made, whatever happened to data.mdb since
//   data.mdb, lock.mdb   LMDB's
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl::store {

// Makes the directory (mode 0700; its parent must exist) and makes it durable. Errors: kNotFound (no parent),
// kDenied, kExhausted, kInvalid (no directory, or on a network filesystem, where LMDB would lose data).
[[nodiscard]] Result<void> prepare_directory(const std::string& directory);

// The name of a filesystem that LMDB must not be used on, by statfs(2)'s f_type.
[[nodiscard]] std::optional<std::string_view> network_filesystem(std::uint64_t type);

// Whoever holds it has the directory to itself, in the mode asked for, until it is destroyed or the process dies.
class DirectoryLock {
 public:
  // For the agent. Waits a moment for readers that look at the store just now. kConflict: another agent has it.
  [[nodiscard]] static Result<DirectoryLock> exclusive(const std::string& directory);
  // Keeps agents from starting meanwhile. Nothing when an agent runs, or the file cannot be opened.
  [[nodiscard]] static std::optional<DirectoryLock> shared(const std::string& directory);

 private:
  explicit DirectoryLock(UniqueFd file) : file_(std::move(file)) {}
  UniqueFd file_;
};

struct InstanceFile {
  std::uint32_t format = 0;
  std::string instance_id;
};
// Nothing where there is none. kCorrupt when it makes no sense.
[[nodiscard]] Result<std::optional<InstanceFile>> read_instance_file(const std::string& directory);
// Replaces it atomically and durably.
[[nodiscard]] Result<void> write_instance_file(const std::string& directory,
                                               const InstanceFile& instance);

// Writes `bytes` into a file of the directory (mode 0600), atomically and durably.
[[nodiscard]] Result<void> replace_file(const std::string& directory, const std::string& name,
                                        std::string_view bytes);

// Error: data_is_gone() when a store was made here but its data is missing: it must not be taken for a new one.
[[nodiscard]] Result<void> check_data_present(const std::string& directory,
                                              const std::optional<InstanceFile>& instance);

// kCorrupt, and what to do.
[[nodiscard]] Error data_is_gone(const std::string& directory);

// An errno as an Error; the context is the path.
[[nodiscard]] Error system_error(int code, const std::string& path);

// Makes new directory entries durable.
[[nodiscard]] Result<void> sync_directory(const std::string& directory);

}  // namespace pawl::store
