// The history's evidence: every run that ended, every action of a person and every removal by retention is an entry of a chain
// in which each is bound to all before it by its hash, and whose end is signed with the host's key. Who changes, removes
// or adds a record without that key is found out here; so is who changes the definition that a run names.
//
// What it cannot show: a whole older state of the directory put back (note the key, and runs that must be there, elsewhere), what
// someone did who can read the key, and runs that ended before the chain began (`before_chain`).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"

namespace pawl {

struct ChainReport {
  std::uint64_t runs = 0;          // that ended, are stored, and are as they were
  std::uint64_t actions = 0;       // of people, and notes of pawl's own
  std::uint64_t pruned = 0;        // runs that retention removed
  std::uint64_t before_chain = 0;  // stored runs that ended before there was a chain
  std::string key;                 // the public key in hex; empty: there is no chain
  // The first record that was altered or is missing, in people's words: "run 17 was altered".
  std::optional<std::string> fault;
};

// Reads everything once, in one snapshot, in a read-only environment of its own: works while an agent runs in another process.
// Errors: kNotFound (no store), kConflict (the store is open in this process), kCorrupt (it cannot be read).
[[nodiscard]] Result<ChainReport> verify_history(const std::string& state_directory);

}  // namespace pawl
