// The Store port in memory, for tests of the core, the agent and the simulator.
// tests/contract/store/ holds it to the same behaviour as the LMDB store. What a test committed
// survives the object that committed it: to simulate a crash, destroy the agent (and any open
// transaction) and start another one on the same FakeStore.
//
// Thread-safe like the port. Nothing is encoded: pointers to definitions are kept as they are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ports/store.h"

namespace pawl {

class FakeStore : public Store {
 public:
  explicit FakeStore(std::int64_t log_limit_bytes = limits::kLogLimitBytes);

  [[nodiscard]] Result<RunPage> runs(const RunQuery& query) const override;
  [[nodiscard]] Result<RunDetail> run(RunId id) const override;
  [[nodiscard]] Result<PipelinePtr> definition(const Sha256& hash) const override;
  [[nodiscard]] Result<std::vector<PipelinePtr>> pipelines() const override;
  [[nodiscard]] Result<std::vector<SourceState>> sources() const override;
  [[nodiscard]] Result<LogPage> log(const AttemptKey& key, const LogCursor& from,
                                    std::size_t max_bytes) const override;
  [[nodiscard]] Result<LogPosition> log_position(const AttemptKey& key) const override;
  [[nodiscard]] Result<std::unique_ptr<StoreTransaction>> begin() override;
  [[nodiscard]] Result<StoredWorld> load() const override;
  [[nodiscard]] const std::string& instance_id() const override { return instance_id_; }
  [[nodiscard]] std::vector<std::string> former_instances() const override;
  [[nodiscard]] Result<bool> prune(const KeepRules& rules, WallTime now) override;
  [[nodiscard]] bool has_room() override;
  [[nodiscard]] std::vector<std::string> warnings() const override;

  // --- what only tests may do ---
  // The next `count` calls of begin() or commit() fail with this error; a failed commit changes
  // nothing.
  void fail_begin(Error error, int count = 1);
  void fail_commit(Error error, int count = 1);
  // As if that record's checksum did not match any more.
  void damage_run(RunId id);
  void damage_task(RunId id, std::uint32_t index);
  void damage_definition(const Sha256& hash);
  void set_room(bool has_room);
  void set_warnings(std::vector<std::string> warnings);
  void set_former_instances(std::vector<std::string> ids);
  [[nodiscard]] std::uint64_t commits() const;
  [[nodiscard]] std::vector<Action> actions() const;

 private:
  friend class FakeTransaction;

  struct StoredChunk {
    std::uint64_t sequence = 0;
    std::vector<LogRecord> records;
    std::int64_t bytes = 0;
  };
  struct StoredLog {
    std::vector<StoredChunk> head;
    std::vector<StoredChunk> tail;
    bool head_is_full = false;
    std::uint64_t next_sequence = 0;
    std::int64_t head_bytes = 0;
    std::int64_t tail_bytes = 0;
    std::int64_t dropped_bytes = 0;  // of text
    std::int64_t dropped_time_ns = 0;
    LogPosition position;
  };
  using TaskKey = std::pair<RunId, std::uint32_t>;
  using TriggerKey = std::pair<std::string, std::string>;
  struct StoredTrigger {
    RunId run;
    WallTime accepted_at;
  };
  struct Failure {
    Error error;
    int count = 0;
  };

  void apply_locked(const Command& command);
  void save_run_locked(const Run& run);
  void append_locked(const LogChunk& chunk);
  [[nodiscard]] std::set<RunId> victims_locked(const KeepRules& rules, WallTime now) const;
  void remove_run_locked(RunId id);
  // With what is damaged left out of the detail and named in `damaged`.
  [[nodiscard]] Result<RunDetail> detail_locked(RunId id, std::vector<std::string>& damaged) const;
  [[nodiscard]] static std::optional<Error> take(Failure& failure);

  mutable std::mutex mutex_;
  const std::int64_t log_limit_bytes_;
  const std::string instance_id_ = "0123456789ab";
  bool transaction_open_ = false;
  bool has_room_ = true;
  std::vector<std::string> warnings_;
  std::vector<std::string> former_instances_;
  std::uint64_t commits_ = 0;
  Failure begin_failure_;
  Failure commit_failure_;
  std::set<RunId> damaged_runs_;
  std::set<TaskKey> damaged_tasks_;
  std::set<Sha256> damaged_definitions_;

  RunId last_run_;
  std::map<RunId, Run> runs_;
  std::map<TaskKey, TaskState> tasks_;
  std::map<AttemptKey, Attempt> attempts_;
  std::map<Sha256, PipelinePtr> definitions_;
  std::map<std::string, PipelinePtr> pipelines_;
  std::map<TriggerKey, StoredTrigger> triggers_;
  std::map<std::string, WallTime> schedule_marks_;
  std::map<std::string, SourceState> sources_;
  std::map<std::string, Suspension> suspensions_;
  std::vector<Action> actions_;
  WallTime highest_time_;
  std::map<AttemptKey, StoredLog> logs_;
};

}  // namespace pawl
