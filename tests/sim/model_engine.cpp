#include "sim/model_engine.h"

#include <iterator>

namespace pawl::sim {

bool ModelEngine::create(const AttemptKey& key) {
  return containers.emplace(key, ModelContainer{}).second;
}

void ModelEngine::start(const AttemptKey& key, const std::string& behaviour, WallTime wall,
                        MonoTime mono) {
  ModelContainer& container = containers.at(key);
  if (container.phase != ModelContainer::Phase::kCreated) return;
  // Whoever removes a container before its start is recorded leaves nothing to tell that it ran.
  if (++starts[key] > 1 && !lost.contains(key)) {
    violations.push_back("an attempt was started twice");
  }
  container.phase = ModelContainer::Phase::kRunning;
  container.started_at = wall;
  container.ends_at = mono.plus_ms(static_cast<std::int64_t>(1 + random_.below(20'000)));
  if (behaviour == "fail") container.exit_code = 1;
  if (behaviour == "flaky") container.exit_code = key.attempt < 2 ? 1 : 0;
  if (behaviour == "oom") {
    container.exit_code = 137;
    container.oom_killed = true;
  }
  if (behaviour == "long") {
    container.ends_at = mono.plus_ms(3'600'000);
    container.ignores_term = random_.one_in(2);
  }
}

void ModelEngine::signal(const AttemptKey& key, bool kill, WallTime wall) {
  const auto found = containers.find(key);
  if (!reachable || found == containers.end()) return;
  ModelContainer& container = found->second;
  if (container.phase != ModelContainer::Phase::kRunning) return;
  if (!kill && container.ignores_term) return;
  container.phase = ModelContainer::Phase::kExited;
  container.exit_code = kill ? 137 : 143;
  container.oom_killed = false;
  container.ended_at = wall;
}

void ModelEngine::remove(const AttemptKey& key) { containers.erase(key); }

void ModelEngine::advance(WallTime wall, MonoTime mono) {
  for (auto& [key, container] : containers) {
    if (container.phase != ModelContainer::Phase::kRunning || container.ends_at > mono) continue;
    container.phase = ModelContainer::Phase::kExited;
    container.ended_at = wall;
    if (container.exit_code == 0) ++good_ends[key];
  }
}

void ModelEngine::lose_one() {
  if (containers.empty()) return;
  auto victim = containers.begin();
  std::advance(victim, static_cast<std::ptrdiff_t>(random_.below(containers.size())));
  lost[victim->first] = true;
  containers.erase(victim);
}

void ModelWorkers::run(const RunAttempt& order) {
  Worker worker;
  worker.order = order;
  worker.stop = order.stop;
  if (!workers_.emplace(order.key, std::move(worker)).second) {
    engine_.violations.push_back("an attempt was given to two workers");
  }
}

void ModelWorkers::signal(const SignalAttempt& order, WallTime wall) {
  const auto found = workers_.find(order.key);
  if (found == workers_.end()) return;
  found->second.stop = true;
  engine_.signal(order.key, order.kill, wall);
}

void ModelWorkers::report(std::deque<Event>& events, const AttemptKey& key,
                          AttemptOutcome outcome) {
  Event event;
  event.body = AttemptEnded{key, std::move(outcome)};
  events.push_back(event);
  if (random_.one_in(20)) events.push_back(event);  // a repeated report is harmless
}

bool ModelWorkers::advance_worker(Worker& worker, std::deque<Event>& events, WallTime wall,
                                  MonoTime mono) {
  const AttemptKey& key = worker.order.key;
  const Task& task = worker.order.definition->tasks[key.task];
  const auto found = engine_.containers.find(key);
  switch (worker.step) {
    case Worker::Step::kCreate:
      if (found == engine_.containers.end()) {
        if (worker.order.expect_started) {
          report(events, key,
                 {AttemptOutcome::Kind::kMissing, 0, false, Reason::kNone, "", "", {}, {}});
          return true;
        }
        if (worker.stop || task.image == "missing") {
          const Reason reason = worker.stop ? Reason::kNone : Reason::kImage;
          report(events, key,
                 {AttemptOutcome::Kind::kNotStarted, 0, false, reason, "", "", {}, {}});
          return true;
        }
        engine_.create(key);
      }
      worker.step = Worker::Step::kStart;
      return false;
    case Worker::Step::kStart:
      if (found == engine_.containers.end()) break;
      if (worker.stop && found->second.phase == ModelContainer::Phase::kCreated) {
        report(events, key,
               {AttemptOutcome::Kind::kNotStarted, 0, false, Reason::kNone, "", "", {}, {}});
        return true;
      }
      engine_.start(key, task.command.front(), wall, mono);
      worker.step = Worker::Step::kReportStart;
      return false;
    case Worker::Step::kReportStart: {
      if (found == engine_.containers.end()) break;
      Event event;
      event.body = AttemptStarted{key, "container", found->second.started_at};
      events.push_back(event);
      if (worker.stop) engine_.signal(key, false, wall);
      worker.step = Worker::Step::kWait;
      return false;
    }
    case Worker::Step::kWait: {
      if (found == engine_.containers.end()) break;
      const ModelContainer& container = found->second;
      if (container.phase != ModelContainer::Phase::kExited) return false;
      report(events, key,
             {AttemptOutcome::Kind::kExited, container.exit_code, container.oom_killed,
              Reason::kNone, "", "container", container.started_at, container.ended_at});
      return true;
    }
  }
  report(events, key, {AttemptOutcome::Kind::kMissing, 0, false, Reason::kNone, "", "", {}, {}});
  return true;
}

void ModelWorkers::advance(std::deque<Event>& events, WallTime wall, MonoTime mono) {
  if (!engine_.reachable) return;
  if (!removals_.empty() && random_.one_in(2)) {
    engine_.remove(removals_.back());
    removals_.pop_back();
  }
  if (workers_.empty()) return;
  auto worker = workers_.begin();
  std::advance(worker, static_cast<std::ptrdiff_t>(random_.below(workers_.size())));
  if (advance_worker(worker->second, events, wall, mono)) workers_.erase(worker);
}

void ModelWorkers::crash() {
  workers_.clear();
  removals_.clear();
}

void ModelWorkers::list(std::deque<Event>& events) const {
  EngineListed listed;
  for (const auto& [key, container] : engine_.containers) listed.containers.push_back({key, ""});
  Event event;
  event.body = std::move(listed);
  events.push_back(std::move(event));
}

}  // namespace pawl::sim
