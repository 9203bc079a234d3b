// The seam to the durable store.
//
// Reading: any thread; each call is one short snapshot, nothing is held between calls. Writing: the loop's
// thread only, one transaction at a time. Bounds: limits::kPageRows a page.
// Error kinds: kNotFound, kCorrupt (a record is damaged; the message names it), kExhausted (disk or map is full; the
// transaction is void), kUnavailable (I/O), kInvalid (bad cursor).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "model/command.h"
#include "model/log_chunk.h"
#include "model/run.h"
#include "model/source.h"
#include "model/stored_world.h"

namespace pawl {

struct RunQuery {
  std::optional<std::string> pipeline;
  std::optional<Status> status;
  std::optional<TriggerKind> trigger;
  WallTime since;               // created at or after; unset: no bound
  std::optional<RunId> before;  // cursor: only runs with a smaller id
  std::uint32_t limit = limits::kDefaultPageRows;
};

struct RunPage {
  std::vector<Run> runs;      // newest first
  std::optional<RunId> next;  // pass as `before` for the next page; nothing: that was all
};

// A place in one attempt's stored log: number of the chunk and of the record in it.
struct LogCursor {
  std::uint64_t chunk = 0;
  std::uint32_t record = 0;
  auto operator<=>(const LogCursor&) const = default;
};

struct LogPage {
  std::vector<LogRecord> records;  // a gap (see omitted) is a kPawl record saying so
  LogCursor next;                  // where to go on; equal to the request's when nothing was there
  bool at_end = true;              // all that is stored now was returned
};

// What the history keeps of runs that have ended (SPEC §2: state.keep). 0: no such rule.
struct KeepRules {
  std::int64_t age_ms = 0;              // since the run's end
  std::uint32_t runs_per_pipeline = 0;  // the newest
};

class StoreReader {
 public:
  virtual ~StoreReader() = default;
  [[nodiscard]] virtual Result<RunPage> runs(const RunQuery& query) const = 0;
  [[nodiscard]] virtual Result<RunDetail> run(RunId id) const = 0;
  [[nodiscard]] virtual Result<PipelinePtr> definition(const Sha256& hash) const = 0;
  [[nodiscard]] virtual Result<std::vector<PipelinePtr>> pipelines() const = 0;
  [[nodiscard]] virtual Result<std::vector<SourceState>> sources() const = 0;
  // Up to max_bytes of text, at least one record if there is one.
  [[nodiscard]] virtual Result<LogPage> log(const AttemptKey& key, const LogCursor& from,
                                            std::size_t max_bytes) const = 0;
  [[nodiscard]] virtual Result<LogPosition> log_position(const AttemptKey& key) const = 0;
};

class StoreTransaction {
 public:
  // Destruction without commit() rolls back.
  virtual ~StoreTransaction() = default;
  // The run that this identity of this pipeline belongs to; sees this transaction's own writes.
  [[nodiscard]] virtual Result<std::optional<RunId>> find_trigger(const std::string& pipeline,
                                                                  const std::string& identity) = 0;
  // Applies a Save* or Delete* command; effects are a programmer error.
  [[nodiscard]] virtual Result<void> apply(const Command& command) = 0;
  // Appends to the attempt's log, keeping head and tail within the store's log limit.
  [[nodiscard]] virtual Result<void> append_log(const LogChunk& chunk) = 0;
  // Durable when it returns.
  [[nodiscard]] virtual Result<void> commit() = 0;
};

class Store : public StoreReader {
 public:
  [[nodiscard]] virtual Result<std::unique_ptr<StoreTransaction>> begin() = 0;
  // Before the first write of this agent; while nothing else is written. What is damaged is left out and named.
  [[nodiscard]] virtual Result<StoredWorld> load() const = 0;
  // 12 hex digits, random, made with the store: tells this store's containers from another's.
  [[nodiscard]] virtual const std::string& instance_id() const = 0;
  // Ids that this history had before it was restored from a backup: their containers are nobody's.
  [[nodiscard]] virtual std::vector<std::string> former_instances() const = 0;

  // --- Room. The loop's thread, with no transaction open. ---
  // Removes, in one short transaction of its own, what the rules no longer keep and what is over the store's size: runs
  // that have ended, oldest first, with all that belongs to them, and identities past their window. True: there is
  // more to remove. `now` unset: the clock is not to be trusted, and no rule about age holds.
  [[nodiscard]] virtual Result<bool> prune(const KeepRules& rules, WallTime now) = 0;
  // Looks whether the disk has room. False: a reserve (the ballast) is in use, or a commit failed for want of room; only the
  // ends of what is under way should be written. True again once the reserve could be put back.
  [[nodiscard]] virtual bool has_room() = 0;
  // What an operator should know of it (damage that was set aside, little room); empty: all is well. Any thread.
  [[nodiscard]] virtual std::vector<std::string> warnings() const = 0;
};

}  // namespace pawl
