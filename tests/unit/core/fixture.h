// A core under test: a state, clocks that the test moves, and short words for events and commands.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/recovery.h"
#include "core/schedule.h"
#include "core/step.h"

namespace pawl::test {

inline Task make_task(const std::string& id, std::vector<std::uint32_t> upstream = {}) {
  Task task;
  task.id = id;
  task.image = "image";
  task.command = {"true"};
  task.upstream = std::move(upstream);
  return task;
}

inline Pipeline make_pipeline(const std::string& name, std::vector<Task> tasks) {
  Pipeline pipeline;
  pipeline.name = name;
  pipeline.origin = Origin{"fleet", name + ".yaml", 1, "c1"};
  pipeline.tasks = std::move(tasks);
  return pipeline;
}

inline void add_cron(Pipeline& pipeline, const std::string& expression) {
  auto schedule = CronSchedule::parse(expression, false);
  PAWL_ASSERT(schedule.ok());
  pipeline.triggers.emplace_back(CronTrigger{std::move(schedule).value(), Zone{}});
}

template <typename T>
std::vector<T> all_of_type(const Commands& commands) {
  std::vector<T> found;
  for (const Command& command : commands) {
    if (const T* match = std::get_if<T>(&command)) found.push_back(*match);
  }
  return found;
}

class Core {
 public:
  explicit Core(std::uint32_t workers = 4) : state(CoreSettings{workers}) {}

  Commands send(decltype(Event::body) body) {
    last = step(state, Event{wall, mono, std::move(body), synchronised});
    for (const Command& command : last) {
      if (const auto* save = std::get_if<SaveTrigger>(&command)) {
        identities.emplace(std::pair{save->pipeline, save->identity}, save->run);
      }
    }
    return last;
  }
  // As the loop does: what is due is asked for, and what the store knows of it is filled in.
  Commands pass() {
    TimePassed passed{due_ticks(state, wall, mono)};
    for (DueTick& tick : passed.ticks) {
      const auto run = identities.find({tick.pipeline, tick_identity(tick)});
      if (run != identities.end()) tick.existing = run->second;
    }
    return send(passed);
  }
  void pass_ms(std::int64_t ms) {
    wall = wall.plus_ms(ms);
    mono = mono.plus_ms(ms);
  }
  Commands publish(const std::vector<Pipeline>& pipelines, const std::string& source = "fleet") {
    SourcePulled pulled;
    pulled.state.name = source;
    for (const Pipeline& pipeline : pipelines) {
      pulled.files.push_back(
          SourceFile{pipeline.origin.file, false, {std::make_shared<const Pipeline>(pipeline)}});
    }
    return send(pulled);
  }
  Commands trigger(const std::string& pipeline, const std::string& key = "k") {
    return send(ManualTriggered{7, TriggerTarget{pipeline, {"manual:" + key}, {}}, "ann"});
  }
  Commands started(const AttemptKey& key) { return send(AttemptStarted{key, "c", wall}); }
  Commands exited(const AttemptKey& key, int code, bool oom = false) {
    AttemptOutcome outcome;
    outcome.exit_code = code;
    outcome.oom_killed = oom;
    outcome.ended_at = wall;
    return send(AttemptEnded{key, outcome});
  }
  [[nodiscard]] std::vector<AttemptKey> dispatched() const {
    std::vector<AttemptKey> keys;
    for (const RunAttempt& order : all_of_type<RunAttempt>(last)) keys.push_back(order.key);
    return keys;
  }
  // The status that the last commands stored for the run.
  [[nodiscard]] Run last_run() const {
    const auto runs = all_of_type<SaveRun>(last);
    return runs.empty() ? Run{} : runs.back().run;
  }
  [[nodiscard]] TaskState last_task(std::uint32_t index) const {
    TaskState found;
    for (const SaveTask& save : all_of_type<SaveTask>(last)) {
      if (save.task.index == index) found = save.task;
    }
    return found;
  }

  State state;
  WallTime wall{1'800'000'000'000};  // 2027-01-15T08:00:00Z
  MonoTime mono{1'000};
  bool synchronised = true;
  std::map<std::pair<std::string, std::string>, RunId> identities;
  Commands last;
};

inline AttemptKey key(std::uint64_t run, std::uint32_t task, std::uint32_t attempt = 1) {
  return AttemptKey{RunId{run}, task, attempt};
}

}  // namespace pawl::test
