// The chain is walked once from its base to its head. A run is held against each of its entries, and the newest one counts: a
// run that was saved again after its end has two, and one that retention removed has a later entry that says so. What is
// still wrong at the end is a fault; the one with the lowest entry is the first.
#include "store/history_chain.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "store/catalog_table.h"
#include "store/chain_table.h"
#include "store/directory.h"
#include "store/environment.h"
#include "store/host_key.h"
#include "store/identity.h"
#include "store/run_table.h"

namespace pawl {
namespace {

using namespace store;

std::string hex_of(const PublicKey& key) {
  return hex(std::string_view(reinterpret_cast<const char*>(key.data()), key.size()));
}

std::string entry_text(std::uint64_t sequence) {
  return "entry " + std::to_string(sequence) + " of the chain";
}

class Verifier {
 public:
  Verifier(const Transaction& txn, std::optional<PublicKey> host_key)
      : txn_(txn), host_key_(host_key) {}

  Result<ChainReport> verify() {
    PAWL_CHECK(read_head());
    PAWL_CHECK(walk_chain());
    for (const auto& [run, fault] : open_) note(fault.first, fault.second);
    PAWL_CHECK(walk_runs());
    if (first_) report_.fault = first_->second;
    return report_;
  }

 private:
  using Fault = std::pair<std::uint64_t, std::string>;  // entry, what

  void note(std::uint64_t sequence, std::string what) {
    if (!first_ || sequence < first_->first) first_ = Fault{sequence, std::move(what)};
  }

  Result<void> read_head() {
    PAWL_TRY(const auto value, txn_.get(Table::kMeta, kChainKey));
    if (!value) {
      PAWL_TRY(Cursor cursor, txn_.cursor(Table::kChain));
      PAWL_TRY(const bool any, cursor.next());
      if (any) note(0, "the head of the chain is missing");
      head_.outside = RunId{any ? 0 : UINT64_MAX};
      return {};
    }
    auto head = decode_chain_head(*value);
    if (!head) {
      note(0, "the head of the chain was altered");
      return {};
    }
    head_ = std::move(head).value();
    has_head_ = true;
    report_.key = hex_of(head_.key);
    report_.pruned = head_.trimmed_pruned;
    report_.actions = head_.trimmed_actions;
    if (!has_good_signature(head_)) {
      note(0, "the head of the chain or its signature was altered");
    } else if (host_key_ && *host_key_ != head_.key) {
      note(0, "the chain is signed with another key than the host's");
    }
    return {};
  }

  Result<void> walk_chain() {
    PAWL_TRY(Cursor cursor, txn_.cursor(Table::kChain));
    PAWL_TRY(bool found, cursor.next());
    ChainPlace last = head_.base;
    while (found) {
      const std::uint64_t sequence = parse_chain_key(cursor.key()).value_or(0);
      const auto entry = decode_chain_entry(cursor.key(), cursor.value());
      if (has_head_ && sequence > last.sequence + 1) {
        note(last.sequence + 1, entry_text(last.sequence + 1) + " is missing");
      } else if (!entry) {
        note(sequence, entry_text(sequence) + " was altered");
      } else if (has_head_ && chain_hash(last.hash, entry->bytes) != entry->hash) {
        note(sequence, entry_text(sequence) + ", or the one before it, was altered");
      }
      if (entry) PAWL_CHECK(take(sequence, entry->fact));
      last = {sequence, entry ? entry->hash : Sha256{}};
      PAWL_TRY(found, cursor.next());
    }
    if (!has_head_) return {};
    if (last.sequence < head_.head.sequence) {
      note(last.sequence + 1, entry_text(last.sequence + 1) + " is missing");
    } else if (last.sequence > head_.head.sequence) {
      note(head_.head.sequence + 1, entry_text(head_.head.sequence + 1) + " was added");
    } else if (last.hash != head_.head.hash) {
      note(last.sequence, entry_text(last.sequence) + " was altered");
    }
    return {};
  }

  Result<void> take(std::uint64_t sequence, const ChainFact& fact) {
    if (const auto* sealed = std::get_if<RunSealed>(&fact)) return take_run(sequence, *sealed);
    if (std::holds_alternative<Action>(fact)) ++report_.actions;
    const auto* pruned = std::get_if<RunsPruned>(&fact);
    if (!pruned) return {};
    report_.pruned += pruned->runs.size();
    for (RunId run : pruned->runs) {
      PAWL_TRY(const auto stored, txn_.get(Table::kRuns, run_key(run)));
      if (stored) {
        open_[run] = {sequence, "run " + run.text() + " is there again after it was removed"};
      } else {
        open_.erase(run);
      }
    }
    return {};
  }

  Result<void> take_run(std::uint64_t sequence, const RunSealed& sealed) {
    sealed_.push_back(sealed.run);
    PAWL_TRY(const auto stored, txn_.get(Table::kRuns, run_key(sealed.run)));
    if (!stored) {
      open_[sealed.run] = {sequence, "run " + sealed.run.text() + " is missing"};
      return {};
    }
    PAWL_TRY(const Sha256 digest, digest_of_run(txn_, sealed.run));
    if (digest == sealed.digest) {
      open_.erase(sealed.run);
    } else {
      open_[sealed.run] = {sequence, "run " + sealed.run.text() + " was altered"};
    }
    return {};
  }

  // Every run that has ended is in the chain, or from before it.
  Result<void> walk_runs() {
    std::sort(sealed_.begin(), sealed_.end());
    PAWL_TRY(Cursor cursor, txn_.cursor(Table::kRuns));
    PAWL_TRY(bool found, cursor.next());
    while (found) {
      const auto stored = decode_run(cursor.key(), cursor.value());
      if (stored && is_final(stored->run.status)) count(stored->run);
      PAWL_TRY(found, cursor.next());
    }
    return {};
  }

  void count(const Run& run) {
    if (std::binary_search(sealed_.begin(), sealed_.end(), run.id)) {
      if (open_.contains(run.id)) return;
      ++report_.runs;
      if (is_altered(run.definition)) {
        note(UINT64_MAX, "what run " + run.id.text() + " ran was altered");
      }
    } else if (run.id <= head_.outside) {
      ++report_.before_chain;
    } else {
      note(UINT64_MAX, "run " + run.id.text() + " is not in the chain");
    }
  }

  // A run's record names its definition by the hash of the content.
  bool is_altered(const Sha256& hash) {
    const auto [known, is_new] = altered_.emplace(hash, false);
    if (is_new) {
      const auto definition = read_definition(txn_, hash);
      known->second = definition ? content_hash(**definition) != hash
                                 : definition.error().kind == ErrorKind::kCorrupt;
    }
    return known->second;
  }

  const Transaction& txn_;
  const std::optional<PublicKey> host_key_;
  ChainReport report_;
  ChainHead head_;
  bool has_head_ = false;
  std::map<RunId, Fault> open_;
  std::vector<RunId> sealed_;
  std::map<Sha256, bool> altered_;  // of the definitions that were looked at
  std::optional<Fault> first_;
};

}  // namespace

Result<ChainReport> verify_history(const std::string& state_directory) {
  PAWL_TRY(const auto file, read_instance_file(state_directory));
  PAWL_CHECK(check_data_present(state_directory, file));
  const auto lock = DirectoryLock::shared(state_directory);
  PAWL_TRY(const auto environment, Environment::open({state_directory, 0, true, lock.has_value()}));
  PAWL_CHECK(check_identity(*environment, state_directory, file));
  PAWL_TRY(const Transaction txn, environment->read());
  return Verifier(txn, read_public_key(state_directory)).verify();
}

}  // namespace pawl
