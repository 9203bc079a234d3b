// Problem: list the newest runs of a pipeline, a status, a trigger kind or any mix out of a million, in
// microseconds, and keep that right while statuses change. Approach: four indexes whose keys end in the run's id, changed
// in the transaction that changes the run. What has no index of its own (a pipeline's runs by trigger kind, a time
// limit) is sifted from the nearest one by the index entry, without reading the runs. Every run that is listed is
// held against the query once more, so that a damaged index can hide a run but never misfile one. Rejected: an index for
// each of the eight mixes, since each costs a page or two in every commit.
#include "store/run_table.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "model/limits.h"

namespace pawl::store {
namespace {

using IndexKeys = std::array<std::pair<Table, std::string>, 4>;

IndexKeys index_keys(const Run& run) {
  const std::string id = run_key(run.id);
  return {{{Table::kRunsByPipeline, pipeline_prefix(run.pipeline) + id},
           {Table::kRunsByStatus, status_prefix(run.status) + id},
           {Table::kRunsByPipelineStatus, pipeline_status_prefix(run.pipeline, run.status) + id},
           {Table::kRunsByTrigger, trigger_prefix(run.trigger.kind) + id}}};
}

// Where the old record is damaged, the entries it had are not known: all that it can have had go.
Result<void> remove_possible_entries(Transaction& txn, Run run) {
  for (int status = 0; status < kStatusCount; ++status) {
    run.status = static_cast<Status>(status);
    for (const auto& [table, key] : index_keys(run)) PAWL_CHECK(txn.remove(table, key));
  }
  for (int kind = 0; kind < kTriggerKindCount; ++kind) {
    run.trigger.kind = static_cast<TriggerKind>(kind);
    for (const auto& [table, key] : index_keys(run)) PAWL_CHECK(txn.remove(table, key));
  }
  return {};
}

Result<void> put_index_entries(Transaction& txn, const StoredRun& stored) {
  const IndexEntry entry{stored.run.trigger.kind, stored.run.created_at, stored.created_high};
  for (const auto& [table, key] : index_keys(stored.run)) {
    const Record index = encode_index_entry(table, key, entry);
    PAWL_TRY(const auto present, txn.get(table, key));
    if (present != index.value) PAWL_CHECK(txn.put(table, index.key, index.value));
  }
  return {};
}

Result<std::optional<StoredRun>> find_run(const Transaction& txn, RunId id) {
  const std::string key = run_key(id);
  PAWL_TRY(const auto value, txn.get(Table::kRuns, key));
  if (!value) return std::optional<StoredRun>();
  PAWL_TRY(StoredRun run, decode_run(key, *value));
  return std::optional(std::move(run));
}

Result<LastRun> find_last_run(const Transaction& txn, DamageLog& damage) {
  LastRun last;
  PAWL_TRY(const auto value, txn.get(Table::kMeta, kLastRunKey));
  if (value) {
    if (auto stored = decode_last_run(*value)) {
      last = *stored;
    } else {
      damage.report(stored.error());
    }
  }
  PAWL_TRY(Cursor newest, txn.cursor(Table::kRuns));
  PAWL_TRY(const bool any, newest.last());
  if (!any) return last;
  const auto id = parse_run_key(newest.key());
  if (!id || *id <= last.id) return last;
  last.id = *id;
  if (const auto run = decode_run(newest.key(), newest.value())) {
    last.created_high = std::max(last.created_high, run->created_high);
  }
  return last;
}

RunChange change_of(const Run& run, const Result<std::optional<StoredRun>>& old) {
  if (!old) return RunChange::kUnsure;
  const bool had_ended = *old && is_final((*old)->run.status);
  if (had_ended == is_final(run.status)) return RunChange::kNone;
  return had_ended ? RunChange::kUnsure : RunChange::kEnded;
}

// --- listing ---

struct Scan {
  Table table = Table::kRuns;
  std::string prefix;
};

Scan choose_scan(const RunQuery& query) {
  if (query.pipeline && query.status) {
    return {Table::kRunsByPipelineStatus, pipeline_status_prefix(*query.pipeline, *query.status)};
  }
  if (query.pipeline) return {Table::kRunsByPipeline, pipeline_prefix(*query.pipeline)};
  if (query.status) return {Table::kRunsByStatus, status_prefix(*query.status)};
  if (query.trigger) return {Table::kRunsByTrigger, trigger_prefix(*query.trigger)};
  return {Table::kRuns, {}};
}

bool matches(const RunQuery& query, const Run& run) {
  return (!query.pipeline || run.pipeline == *query.pipeline) &&
         (!query.status || run.status == *query.status) &&
         (!query.trigger || run.trigger.kind == *query.trigger) &&
         (!query.since.is_set() || run.created_at >= query.since);
}

// One call of list_runs(): walks an index down from the cursor and collects what matches.
class Listing {
 public:
  Listing(const Transaction& txn, const RunQuery& query, DamageLog& damage)
      : txn_(txn), query_(query), damage_(damage), scan_(choose_scan(query)) {
    limit_ = std::clamp<std::size_t>(query.limit, 1, limits::kPageRows);
  }

