#include "sim/model_store.h"

namespace pawl::sim {

void ModelStore::apply(const Commands& commands) {
  for (const Command& command : commands) apply_one(command);
}

void ModelStore::apply_run(const Run& run) {
  StoredRun& stored = runs[run.id];
  if (is_final(stored.run.status) && stored.run != run) {
    life_.violate("run " + run.id.text() + " changed after its end");
  }
  stored.run = run;
  if (!stored.definition) {
    const auto definition = definitions_.find(run.definition);
    if (definition == definitions_.end()) {
      life_.violate("run " + run.id.text() + " was stored without its definition");
    } else {
      stored.definition = definition->second;
    }
  }
  if (is_final(run.status)) {
    unfinished.erase(run.id);
  } else {
    unfinished.insert(run.id);
  }
  highest_time = std::max(highest_time, run.created_at);
}

void ModelStore::apply_task(const TaskState& task) {
  std::vector<TaskState>& tasks = runs[task.run].tasks;
  if (tasks.size() <= task.index) tasks.resize(task.index + 1);
  TaskState& stored = tasks[task.index];
  if (is_final(stored.status) && stored != task) {
    life_.violate("task of run " + task.run.text() + " changed after its end");
  }
  stored = task;
}

void ModelStore::apply_attempt(const Attempt& attempt) {
  Attempt& stored = attempts[attempt.key];
  if (is_final(stored.status) && stored != attempt) {
    life_.violate("an attempt of run " + attempt.key.run.text() + " changed after its end");
  }
  stored = attempt;
  if (is_final(attempt.status)) {
    live.erase(attempt.key);
  } else {
    live.insert(attempt.key);
  }
}

void ModelStore::apply_trigger(const SaveTrigger& trigger) {
  const auto [place, inserted] =
      triggers.emplace(std::pair{trigger.pipeline, trigger.identity}, trigger.run);
  if (!inserted && place->second != trigger.run) {
    life_.violate("trigger " + trigger.identity + " of " + trigger.pipeline +
                  " got a second run, " + trigger.run.text());
  }
}

void ModelStore::apply_one(const Command& command) {
  if (const auto* save = std::get_if<SaveRun>(&command)) {
    apply_run(save->run);
  } else if (const auto* save_task = std::get_if<SaveTask>(&command)) {
    apply_task(save_task->task);
  } else if (const auto* save_attempt = std::get_if<SaveAttempt>(&command)) {
    apply_attempt(save_attempt->attempt);
  } else if (const auto* trigger = std::get_if<SaveTrigger>(&command)) {
    apply_trigger(*trigger);
  } else if (const auto* definition = std::get_if<SaveDefinition>(&command)) {
    const auto [place, is_new] = hashes_.try_emplace(definition->definition);
    if (is_new) place->second = content_hash(*definition->definition);
    definitions_[place->second] = definition->definition;
  } else {
    apply_catalog(command);
  }
}

void ModelStore::apply_catalog(const Command& command) {
  if (const auto* mark = std::get_if<SaveScheduleMark>(&command)) {
    marks[mark->pipeline] = mark->tick;
  } else if (const auto* pipeline = std::get_if<SavePipeline>(&command)) {
    pipelines[pipeline->pipeline->name] = pipeline->pipeline;
  } else if (const auto* gone = std::get_if<DeletePipeline>(&command)) {
    pipelines.erase(gone->name);
  } else if (const auto* source = std::get_if<SaveSource>(&command)) {
    sources[source->state.name] = source->state;
  } else if (const auto* no_source = std::get_if<DeleteSource>(&command)) {
    sources.erase(no_source->name);
  } else if (const auto* suspension = std::get_if<SaveSuspension>(&command)) {
    suspensions[suspension->pipeline] = suspension->suspension;
  } else if (const auto* resumed = std::get_if<DeleteSuspension>(&command)) {
    suspensions.erase(resumed->pipeline);
  } else if (const auto* action = std::get_if<SaveAction>(&command)) {
    actions.push_back(action->action);
  }
}

std::optional<RunId> ModelStore::find(const std::string& pipeline,
                                      const std::string& identity) const {
  const auto found = triggers.find({pipeline, identity});
  return found == triggers.end() ? std::nullopt : std::optional(found->second);
}

const Attempt* ModelStore::find_attempt(const AttemptKey& key) const {
  const auto found = attempts.find(key);
  return found == attempts.end() ? nullptr : &found->second;
}

RunDetail ModelStore::detail(RunId id) const {
  const StoredRun& stored = runs.at(id);
  RunDetail detail{stored.run, stored.tasks, {}};
  for (auto attempt = attempts.lower_bound(AttemptKey{id, 0, 0});
       attempt != attempts.end() && attempt->first.run == id; ++attempt) {
    detail.attempts.push_back(attempt->second);
  }
  return detail;
}

StoredWorld ModelStore::load() const {
  StoredWorld world;
  if (!runs.empty()) world.last_run = runs.rbegin()->first;
  world.highest_time = highest_time;
  for (const auto& [name, pipeline] : pipelines) world.pipelines.push_back(pipeline);
  for (const auto& [name, tick] : marks) world.schedule_marks.emplace_back(name, tick);
  for (const auto& [name, source] : sources) world.sources.push_back(source);
  for (const auto& [name, since] : suspensions) world.suspensions.emplace_back(name, since);
  for (const RunId id : unfinished) {
    world.unfinished.push_back(detail(id));
    world.unfinished_definitions.push_back(runs.at(id).definition);
  }
  return world;
}

}  // namespace pawl::sim
