// The chain inside a transaction: appended to with whatever else it commits, so that neither is ever without the other. What it is
// for: history_chain.h.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "store/chain_codec.h"
#include "store/environment.h"

namespace pawl::store {

// Over the stored records of a run, its tasks and its attempts: table, key, version and body of each, in order. Without its
// log, which is cut to a limit while it grows.
[[nodiscard]] Result<Sha256> digest_of_run(const Transaction& txn, RunId run);

class ChainWriter {
 public:
  // `txn` must outlive it. Where the head is damaged it goes on behind the last entry, and an entry says so.
  [[nodiscard]] static Result<ChainWriter> open(Transaction& txn);

  [[nodiscard]] Result<void> append(const ChainFact& fact);
  // A note of pawl's own, in the place of an action by a person.
  [[nodiscard]] Result<void> note(const std::string& verb, const std::string& subject);
  [[nodiscard]] Result<void> append_run(RunId run);
  // With what trim() needs to know of them later.
  [[nodiscard]] Result<void> append_pruned(const std::vector<RunId>& runs);
  // Removes leading entries, at most limits::kChainTrimEntries, before the first of a run that is still there: an action
  // is kept as long as any run that ended before it.
  [[nodiscard]] Result<void> trim();
  // Signs and writes the head where something changed.
  [[nodiscard]] Result<void> finish(const SigningKey& key);

  // Whether no chain was ever begun here; then begin() it. Runs up to `outside` may have ended before.
  [[nodiscard]] bool is_missing() const { return is_missing_; }
  void begin(RunId outside);
  [[nodiscard]] const ChainHead& head() const { return head_; }

 private:
  explicit ChainWriter(Transaction& txn) : txn_(&txn) {}
  [[nodiscard]] Result<void> rebuild_head();
  // Whether retention removed the run.
  [[nodiscard]] Result<bool> was_pruned(RunId run) const;
  [[nodiscard]] Result<void> remove_entry(std::uint64_t sequence, const ChainEntry& entry);

  Transaction* txn_;
  ChainHead head_;
  bool is_missing_ = false;
  bool is_changed_ = false;
};

}  // namespace pawl::store
