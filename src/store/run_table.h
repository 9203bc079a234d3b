// Runs with their secondary indexes, tasks and attempts, inside a transaction.
//
// Damage: a listing leaves a damaged record out and reports it to the DamageLog; a direct read returns kCorrupt.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/run.h"
#include "ports/store.h"
#include "store/catalog_codec.h"
#include "store/damage_log.h"
#include "store/environment.h"
#include "store/run_codec.h"
#include "store/set_aside.h"

namespace pawl::store {

// With its index entries: those of an earlier status go. Runs are first put in the order of their ids; the highest
// id is remembered. Errors: kInvalid (id, name), kTooLarge.
enum class RunChange : std::uint8_t {
  kNone,    // it had ended before, or has not ended yet
  kEnded,   // it ended by this
  kUnsure,  // what it was before is not known
};
[[nodiscard]] Result<RunChange> put_run(Transaction& txn, const Run& run, DamageLog& damage);
[[nodiscard]] Result<void> put_task(Transaction& txn, const TaskState& task);
[[nodiscard]] Result<void> put_attempt(Transaction& txn, const Attempt& attempt);

[[nodiscard]] Result<RunPage> list_runs(const Transaction& txn, const RunQuery& query,
                                        DamageLog& damage);

// `set_aside` is called with each damaged task or attempt, which is then left out; without it, the first one is the error.
// kNotFound, kCorrupt.
[[nodiscard]] Result<RunDetail> read_run(const Transaction& txn, RunId id,
                                         const SetAside& set_aside = {});

// Whether the stored run has ended. False where it is not stored or damaged.
[[nodiscard]] Result<bool> has_ended(const Transaction& txn, RunId id);

// What removing one run may cost, and what became of it.
struct RemovalBudget {
  std::size_t log_chunks = 0;  // that may still be removed
  std::size_t rows = 0;        // that were removed
};
enum class Removal : std::uint8_t {
  kDone,
  kPartly,  // of its log; the rest, and the run, in a later transaction
  kKept,    // it has not ended: the index lied, and is mended
};
// With tasks, attempts, log and index entries. `pipeline`: where a damaged run's entries are looked for; may be empty. Nothing
// else refers to it then but its identities.
[[nodiscard]] Result<Removal> remove_run(Transaction& txn, RunId id, const std::string& pipeline,
                                         RemovalBudget& budget);

// Runs that have ended, by id, of one pipeline or of all. Ends before its transaction does.
class EndedRuns {
 public:
  enum class Order : std::uint8_t { kOldestFirst, kNewestFirst };
  // kOldestFirst: starts at `from`.
  [[nodiscard]] static Result<EndedRuns> open(const Transaction& txn,
                                              const std::optional<std::string>& pipeline,
                                              Order order, RunId from = {});
  struct Found {
    RunId id;
    std::optional<IndexEntry> entry;  // nothing: it is damaged
  };
  [[nodiscard]] Result<std::optional<Found>> next();

 private:
  // The entries of one final status.
  struct Lane {
    Cursor cursor;
    std::string prefix;
    std::optional<RunId> at;
  };
  EndedRuns(Table table, Order order) : table_(table), order_(order) {}
  [[nodiscard]] Result<void> settle(Lane& lane, bool found) const;
  [[nodiscard]] Result<void> advance(Lane& lane) const;

  Table table_;
  Order order_;
  std::vector<Lane> lanes_;
};

// Rising; costs what there are of them, not what is stored.
[[nodiscard]] Result<std::vector<RunId>> list_unfinished(const Transaction& txn);

// The highest id and creation that any run ever had; from the runs themselves where the note of it is damaged.
[[nodiscard]] Result<LastRun> read_last_run(const Transaction& txn, DamageLog& damage);

}  // namespace pawl::store
