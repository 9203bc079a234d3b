#include "sim/model_workers.h"

#include <iterator>
#include <utility>

#include "sim/language.h"
#include "sim/world.h"

namespace pawl::sim {
namespace {

using Phase = ModelContainer::Phase;
using Cut = ModelContainer::Cut;

AttemptOutcome outcome_of(AttemptOutcome::Kind kind, Reason failure = Reason::kNone) {
  AttemptOutcome outcome;
  outcome.kind = kind;
  outcome.failure = failure;
  return outcome;
}

}  // namespace

void ModelWorkers::run(const RunAttempt& order) {
  Worker worker;
  worker.order = order;
  worker.stop = order.stop;
  worker.engine = order.engine;
  forget_ahead(order.key);
  worker.is_ahead = ahead_.erase(order.key) > 0;
  if (!workers_.emplace(order.key, std::move(worker)).second) {
    life_.violate("an attempt was given to two workers");
  }
}

void ModelWorkers::prepare(const PrepareAttempt& ahead) {
  if (workers_.contains(ahead.order.key)) {
    life_.violate("a container was asked for ahead of an attempt that is under way");
  }
  if (!life_.fault_in(5)) asked_ahead_.push_back(ahead.order);
}

void ModelWorkers::forget_ahead(const AttemptKey& key) {
  std::erase_if(asked_ahead_, [&](const RunAttempt& order) { return order.key == key; });
}

void ModelWorkers::remove(const RemoveContainer& order) {
  forget_ahead(order.key);
  ahead_.erase(order.key);
  removals_.push_back(order.key);
}

void ModelWorkers::remove(const RemoveWorkspace& order) {
  std::erase_if(asked_ahead_, [&](const RunAttempt& ahead) { return ahead.key.run == order.run; });
  for (auto key = ahead_.begin(); key != ahead_.end();) {
    if (key->run == order.run) removals_.push_back(*key);
    key = key->run == order.run ? ahead_.erase(key) : std::next(key);
  }
}

void ModelWorkers::create_ahead() {
  const std::size_t place = life_.random.below(asked_ahead_.size());
  const RunAttempt order = asked_ahead_[place];
  asked_ahead_.erase(asked_ahead_.begin() + static_cast<std::ptrdiff_t>(place));
  const bool has_image = order.definition->tasks[order.key.task].image != kMissingImage;
  if (!has_image || engine_.containers.contains(order.key)) return;
  engine_.create(order.key);
  ahead_.insert(order.key);
}

void ModelWorkers::signal(const SignalAttempt& order) {
  const auto found = workers_.find(order.key);
  if (found == workers_.end()) return;
  Worker& worker = found->second;
  worker.stop = true;
  worker.kill = worker.kill || order.kill;
  // Before the start is reported the worker itself sends it; after, it is sent, and can be lost.
  if (worker.step == Worker::Step::kWait && !life_.fault_in(10)) {
    engine_.signal(order.key, order.kill);
  }
}

void ModelWorkers::post(std::deque<Event>& events, Event event) {
  events.push_back(event);
  if (life_.fault_in(20)) events.push_back(event);
  if (life_.faults) said_.push_back(std::move(event));
}

bool ModelWorkers::end(const AttemptKey& key, AttemptOutcome outcome, std::deque<Event>& events) {
  Event event;
  event.body = AttemptEnded{key, std::move(outcome)};
  post(events, std::move(event));
  return true;
}

bool ModelWorkers::create(Worker& worker, std::deque<Event>& events) {
  const AttemptKey& key = worker.order.key;
  if (engine_.containers.contains(key)) {
    // Whether it ran before the host was restarted, and how it ended, nobody can tell.
    if (worker.order.rebooted) {
      engine_.signal(key, true);
      return end(key, outcome_of(AttemptOutcome::Kind::kMissing), events);
    }
    // Nobody knows any more what an earlier agent created it with.
    const bool is_left = engine_.containers.at(key).phase == Phase::kCreated && !worker.is_ahead &&
                         !worker.order.recovered;
    if (is_left) {
      engine_.remove(key);
      return false;
    }
    worker.step = Worker::Step::kStart;
    return false;
  }
  if (worker.order.expect_started) {
    return end(key, outcome_of(AttemptOutcome::Kind::kMissing), events);
  }
  if (worker.stop) return end(key, outcome_of(AttemptOutcome::Kind::kNotStarted), events);
  if (worker.order.definition->tasks[key.task].image == kMissingImage) {
    return end(key, outcome_of(AttemptOutcome::Kind::kNotStarted, Reason::kImage), events);
  }
  engine_.create(key);
  worker.step = Worker::Step::kStart;
  return false;
}

bool ModelWorkers::start(Worker& worker, ModelContainer& container, std::deque<Event>& events) {
  const AttemptKey& key = worker.order.key;
  if (container.phase == Phase::kCreated) {
    if (worker.stop) return end(key, outcome_of(AttemptOutcome::Kind::kNotStarted), events);
    engine_.start(key, worker.order.definition->tasks[key.task].command.front());
    worker.engine = engine_.incarnation();
  }
  worker.step = Worker::Step::kReportStart;
  return false;
}

void ModelWorkers::report_start(Worker& worker, const ModelContainer& container,
                                std::deque<Event>& events) {
  const AttemptKey& key = worker.order.key;
  Event event;
  event.body = AttemptStarted{key, "container", container.started_at, worker.engine};
  post(events, std::move(event));
  worker.step = Worker::Step::kWait;
  if (worker.stop) engine_.signal(key, worker.kill);
}

bool ModelWorkers::wait(Worker& worker, const ModelContainer& container,
                        std::deque<Event>& events) {
  if (container.phase != Phase::kExited) return false;
  const AttemptKey& key = worker.order.key;
  // After the engine's restart a worker knows by its incarnation that the truth is gone; after the host's,
  // only the core could have told it.
  AttemptOutcome outcome =
      outcome_of(container.cut == Cut::kByEngine ? AttemptOutcome::Kind::kMissing
                                                 : AttemptOutcome::Kind::kExited);
  outcome.exit_code = container.exit_code;
  outcome.oom_killed = container.oom_killed;
  outcome.container_id = "container";
  outcome.started_at = container.started_at;
  outcome.ended_at = container.ended_at;
  outcome.log_incomplete = life_.random.one_in(10);
  outcome.outputs = {{"v", output_of(key)}};
  return end(key, std::move(outcome), events);
}

bool ModelWorkers::step(Worker& worker, std::deque<Event>& events) {
  const AttemptKey& key = worker.order.key;
  if (worker.step == Worker::Step::kCreate) return create(worker, events);
  const auto found = engine_.containers.find(key);
  if (found == engine_.containers.end() && worker.step == Worker::Step::kStart &&
      !worker.order.recovered) {
    worker.step = Worker::Step::kCreate;
    worker.is_ahead = false;
    return false;
  }
  if (found == engine_.containers.end()) {
    return end(key, outcome_of(AttemptOutcome::Kind::kMissing), events);
  }
  switch (worker.step) {
    case Worker::Step::kCreate:
      break;
    case Worker::Step::kStart:
      return start(worker, found->second, events);
    case Worker::Step::kReportStart:
      report_start(worker, found->second, events);
      return false;
    case Worker::Step::kWait:
      return wait(worker, found->second, events);
  }
  return false;
}

void ModelWorkers::advance(std::deque<Event>& events) {
  if (life_.fault_in(40) && !said_.empty()) events.push_back(life_.random.pick(said_));
  if (!engine_.reachable) return;
  if (!removals_.empty() && (!life_.faults || life_.random.one_in(2))) {
    engine_.remove(removals_.back());
    removals_.pop_back();
  }
  if (!asked_ahead_.empty() && (!life_.faults || life_.random.one_in(2))) create_ahead();
  if (listing_ && (!life_.faults || life_.random.one_in(3))) {
    listing_ = false;
    EngineListed listed;
    for (const auto& [key, container] : engine_.containers) listed.containers.push_back({key, ""});
    Event event;
    event.body = std::move(listed);
    events.push_back(std::move(event));
  }
  for (auto worker = workers_.begin(); worker != workers_.end();) {
    const bool moves = !life_.faults || life_.random.one_in(2);
    worker = moves && step(worker->second, events) ? workers_.erase(worker) : std::next(worker);
  }
}

std::optional<std::int64_t> ModelWorkers::next_work() const {
  if (!engine_.reachable) return std::nullopt;
  const std::int64_t now = life_.clock.true_ms();
  if (!removals_.empty() || !asked_ahead_.empty() || listing_) return now;
  for (const auto& [key, worker] : workers_) {
    const auto container = engine_.containers.find(key);
    if (worker.step != Worker::Step::kWait || container == engine_.containers.end() ||
        container->second.phase == Phase::kExited) {
      return now;
    }
  }
  return engine_.next_end();
}

void ModelWorkers::crash() {
  workers_.clear();
  removals_.clear();
  asked_ahead_.clear();
  ahead_.clear();
  said_.clear();
  listing_ = false;
}

}  // namespace pawl::sim