  Result<RunPage> collect() {
    PAWL_TRY(Cursor cursor, txn_.cursor(scan_.table));
    // Ids end at 2^63-1, so that nothing has a key at or over this one.
    const RunId bound = query_.before.value_or(RunId{UINT64_MAX});
    PAWL_TRY(bool found, cursor.seek_before(scan_.prefix + run_key(bound)));
    for (std::size_t rows = 0; found && cursor.key().starts_with(scan_.prefix); ++rows) {
      if (rows == limits::kStoreScanRows) {
        page_.next = RunId{last_seen_.value};
        return std::move(page_);
      }
      PAWL_TRY(const bool more, visit(cursor.key(), cursor.value()));
      if (!more) break;
      PAWL_TRY(found, cursor.previous());
    }
    return std::move(page_);
  }

 private:
  // False: nothing further can match, or the page is full.
  Result<bool> visit(std::string_view key, std::string_view value) {
    const auto id = parse_run_key(key.substr(scan_.prefix.size()));
    if (!id) {
      damage_.report(damaged(scan_.table, key, "its key makes no sense"));
      return true;
    }
    last_seen_ = *id;
    if (scan_.table == Table::kRuns) return take(decode_run(key, value));
    const auto entry = decode_index_entry(scan_.table, key, value);
    if (!entry) {
      damage_.report(entry.error());  // the run itself decides
    } else {
      if (is_before_all(entry->created_high)) return false;
      if (query_.trigger && entry->trigger != *query_.trigger) return true;
      if (query_.since.is_set() && entry->created_at < query_.since) return true;
    }
    const std::string primary = run_key(*id);
    PAWL_TRY(const auto run, txn_.get(Table::kRuns, primary));
    if (!run) {
      damage_.report(damaged(scan_.table, key, "it points to a run that is not stored"));
      return true;
    }
    return take(decode_run(primary, *run));
  }

  Result<bool> take(Result<StoredRun> stored) {
    if (!stored) {
      damage_.report(stored.error());
      return true;
    }
    if (is_before_all(stored->created_high)) return false;
    if (!matches(query_, stored->run)) return true;
    if (page_.runs.size() == limit_) {
      page_.next = page_.runs.back().id;
      return false;
    }
    page_.runs.push_back(std::move(stored->run));
    return true;
  }

  [[nodiscard]] bool is_before_all(WallTime created_high) const {
    return query_.since.is_set() && created_high < query_.since;
  }

