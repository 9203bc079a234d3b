// A store that is durable by definition: what is applied is there after a crash, all of a batch or
// nothing. Checks while applying that no record that is final ever changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/command.h"
#include "model/stored_world.h"
#include "sim/life.h"

namespace pawl::sim {

struct StoredRun {
  Run run;
  PipelinePtr definition;
  std::vector<TaskState> tasks;
};

class ModelStore {
 public:
  explicit ModelStore(Life& life) : life_(life) {}

  // Save* and Delete* commands of one step; effects are ignored.
  void apply(const Commands& commands);
  [[nodiscard]] std::optional<RunId> find(const std::string& pipeline,
                                          const std::string& identity) const;
  [[nodiscard]] StoredWorld load() const;
  [[nodiscard]] RunDetail detail(RunId id) const;
  [[nodiscard]] const Attempt* find_attempt(const AttemptKey& key) const;

  std::map<RunId, StoredRun> runs;
  std::set<RunId> unfinished;
  std::map<AttemptKey, Attempt> attempts;
  std::set<AttemptKey> live;  // attempts that have not ended
  std::map<std::pair<std::string, std::string>, RunId> triggers;
  std::map<std::string, PipelinePtr> pipelines;
  std::map<std::string, WallTime> marks;
  std::map<std::string, SourceState> sources;
  std::map<std::string, Suspension> suspensions;
  std::vector<Action> actions;
  WallTime highest_time;

 private:
  void apply_run(const Run& run);
  void apply_task(const TaskState& task);
  void apply_attempt(const Attempt& attempt);
  void apply_trigger(const SaveTrigger& trigger);
  void apply_one(const Command& command);
  void apply_catalog(const Command& command);

  Life& life_;
  std::map<Sha256, PipelinePtr> definitions_;
  std::map<PipelinePtr, Sha256> hashes_;  // spares hashing a definition with each of its runs
};

}  // namespace pawl::sim
