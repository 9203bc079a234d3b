// Runs with their secondary indexes, tasks and attempts, inside a transaction.
//
// Damage: a listing leaves a damaged record out and reports it to the DamageLog; a direct read returns kCorrupt.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "model/run.h"
#include "ports/store.h"
#include "store/damage_log.h"
#include "store/environment.h"
#include "store/set_aside.h"

namespace pawl::store {

// With its index entries: those of an earlier status go. Runs are first put in the order of their ids; the highest
// id is remembered. Errors: kInvalid (id, name), kTooLarge.
[[nodiscard]] Result<void> put_run(Transaction& txn, const Run& run, DamageLog& damage);
[[nodiscard]] Result<void> put_task(Transaction& txn, const TaskState& task);
[[nodiscard]] Result<void> put_attempt(Transaction& txn, const Attempt& attempt);

[[nodiscard]] Result<RunPage> list_runs(const Transaction& txn, const RunQuery& query,
                                        DamageLog& damage);

// `set_aside` is called with each damaged task or attempt, which is then left out; without it, the first one is the error.
// kNotFound, kCorrupt.
[[nodiscard]] Result<RunDetail> read_run(const Transaction& txn, RunId id,
                                         const SetAside& set_aside = {});

// Rising; costs what there are of them, not what is stored.
[[nodiscard]] Result<std::vector<RunId>> list_unfinished(const Transaction& txn);

// The highest id that any run ever had; from the runs themselves where the note of it is damaged.
[[nodiscard]] Result<RunId> read_last_run(const Transaction& txn, DamageLog& damage);

}  // namespace pawl::store
