// Which store this is: its format and its instance id, kept in the table `meta` and once more in the file `instance`, so
// that damage to one of them loses neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "store/directory.h"
#include "store/environment.h"

namespace pawl::store {

// Of the tables and records as a whole. docs/store-format.md has the history.
inline constexpr std::uint32_t kStoreFormat = 1;

// Makes a new store's identity, or finds an old one's and mends the copy that is damaged. Returns the instance id.
// Errors: kInvalid (made by a newer pawl), kCorrupt (both copies are damaged, or only the file is left).
[[nodiscard]] Result<std::string> establish_identity(Environment& environment,
                                                     const std::string& directory,
                                                     const std::optional<InstanceFile>& file);

// For readers: changes nothing. kNotFound: the store is empty; else as above.
[[nodiscard]] Result<void> check_identity(const Environment& environment,
                                          const std::string& directory,
                                          const std::optional<InstanceFile>& file);

}  // namespace pawl::store
