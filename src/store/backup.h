// A store's backup is one file: a compacted copy of data.mdb, every record of it checked.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"

namespace pawl {

struct BackupReport {
  std::uint64_t bytes = 0;
  std::uint64_t runs = 0;
  std::vector<std::string> left_out;  // records that are damaged in the store itself
};

// Hot: in another process than the agent's it may run meanwhile, and the copy is one snapshot. Written beside `file` under another
// name, checked, made durable, and only then given its name; mode 0600.
// Errors: kConflict (`file` exists; the store is open in this process), kNotFound (no store; no such directory), kExhausted,
// kDenied, kCorrupt (the store cannot be read as a whole).
[[nodiscard]] Result<BackupReport> backup_store(const std::string& state_directory,
                                                const std::string& file);

struct RestoreReport {
  std::uint64_t bytes = 0;
  std::uint64_t runs = 0;
  std::string instance_id;          // the new one
  std::vector<std::string> former;  // the newest last
  std::string replaced;             // where the store that was there is now; empty: none was
};

// With no agent running. The store gets a new instance id, since the numbers of runs after the backup will be used again and
// their containers must not be taken for ours; the ids it had, and that of the store it replaces, are remembered.
// Errors: kConflict (an agent runs; a store is there and `replace` is not set), kCorrupt (the file, of which nothing is
// taken then), kNotFound, kInvalid (made by a newer pawl), kExhausted, kDenied.
[[nodiscard]] Result<RestoreReport> restore_store(const std::string& file,
                                                  const std::string& state_directory, bool replace);

}  // namespace pawl