  const Transaction& txn_;
  const RunQuery& query_;
  DamageLog& damage_;
  const Scan scan_;
  std::size_t limit_ = 0;
  RunId last_seen_;
  RunPage page_;
};

// --- one run ---

// The records of a table whose keys start with a run's, decoded one by one.
template <typename Value, typename Decode>
Result<std::vector<Value>> read_rows(const Transaction& txn, Table table, RunId id, Decode decode,
                                     const SetAside& set_aside) {
  std::vector<Value> rows;
  const std::string prefix = run_key(id);
  PAWL_TRY(Cursor cursor, txn.cursor(table));
  PAWL_TRY(bool found, cursor.seek(prefix));
  while (found && cursor.key().starts_with(prefix)) {
    if (auto row = decode(cursor.key(), cursor.value())) {
      rows.push_back(std::move(row).value());
    } else if (set_aside) {
      set_aside(row.error());
    } else {
      return std::move(row).error();
    }
    PAWL_TRY(found, cursor.next());
  }
  return rows;
}

}  // namespace

Result<RunChange> put_run(Transaction& txn, const Run& run, DamageLog& damage) {
  if (run.id.value == 0 || run.id.value > static_cast<std::uint64_t>(INT64_MAX)) {
    return Error{ErrorKind::kInvalid, "a run's id must be 1 to 2^63-1", run.id.text()};
  }
  PAWL_CHECK(check_name("a pipeline", run.pipeline));
  PAWL_TRY(const LastRun last, find_last_run(txn, damage));
  StoredRun stored{run, std::max(last.created_high, run.created_at)};

  auto old = find_run(txn, run.id);
  if (!old && old.error().kind != ErrorKind::kCorrupt) return std::move(old).error();
  if (old && *old) stored.created_high = std::max((*old)->created_high, run.created_at);
  PAWL_TRY(const Record record, encode_run(stored));

  const IndexKeys keys = index_keys(run);
  if (!old) {
    damage.report(old.error());
    PAWL_CHECK(remove_possible_entries(txn, run));
  } else if (*old) {
    const IndexKeys old_keys = index_keys((*old)->run);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (old_keys[i] != keys[i]) PAWL_CHECK(txn.remove(old_keys[i].first, old_keys[i].second));
    }
  }
  PAWL_CHECK(txn.put(record.table, record.key, record.value));
  PAWL_CHECK(put_index_entries(txn, stored));
  if (run.id > last.id || run.created_at > last.created_high) {
    const Record note =
        encode_last_run({std::max(run.id, last.id), std::max(last.created_high, run.created_at)});
    PAWL_CHECK(txn.put(note.table, note.key, note.value));
  }
  return change_of(run, old);
}

Result<void> put_task(Transaction& txn, const TaskState& task) {
  PAWL_TRY(const Record record, encode_task(task));
  return txn.put(record.table, record.key, record.value);
}

Result<void> put_attempt(Transaction& txn, const Attempt& attempt) {
  PAWL_TRY(const Record record, encode_attempt(attempt));
  return txn.put(record.table, record.key, record.value);
}

Result<RunPage> list_runs(const Transaction& txn, const RunQuery& query, DamageLog& damage) {
  // No pipeline can have such a name, and no key be as long.
  if (query.pipeline && !check_name("a pipeline", *query.pipeline)) return RunPage{};
  return Listing(txn, query, damage).collect();
}

Result<RunDetail> read_run(const Transaction& txn, RunId id, const SetAside& set_aside) {
  PAWL_TRY(auto stored, find_run(txn, id));
  if (!stored) return Error{ErrorKind::kNotFound, "no run " + id.text() + " is stored", {}};
  RunDetail detail;
  detail.run = std::move(stored->run);
  PAWL_TRY(detail.tasks, read_rows<TaskState>(txn, Table::kTasks, id, decode_task, set_aside));
  PAWL_TRY(detail.attempts,
           read_rows<Attempt>(txn, Table::kAttempts, id, decode_attempt, set_aside));
  return detail;
}

