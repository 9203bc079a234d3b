// Problem: find what is to go out of a million runs, when mostly nothing is, in well under a millisecond, and remove it in
// transactions that hold nobody up. Approach, for each rule:
//
//   age      Runs that have ended are walked by id from the oldest on; the walk stops at the first that was created after
//            the limit, for ids rise with time. Where a clock was wrong they did not: a second walk goes round through all of
//            them, limits::kPruneScanRows a call, and finds those.
//   number   Each pipeline's ended runs are counted once after a start (up to the number that is kept, some pipelines a call)
//            and then kept count of in memory, commit by commit. Nothing on disk can drift.
//   room     The oldest runs that have ended, of all pipelines.
//   identities  A walk goes round through the table, limits::kPruneIdentities a call and as many more for each run that
//            was removed, which is faster than identities come in. An identity goes when its run is gone and the dedupe
//            window has passed.
//
// Definitions and schedule marks stay: they are few and small, and a pipeline that comes back goes on where it was.
// Rejected: counters and a list by end time on disk, since each costs a page in every commit that ends a run.
//
// A run whose log is larger than one transaction may remove loses its log first and is there until the rest goes with it.
#include "store/retention.h"

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "model/limits.h"
#include "store/catalog_codec.h"
#include "store/chain_table.h"
#include "store/run_table.h"

