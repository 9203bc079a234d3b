// A store file that LMDB cannot open is kept under another name, `data.mdb.damaged-<UTC time>`, so that nothing is lost that could
// still be read from it, and a new one is begun in its place. Also for files that a restore replaces.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "store/catalog_codec.h"

namespace pawl::store {

// Renames data.mdb to `data.mdb.<what>-<UTC time>`, and removes its lock.mdb; the new name, without the directory.
[[nodiscard]] Result<std::string> move_data_aside(const std::string& directory,
                                                  std::string_view what);

// Of the damaged ones, by name: the oldest first.
[[nodiscard]] std::vector<std::string> list_damaged(const std::string& directory);
// Removes the oldest, so that limits::kStoreSetAsideFiles are left.
void drop_old_damaged(const std::string& directory);

// From where a store that takes this file's place goes on: behind every number that may have been handed out. Reads the file
// raw: each commit of a run leaves a copy of the record `last_run` in a page, and a copy is known by its
// checksum. The highest one found, and limits::kRunsLostMax on, since the newest may be in what was lost; with none at all, the
// seconds since 1970, which no store has reached.
[[nodiscard]] LastRun salvage_last_run(const std::string& path);

}  // namespace pawl::store
