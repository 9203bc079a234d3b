// The history's chain as records: what happened, each entry bound to all before it by its hash, and the signed head. Layouts:
// docs/store-format.md. Pure; any thread.
//
// decode_*: kCorrupt, naming the record.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/digest.h"
#include "base/signing.h"
#include "model/action.h"
#include "model/run.h"
#include "store/record.h"

namespace pawl::store {

// A run ended, or a run that had ended was saved again: the newest entry counts.
struct RunSealed {
  RunId run;
  Sha256 digest{};  // chain_table.h: digest_of_run()
  bool operator==(const RunSealed&) const = default;
};
// Retention removed these; their earlier entries have nothing to be held against any more.
struct RunsPruned {
  std::vector<RunId> runs;
  bool operator==(const RunsPruned&) const = default;
};
using ChainFact = std::variant<RunSealed, Action, RunsPruned>;

struct ChainEntry {
  Sha256 hash{};
  ChainFact fact;
  std::string_view bytes;  // of the fact, as they are hashed; valid as long as the value
};
// SHA-256 over the hash of the entry before and the fact's bytes.
[[nodiscard]] Sha256 chain_hash(const Sha256& previous, std::string_view bytes);

struct SealedEntry {
  Record record;
  Sha256 hash{};
};
[[nodiscard]] SealedEntry encode_chain_entry(std::uint64_t sequence, const Sha256& previous,
                                             const ChainFact& fact);
[[nodiscard]] Result<ChainEntry> decode_chain_entry(std::string_view key, std::string_view value);

struct ChainPlace {
  std::uint64_t sequence = 0;
  Sha256 hash{};
  bool operator==(const ChainPlace&) const = default;
};
// Entries (base, head] are stored.
struct ChainHead {
  ChainPlace base;  // the last entry that was trimmed; 0: none was
  ChainPlace head;  // the last entry; 0: there is none
  // Runs up to this one that are not in the chain had ended before it began.
  RunId outside;
  std::uint64_t trimmed_pruned = 0;   // runs that trimmed entries say were pruned
  std::uint64_t trimmed_actions = 0;  // actions that were trimmed
  PublicKey key{};
  Signature signature{};
  bool operator==(const ChainHead&) const = default;
};
inline constexpr std::string_view kChainKey = "chain";  // in table kMeta

// Sets its key and signature as well.
[[nodiscard]] Record sign_chain_head(ChainHead& head, const SigningKey& key);
[[nodiscard]] Result<ChainHead> decode_chain_head(std::string_view value);
[[nodiscard]] bool has_good_signature(const ChainHead& head);

}  // namespace pawl::store