Result<std::vector<RunId>> list_unfinished(const Transaction& txn) {
  std::vector<RunId> ids;
  PAWL_TRY(Cursor cursor, txn.cursor(Table::kRunsByStatus));
  for (int number = 0; number < kStatusCount; ++number) {
    const auto status = static_cast<Status>(number);
    if (is_final(status)) continue;
    const std::string prefix = status_prefix(status);
    PAWL_TRY(bool found, cursor.seek(prefix));
    while (found && cursor.key().starts_with(prefix)) {
      if (const auto id = parse_run_key(cursor.key().substr(prefix.size()))) ids.push_back(*id);
      PAWL_TRY(found, cursor.next());
    }
  }
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

Result<LastRun> read_last_run(const Transaction& txn, DamageLog& damage) {
  return find_last_run(txn, damage);
}

Result<bool> has_ended(const Transaction& txn, RunId id) {
  const auto run = find_run(txn, id);
  if (!run && run.error().kind != ErrorKind::kCorrupt) return run.error();
  return run && *run && is_final((*run)->run.status);
}

// --- removing ---

namespace {

// Up to `most` records whose keys start with `prefix`; how many.
Result<std::size_t> remove_rows(Transaction& txn, Table table, const std::string& prefix,
                                std::size_t most) {
  std::vector<std::string> keys;
  {
    PAWL_TRY(Cursor cursor, txn.cursor(table));
    PAWL_TRY(bool found, cursor.seek(prefix));
    while (found && keys.size() < most && cursor.key().starts_with(prefix)) {
      keys.emplace_back(cursor.key());
      PAWL_TRY(found, cursor.next());
    }
  }
  for (const std::string& key : keys) PAWL_CHECK(txn.remove(table, key));
  return keys.size();
}

}  // namespace

Result<Removal> remove_run(Transaction& txn, RunId id, const std::string& pipeline,
                           RemovalBudget& budget) {
  Run run;
  run.id = id;
  run.pipeline = pipeline;
  const auto stored = find_run(txn, id);
  if (!stored && stored.error().kind != ErrorKind::kCorrupt) return stored.error();
  const bool is_sound = stored && *stored;
  if (is_sound) run = (*stored)->run;
  if (is_sound && !is_final(run.status)) {
    PAWL_CHECK(remove_possible_entries(txn, run));
    PAWL_CHECK(put_index_entries(txn, **stored));
    return Removal::kKept;
  }
  const std::string prefix = run_key(id);
  PAWL_TRY(std::size_t rows, remove_rows(txn, Table::kLogs, prefix, SIZE_MAX));
  PAWL_TRY(const std::size_t chunks,
           remove_rows(txn, Table::kLogChunks, prefix, budget.log_chunks));
  budget.log_chunks -= chunks;
  budget.rows += rows + chunks;
  if (budget.log_chunks == 0) return Removal::kPartly;
  for (Table table : {Table::kTasks, Table::kAttempts}) {
    PAWL_TRY(rows, remove_rows(txn, table, prefix, SIZE_MAX));
    budget.rows += rows;
  }
  if (is_sound) {
    for (const auto& [table, key] : index_keys(run)) PAWL_CHECK(txn.remove(table, key));
  } else {
    PAWL_CHECK(remove_possible_entries(txn, run));
  }
  PAWL_CHECK(txn.remove(Table::kRuns, prefix));
  return Removal::kDone;
}

Result<EndedRuns> EndedRuns::open(const Transaction& txn,
                                  const std::optional<std::string>& pipeline, Order order,
                                  RunId from) {
  EndedRuns runs(pipeline ? Table::kRunsByPipelineStatus : Table::kRunsByStatus, order);
  runs.lanes_.reserve(kStatusCount);
  for (int number = 0; number < kStatusCount; ++number) {
    const auto status = static_cast<Status>(number);
    if (!is_final(status)) continue;
    PAWL_TRY(Cursor cursor, txn.cursor(runs.table_));
    Lane& lane = runs.lanes_.emplace_back(
        Lane{std::move(cursor),
             pipeline ? pipeline_status_prefix(*pipeline, status) : status_prefix(status),
             std::nullopt});
    const bool is_rising = order == Order::kOldestFirst;
    PAWL_TRY(const bool found,
             is_rising ? lane.cursor.seek(lane.prefix + run_key(from))
                       : lane.cursor.seek_before(lane.prefix + run_key(RunId{UINT64_MAX})));
    PAWL_CHECK(runs.settle(lane, found));
  }
  return runs;
}

// Passes over keys that make no sense.
Result<void> EndedRuns::settle(Lane& lane, bool found) const {
  lane.at.reset();
  while (found && lane.cursor.key().starts_with(lane.prefix)) {
    lane.at = parse_run_key(lane.cursor.key().substr(lane.prefix.size()));
    if (lane.at) return {};
    PAWL_TRY(found, order_ == Order::kOldestFirst ? lane.cursor.next() : lane.cursor.previous());
  }
  return {};
}

Result<void> EndedRuns::advance(Lane& lane) const {
  PAWL_TRY(const bool found,
           order_ == Order::kOldestFirst ? lane.cursor.next() : lane.cursor.previous());
  return settle(lane, found);
}

Result<std::optional<EndedRuns::Found>> EndedRuns::next() {
  Lane* first = nullptr;
  for (Lane& lane : lanes_) {
    if (!lane.at) continue;
    const bool is_first =
        !first || (order_ == Order::kOldestFirst ? *lane.at < *first->at : *lane.at > *first->at);
    if (is_first) first = &lane;
  }
  if (!first) return std::optional<Found>();
  Found found{*first->at, std::nullopt};
  if (const auto entry = decode_index_entry(table_, first->cursor.key(), first->cursor.value())) {
    found.entry = *entry;
  }
  PAWL_CHECK(advance(*first));
  return std::optional(found);
}

}  // namespace pawl::store
