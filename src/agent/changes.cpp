#include "agent/changes.h"

namespace pawl {

Change change_of(const LogChunk& chunk) {
  Change change;
  change.kind = Change::Kind::kLog;
  change.run = chunk.key.run;
  change.task = chunk.key.task;
  change.attempt = chunk.key.attempt;
  return change;
}

void add_change(std::vector<Change>& changes, const Command& command) {
  Change change;
  if (const auto* run = std::get_if<SaveRun>(&command)) {
    change.kind = Change::Kind::kRun;
    change.run = run->run.id;
    change.name = run->run.pipeline;
    change.status = run->run.status;
  } else if (const auto* task = std::get_if<SaveTask>(&command)) {
    change.kind = Change::Kind::kTask;
    change.run = task->task.run;
    change.task = task->task.index;
    change.status = task->task.status;
  } else if (const auto* source = std::get_if<SaveSource>(&command)) {
    change.kind = Change::Kind::kSource;
    change.name = source->state.name;
  } else if (const auto* gone = std::get_if<DeleteSource>(&command)) {
    change.kind = Change::Kind::kSource;
    change.name = gone->name;
  } else if (std::holds_alternative<SavePipeline>(command) ||
             std::holds_alternative<DeletePipeline>(command) ||
             std::holds_alternative<SaveSuspension>(command) ||
             std::holds_alternative<DeleteSuspension>(command)) {
    change.kind = Change::Kind::kPipelines;
    if (!changes.empty() && changes.back().kind == Change::Kind::kPipelines) return;
  } else {
    return;
  }
  changes.push_back(std::move(change));
}

}  // namespace pawl
