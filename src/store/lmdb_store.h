// The Store on LMDB. Rules: default durability only, opened once per process, never across fork, local
// filesystems only. Layout: docs/store-format.md.
#pragma once

#include <memory>
#include <string>

#include "ports/store.h"

namespace pawl {

struct StoreOptions {
  std::string directory;  // made with mode 0700 if missing
  std::size_t map_bytes = limits::kStoreMapBytes;
  std::int64_t log_limit_bytes = limits::kLogLimitBytes;
};

// For the agent: takes an exclusive lock file. kConflict when another agent has it; kCorrupt; kDenied; kExhausted.
[[nodiscard]] Result<std::unique_ptr<Store>> open_store(const StoreOptions& options);
// For the CLI while no agent runs: read only. kNotFound where there is no store.
[[nodiscard]] Result<std::unique_ptr<StoreReader>> open_store_reader(const std::string& directory);

}  // namespace pawl
