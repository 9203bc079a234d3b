// Which store this is: its format and its instance id, kept in the table `meta` and once more in the file `instance`, so
// that damage to one of them loses neither.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/signing.h"
#include "store/catalog_codec.h"
#include "store/directory.h"
#include "store/environment.h"

namespace pawl::store {

// Of the tables and records as a whole. docs/store-format.md has the history. One of an earlier format is read as it is, and
// becomes one of the newest when an agent opens it.
inline constexpr std::uint32_t kStoreFormat = 4;

struct Identity {
  std::string instance_id;
  std::vector<std::string> former;  // ids it had before it was restored, the newest last
};

// A store that was damaged and set aside, in whose place a new one is made.
struct Predecessor {
  std::string file;  // its name now
  LastRun last;      // no number and no time up to here may be used again
};

// Makes a new store's identity and begins its chain, or finds an old one's, mends the copy that is damaged, upgrades it, and notes
// in the chain when it is signed with a new key. One transaction.
// Errors: kInvalid (made by a newer pawl), kCorrupt (both copies are damaged, or only the file is left).
[[nodiscard]] Result<Identity> establish_identity(Environment& environment,
                                                  const std::string& directory,
                                                  const std::optional<InstanceFile>& file,
                                                  const SigningKey& key,
                                                  const std::optional<Predecessor>& predecessor);

// For readers: changes nothing. kNotFound: the store is empty; else as above.
[[nodiscard]] Result<void> check_identity(const Environment& environment,
                                          const std::string& directory,
                                          const std::optional<InstanceFile>& file);

}  // namespace pawl::store