namespace pawl::store {
namespace {

// So many rows make a transaction long enough, whatever number of runs they are.
constexpr std::size_t kEnoughRows = 5'000;

Result<std::optional<WallTime>> ended_at(const Transaction& txn, RunId id) {
  const std::string key = run_key(id);
  PAWL_TRY(const auto value, txn.get(Table::kRuns, key));
  if (!value) return std::optional<WallTime>();
  const auto stored = decode_run(key, *value);
  if (!stored) return std::optional<WallTime>();
  return std::optional(stored->run.ended_at);
}

// The one that the run itself names; the walk finds those that it has besides.
Result<void> remove_identity(Transaction& txn, const Run& run, WallTime now) {
  if (!now.is_set()) return {};
  const std::string key = trigger_key(run.pipeline, run.trigger.identity);
  PAWL_TRY(const auto value, txn.get(Table::kTriggers, key));
  if (!value) return {};
  const auto trigger = decode_trigger(key, *value);
  if (!trigger || trigger->run != run.id) return {};
  if (trigger->accepted_at.plus_ms(limits::kDedupeWindowMs) >= now) return {};
  return txn.remove(Table::kTriggers, key);
}

// What a run takes of the file, about: its log, in whole pages where a chunk has pages of its own, and a little for
// everything else. Never so much that one transaction could not remove it.
Result<std::size_t> stored_bytes(const Transaction& txn, RunId id) {
  constexpr std::size_t kPage = 4096;
  constexpr std::size_t kRecords = 1024;
  const auto pages = [](std::size_t size) {
    return size < kPage / 2 ? size : (size + kPage - 1) / kPage * kPage;
  };
  const std::string prefix = run_key(id);
  PAWL_TRY(const auto run, txn.get(Table::kRuns, prefix));
  std::size_t bytes = kRecords + (run ? pages(run->size()) : 0);
  PAWL_TRY(Cursor cursor, txn.cursor(Table::kLogChunks));
  PAWL_TRY(bool found, cursor.seek(prefix));
  for (std::size_t rows = 0; found && rows < limits::kPruneLogChunks; ++rows) {
    if (!cursor.key().starts_with(prefix)) break;
    bytes += pages(cursor.value().size());
    PAWL_TRY(found, cursor.next());
  }
  return bytes;
}

}  // namespace

Retention::Retention() {
  // Anywhere: an agent that is restarted often would otherwise look at the same ones again and again.
  constexpr std::size_t kPlaceBytes = 4;
  identity_ = hash_key(sha256(random_hex(kPlaceBytes)));
}

bool Retention::Plan::is_full() const { return victims.size() >= limits::kPruneRuns; }

void Retention::note_ended(const std::string& pipeline, RunId run) {
  const auto kept = kept_.find(pipeline);
  if (kept == kept_.end()) {
    // New since the search went by.
    if (has_counted_all_) recount(pipeline);
    return;
  }
  const bool is_excess = run < kept->second.excess_below;
  if (is_excess || ++kept->second.ended > rules_.runs_per_pipeline) over_.insert(pipeline);
}

void Retention::note_settled(const Plan& plan) {
  for (const std::string& pipeline : plan.settled) {
    over_.erase(pipeline);
    if (const auto kept = kept_.find(pipeline); kept != kept_.end()) kept->second.excess_below = {};
  }
}

void Retention::recount(const std::string& pipeline) {
  kept_.erase(pipeline);
  over_.erase(pipeline);
  has_counted_all_ = false;
  next_pipeline_.clear();
}

void Retention::note_removed(const std::string& pipeline, RunId run) {
  const auto kept = kept_.find(pipeline);
  if (kept == kept_.end() || run < kept->second.excess_below) return;
  if (kept->second.ended > 0) --kept->second.ended;
}

Result<bool> Retention::step(Environment& environment, const KeepRules& rules, WallTime now,
                             std::size_t excess_bytes, const SigningKey& key) {
  if (rules.runs_per_pipeline != rules_.runs_per_pipeline) {
    kept_.clear();
    over_.clear();
    has_counted_all_ = false;
    next_pipeline_.clear();
  }
  rules_ = rules;
  PAWL_TRY(const Plan plan, this->plan(environment, excess_bytes, now));
  bool is_partial = false;
  if (!plan.is_empty()) {
    PAWL_TRY(is_partial, carry_out(environment, plan, now, key));
  }
  if (!is_partial) note_settled(plan);
  return is_partial || plan.more || !over_.empty();
}

Result<Retention::Plan> Retention::plan(const Environment& environment, std::size_t excess_bytes,
                                        WallTime now) {
  Plan plan;
  PAWL_TRY(const Transaction txn, environment.read());
  if (excess_bytes > 0) PAWL_CHECK(plan_for_room(txn, excess_bytes, plan));
  if (rules_.age_ms > 0 && now.is_set()) PAWL_CHECK(plan_by_age(txn, now, plan));
  if (rules_.runs_per_pipeline > 0) {
    PAWL_CHECK(count_pipelines(txn));
    PAWL_CHECK(plan_by_number(txn, plan));
  }
  if (now.is_set()) PAWL_CHECK(plan_identities(txn, now, plan));
  plan.more = plan.more || plan.is_full();
  return plan;
}

Result<void> Retention::plan_for_room(const Transaction& txn, std::size_t excess_bytes,
                                      Plan& plan) {
  PAWL_TRY(EndedRuns runs, EndedRuns::open(txn, {}, EndedRuns::Order::kOldestFirst));
  PAWL_TRY(auto found, runs.next());
  is_out_of_runs_ = !found;
  std::size_t freed = 0;
  // No more than is asked for: a run that went too early does not come back.
  while (found && freed < excess_bytes && !plan.is_full()) {
    PAWL_TRY(const std::size_t weight, stored_bytes(txn, found->id));
    freed += weight;
    plan.victims.insert({found->id, {}});
    PAWL_TRY(found, runs.next());
  }
  return {};
}

Result<void> Retention::plan_by_age(const Transaction& txn, WallTime now, Plan& plan) {
  PAWL_CHECK(scan_by_age(txn, now, {}, true, plan));
  PAWL_TRY(const auto next, scan_by_age(txn, now, sweep_, false, plan));
  sweep_ = next.value_or(RunId{});
  return {};
}

// Where the walk would go on; nothing at the end of all runs.
Result<std::optional<RunId>> Retention::scan_by_age(const Transaction& txn, WallTime now,
                                                    RunId from, bool may_stop, Plan& plan) {
  const WallTime limit = now.plus_ms(-rules_.age_ms);
  PAWL_TRY(EndedRuns runs, EndedRuns::open(txn, {}, EndedRuns::Order::kOldestFirst, from));
  PAWL_TRY(auto found, runs.next());
  for (std::size_t rows = 0; found && rows < limits::kPruneScanRows; ++rows) {
    if (plan.is_full()) break;
    const bool is_young = found->entry && found->entry->created_at > limit;
    // Created in the future: a clock that was wrong, which says nothing of those behind it.
    if (is_young && may_stop && found->entry->created_at <= now) return std::optional<RunId>();
    if (!is_young) {
      PAWL_TRY(const auto ended, ended_at(txn, found->id));
      if (!ended || *ended <= limit) plan.victims.insert({found->id, {}});
    }
    PAWL_TRY(found, runs.next());
  }
  return found ? std::optional(found->id) : std::nullopt;
}

Result<void> Retention::count_pipelines(const Transaction& txn) {
  if (has_counted_all_) return {};
  PAWL_TRY(Cursor cursor, txn.cursor(Table::kRunsByPipeline));
  for (std::size_t rows = 0; rows < limits::kPruneCountRows;) {
    PAWL_TRY(const bool found, cursor.seek(next_pipeline_));
    if (!found) {
      has_counted_all_ = true;
      return {};
    }
    const std::string pipeline(cursor.key().substr(0, cursor.key().find('\0')));
    next_pipeline_ = pipeline + '\x01';  // behind all of this one's keys
    ++rows;
    if (kept_.contains(pipeline)) continue;
    PAWL_TRY(const std::size_t counted, count_pipeline(txn, pipeline));
    rows += counted;
  }
  return {};
}

Result<std::size_t> Retention::count_pipeline(const Transaction& txn, const std::string& pipeline) {
  Kept kept;
  PAWL_TRY(EndedRuns runs, EndedRuns::open(txn, pipeline, EndedRuns::Order::kNewestFirst));
  RunId oldest;
  PAWL_TRY(auto found, runs.next());
  while (found && kept.ended < rules_.runs_per_pipeline) {
    ++kept.ended;
    oldest = found->id;
    PAWL_TRY(found, runs.next());
  }
  if (found) {
    kept.excess_below = oldest;
    over_.insert(pipeline);
  }
  kept_[pipeline] = kept;
  return static_cast<std::size_t>(kept.ended);
}

Result<void> Retention::plan_by_number(const Transaction& txn, Plan& plan) {
  for (const std::string& pipeline : over_) {
    if (plan.is_full()) break;
    PAWL_CHECK(plan_pipeline(txn, pipeline, plan));
  }
  return {};
}

Result<void> Retention::plan_pipeline(const Transaction& txn, const std::string& pipeline,
                                      Plan& plan) {
  Kept& kept = kept_[pipeline];
  std::uint64_t too_many = 0;
  if (kept.ended > rules_.runs_per_pipeline) too_many = kept.ended - rules_.runs_per_pipeline;
  PAWL_TRY(EndedRuns runs, EndedRuns::open(txn, pipeline, EndedRuns::Order::kOldestFirst));
  PAWL_TRY(auto found, runs.next());
  while (found && !plan.is_full()) {
    if (found->id >= kept.excess_below) {
      if (too_many == 0) break;
      --too_many;
    }
    plan.victims.insert({found->id, pipeline});
    PAWL_TRY(found, runs.next());
  }
  const bool is_all = !found || (found->id >= kept.excess_below && too_many == 0);
  if (is_all) plan.settled.push_back(pipeline);
  return {};
}

Result<void> Retention::plan_identities(const Transaction& txn, WallTime now, Plan& plan) {
  const std::size_t rows = limits::kPruneIdentities + plan.victims.size() * 8;
  PAWL_TRY(Cursor cursor, txn.cursor(Table::kTriggers));
  PAWL_TRY(bool found, cursor.seek(identity_));
  for (std::size_t i = 0; found && i < rows; ++i) {
    const auto trigger = decode_trigger(cursor.key(), cursor.value());
    if (trigger && trigger->accepted_at.plus_ms(limits::kDedupeWindowMs) < now) {
      PAWL_TRY(const auto run, txn.get(Table::kRuns, run_key(trigger->run)));
      if (!run) plan.identities.emplace_back(cursor.key());
    }
    PAWL_TRY(found, cursor.next());
  }
  identity_ = found ? std::string(cursor.key()) : std::string();
  return {};
}

// Whether the run, or all but a part of its log, is gone.
Result<Removal> Retention::remove(Transaction& txn, const Victim& victim, WallTime now,
                                  RemovalBudget& budget, Removed& removed) {
  std::string pipeline = victim.pipeline;
  std::optional<Run> stored;
  const std::string key = run_key(victim.run);
  PAWL_TRY(const auto value, txn.get(Table::kRuns, key));
  const bool is_there = value.has_value();
  if (is_there) {
    if (auto decoded = decode_run(key, *value)) stored = std::move(decoded->run);
  }
  if (stored) pipeline = stored->pipeline;
  PAWL_TRY(const Removal removal, remove_run(txn, victim.run, pipeline, budget));
  if (removal == Removal::kKept) removed.unsure.push_back(pipeline);
  if (removal != Removal::kDone) return removal;
  if (is_there) removed.runs.push_back(victim.run);
  removed.counted.emplace_back(pipeline, victim.run);
  if (stored) PAWL_CHECK(remove_identity(txn, *stored, now));
  return removal;
}

// True: it could not all be done in one transaction.
Result<bool> Retention::carry_out(Environment& environment, const Plan& plan, WallTime now,
                                  const SigningKey& key) {
  PAWL_TRY(Transaction txn, environment.write());
  RemovalBudget budget{limits::kPruneLogChunks, 0};
  Removed removed;
  bool is_partial = false;
  for (const Victim& victim : plan.victims) {
    is_partial = budget.rows >= kEnoughRows;
    if (is_partial) break;
    PAWL_TRY(const Removal removal, remove(txn, victim, now, budget, removed));
    is_partial = removal == Removal::kPartly;
    if (is_partial) break;
  }
  for (const std::string& identity : plan.identities) {
    PAWL_CHECK(txn.remove(Table::kTriggers, identity));
  }
  PAWL_TRY(ChainWriter chain, ChainWriter::open(txn));
  if (!removed.runs.empty()) {
    PAWL_CHECK(chain.append_pruned(removed.runs));
    PAWL_CHECK(chain.trim());
  }
  PAWL_CHECK(chain.finish(key));
  PAWL_CHECK(txn.commit());
  for (const auto& [pipeline, run] : removed.counted) note_removed(pipeline, run);
  for (const std::string& pipeline : removed.unsure) recount(pipeline);
  return is_partial;
}

}  // namespace pawl::store
