#include "sim/model_store.h"

namespace pawl::sim {

void ModelStore::apply(const Commands& commands) {
  for (const Command& command : commands) apply_one(command);
}

void ModelStore::apply_one(const Command& command) {
  if (const auto* save = std::get_if<SaveRun>(&command)) {
    Run& stored = runs[save->run.id];
    if (is_final(stored.status) && stored != save->run) {
      violations.push_back("run " + save->run.id.text() + " changed after its end");
    }
    stored = save->run;
  } else if (const auto* save_task = std::get_if<SaveTask>(&command)) {
    TaskState& stored = tasks[{save_task->task.run, save_task->task.index}];
    if (is_final(stored.status) && stored != save_task->task) {
      violations.push_back("task of run " + save_task->task.run.text() + " changed after its end");
    }
    stored = save_task->task;
  } else if (const auto* save_attempt = std::get_if<SaveAttempt>(&command)) {
    Attempt& stored = attempts[save_attempt->attempt.key];
    if (is_final(stored.status) && stored != save_attempt->attempt) {
      violations.push_back("an attempt changed after its end");
    }
    stored = save_attempt->attempt;
  } else if (const auto* trigger = std::get_if<SaveTrigger>(&command)) {
    const auto [place, inserted] =
        triggers.emplace(std::pair{trigger->pipeline, trigger->identity}, trigger->run);
    if (!inserted && place->second != trigger->run) {
      violations.push_back("trigger " + trigger->identity + " got a second run");
    }
  } else if (const auto* mark = std::get_if<SaveScheduleMark>(&command)) {
    if (mark->tick < marks[mark->pipeline]) violations.push_back("a schedule mark moved back");
    marks[mark->pipeline] = mark->tick;
  } else if (const auto* definition = std::get_if<SaveDefinition>(&command)) {
    definitions[content_hash(*definition->definition)] = definition->definition;
  } else if (const auto* pipeline = std::get_if<SavePipeline>(&command)) {
    pipelines[pipeline->pipeline->name] = pipeline->pipeline;
  } else if (const auto* gone = std::get_if<DeletePipeline>(&command)) {
    pipelines.erase(gone->name);
  } else if (const auto* source = std::get_if<SaveSource>(&command)) {
    sources[source->state.name] = source->state;
  } else if (const auto* no_source = std::get_if<DeleteSource>(&command)) {
    sources.erase(no_source->name);
  }
}

std::optional<RunId> ModelStore::find(const TriggerTarget& target) const {
  for (const std::string& identity : target.identities) {
    const auto found = triggers.find({target.pipeline, identity});
    if (found != triggers.end()) return found->second;
  }
  return std::nullopt;
}

StoredWorld ModelStore::load() const {
  StoredWorld world;
  if (!runs.empty()) world.last_run = runs.rbegin()->first;
  for (const auto& [name, pipeline] : pipelines) world.pipelines.push_back(pipeline);
  for (const auto& [name, tick] : marks) world.schedule_marks.emplace_back(name, tick);
  for (const auto& [name, source] : sources) world.sources.push_back(source);
  for (const auto& [id, run] : runs) {
    if (is_final(run.status)) continue;
    RunDetail detail;
    detail.run = run;
    for (auto task = tasks.lower_bound({id, 0}); task != tasks.end() && task->first.first == id;
         ++task) {
      detail.tasks.push_back(task->second);
    }
    for (auto attempt = attempts.lower_bound(AttemptKey{id, 0, 0});
         attempt != attempts.end() && attempt->first.run == id; ++attempt) {
      detail.attempts.push_back(attempt->second);
    }
    const auto definition = definitions.find(run.definition);
    world.unfinished_definitions.push_back(definition == definitions.end() ? nullptr
                                                                           : definition->second);
    world.unfinished.push_back(std::move(detail));
  }
  return world;
}

}  // namespace pawl::sim
