// A store that is durable by definition: what is applied is there after a crash, all of a batch or
// nothing. Checks while applying that no record that is final ever changes.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/command.h"
#include "model/stored_world.h"

namespace pawl::sim {

class ModelStore {
 public:
  // Save* and Delete* commands of one batch; effects are ignored.
  void apply(const Commands& commands);
  [[nodiscard]] std::optional<RunId> find(const TriggerTarget& target) const;
  [[nodiscard]] StoredWorld load() const;

  std::map<RunId, Run> runs;
  std::map<std::pair<RunId, std::uint32_t>, TaskState> tasks;
  std::map<AttemptKey, Attempt> attempts;
  std::map<std::pair<std::string, std::string>, RunId> triggers;
  std::map<std::string, PipelinePtr> pipelines;
  std::map<Sha256, PipelinePtr> definitions;
  std::map<std::string, WallTime> marks;
  std::map<std::string, SourceState> sources;
  std::vector<std::string> violations;

 private:
  void apply_one(const Command& command);
};

}  // namespace pawl::sim
