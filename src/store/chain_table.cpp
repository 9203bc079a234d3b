#include "store/chain_table.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

#include "base/log.h"
#include "store/bytes.h"
#include "store/run_table.h"

namespace pawl::store {
namespace {

constexpr std::string_view kOurselves = "pawl";

WallTime now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

}  // namespace

Result<Sha256> digest_of_run(const Transaction& txn, RunId run) {
  ByteWriter out;
  const std::string prefix = run_key(run);
  for (Table table : {Table::kRuns, Table::kTasks, Table::kAttempts}) {
    PAWL_TRY(Cursor cursor, txn.cursor(table));
    PAWL_TRY(bool found, cursor.seek(prefix));
    while (found && cursor.key().starts_with(prefix)) {
      const std::string_view value = cursor.value();
      out.u8(static_cast<std::uint8_t>(table));
      out.text(cursor.key());
      out.raw(value.substr(0, 1));
      out.text(value.substr(std::min(value.size(), kFrameBytes)));
      PAWL_TRY(found, cursor.next());
    }
  }
  return sha256(out.bytes());
}

Result<ChainWriter> ChainWriter::open(Transaction& txn) {
  ChainWriter chain(txn);
  PAWL_TRY(const auto value, txn.get(Table::kMeta, kChainKey));
  if (value) {
    if (auto head = decode_chain_head(*value)) {
      chain.head_ = std::move(head).value();
      return chain;
    }
  }
  PAWL_CHECK(chain.rebuild_head());
  return chain;
}

Result<void> ChainWriter::rebuild_head() {
  {
    PAWL_TRY(Cursor cursor, txn_->cursor(Table::kChain));
    PAWL_TRY(const bool any, cursor.next());
    PAWL_TRY(const auto value, txn_->get(Table::kMeta, kChainKey));
    if (!any && !value) {
      is_missing_ = true;
      return {};
    }
    const auto place_of = [](const Cursor& at) {
      const auto sequence = parse_chain_key(at.key());
      const auto entry = decode_chain_entry(at.key(), at.value());
      return ChainPlace{sequence.value_or(0), entry ? entry->hash : Sha256{}};
    };
    // What the first entry was bound to is lost, unless it is the very first.
    if (any && parse_chain_key(cursor.key()) != 1) head_.base = place_of(cursor);
    PAWL_TRY(const bool last, cursor.last());
    if (last) head_.head = place_of(cursor);
  }
  DamageLog unused;
  PAWL_TRY(const LastRun newest, read_last_run(*txn_, unused));
  head_.outside = newest.id;
  log_warning("the head of the history's chain was damaged and is made again");
  return note("mend", "the head of the history's chain was damaged");
}

void ChainWriter::begin(RunId outside) {
  PAWL_ASSERT(is_missing_);
  is_missing_ = false;
  is_changed_ = true;
  head_.outside = outside;
}

Result<void> ChainWriter::append(const ChainFact& fact) {
  const SealedEntry entry = encode_chain_entry(head_.head.sequence + 1, head_.head.hash, fact);
  PAWL_CHECK(txn_->put(entry.record.table, entry.record.key, entry.record.value));
  head_.head = {head_.head.sequence + 1, entry.hash};
  is_changed_ = true;
  return {};
}

Result<void> ChainWriter::note(const std::string& verb, const std::string& subject) {
  return append(Action{now(), std::string(kOurselves), verb, subject});
}

Result<void> ChainWriter::append_run(RunId run) {
  PAWL_TRY(const Sha256 digest, digest_of_run(*txn_, run));
  return append(RunSealed{run, digest});
}

Result<void> ChainWriter::append_pruned(const std::vector<RunId>& runs) {
  PAWL_CHECK(append(RunsPruned{runs}));
  for (RunId run : runs) {
    // Those from before the chain have no entry that would have to go.
    if (run <= head_.outside) continue;
    const std::string key = run_key(run);
    PAWL_CHECK(txn_->put(Table::kPrunedRuns, key, seal(Table::kPrunedRuns, key, {})));
  }
  return {};
}

Result<bool> ChainWriter::was_pruned(RunId run) const {
  if (run > head_.outside) {
    PAWL_TRY(const auto note, txn_->get(Table::kPrunedRuns, run_key(run)));
    return note.has_value();
  }
  PAWL_TRY(const auto stored, txn_->get(Table::kRuns, run_key(run)));
  return !stored.has_value();
}

Result<void> ChainWriter::remove_entry(std::uint64_t sequence, const ChainEntry& entry) {
  if (const auto* pruned = std::get_if<RunsPruned>(&entry.fact)) {
    // All entries of these runs came before this one.
    for (RunId run : pruned->runs) PAWL_CHECK(txn_->remove(Table::kPrunedRuns, run_key(run)));
    head_.trimmed_pruned += pruned->runs.size();
  } else if (std::holds_alternative<Action>(entry.fact)) {
    ++head_.trimmed_actions;
  }
  head_.base = {sequence, entry.hash};
  return txn_->remove(Table::kChain, chain_key(sequence));
}

Result<void> ChainWriter::trim() {
  struct Leading {
    std::uint64_t sequence = 0;
    std::string value;
  };
  std::vector<Leading> leading;
  std::size_t may_go = 0;
  {
    PAWL_TRY(Cursor cursor, txn_->cursor(Table::kChain));
    PAWL_TRY(bool found, cursor.seek(chain_key(head_.base.sequence + 1)));
    while (found && leading.size() < limits::kChainTrimEntries) {
      const auto entry = decode_chain_entry(cursor.key(), cursor.value());
      // A damaged one stays, and so does all behind it: it is evidence.
      if (!entry) break;
      leading.push_back({*parse_chain_key(cursor.key()), std::string(cursor.value())});
      if (const auto* run = std::get_if<RunSealed>(&entry->fact)) {
        PAWL_TRY(const bool is_gone, was_pruned(run->run));
        if (!is_gone) {
          leading.pop_back();
          break;
        }
      }
      // Actions go only with what was pruned after them.
      if (!std::holds_alternative<Action>(entry->fact)) may_go = leading.size();
      PAWL_TRY(found, cursor.next());
    }
  }
  if (leading.size() == limits::kChainTrimEntries) may_go = leading.size();
  Sha256 previous = head_.base.hash;
  for (std::size_t i = 0; i < may_go; ++i) {
    const auto& [sequence, value] = leading[i];
    PAWL_TRY(const ChainEntry entry, decode_chain_entry(chain_key(sequence), value));
    const bool is_linked =
        sequence == head_.base.sequence + 1 && chain_hash(previous, entry.bytes) == entry.hash;
    if (!is_linked) break;  // likewise
    PAWL_CHECK(remove_entry(sequence, entry));
    previous = entry.hash;
    is_changed_ = true;
  }
  return {};
}

Result<void> ChainWriter::finish(const SigningKey& key) {
  if (!is_changed_ && head_.key == key.public_key()) return {};
  const Record record = sign_chain_head(head_, key);
  is_changed_ = false;
  return txn_->put(record.table, record.key, record.value);
}

}  // namespace pawl::store
