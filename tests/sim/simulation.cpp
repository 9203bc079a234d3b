#include "sim/simulation.h"

#include <algorithm>

#include "model/limits.h"
#include "sim/trace.h"
#include "sim/world.h"

namespace pawl::sim {
namespace {

constexpr int kFaultyRounds = 120;
constexpr int kMostRounds = 60'000;             // far more than anything takes to come to its end
constexpr std::uint64_t kFloodedSeeds = 1'000;  // one in so many

}  // namespace

Simulation::Simulation(std::uint64_t seed, bool traced)
    : life_(seed),
      flooded_(seed % kFloodedSeeds == 7),
      names_(make_names(life_.random)),
      store_(life_),
      engine_(life_),
      workers_(life_, engine_),
      observer_(life_, store_, engine_, static_cast<std::uint32_t>(1 + life_.random.below(4))),
      clients_(life_, store_, names_),
      agent_({life_, store_, workers_, observer_,
              [this](const Reply& reply) { clients_.on_reply(reply); }},
             observer_.workers()) {
  life_.traced = traced;
}

SimulationResult Simulation::run() {
  life_.clock.synchronised = !life_.random.one_in(4);
  agent_.start();
  publish(names_, {});
  if (flooded_) {
    definitions_[names_.front()] = make_small_pipeline(names_.front());
    publish(names_, {});
    clients_.flood(names_.front(), limits::kUnfinishedRunsPerPipeline + 50);
  }
  live_with_faults();
  stop_faults();
  live_in_calm();
  wind_down();

  SimulationResult result;
  result.runs = store_.runs.size();
  result.crashes = agent_.crashes;
  result.digest = life_.digest;
  for (const auto& [key, history] : engine_.history) {
    result.starts += static_cast<std::size_t>(history.starts);
  }
  result.violations = std::move(life_.violations);
  return result;
}

// With `changed`, that one is written anew.
void Simulation::publish(const std::vector<std::string>& names, const std::string& changed) {
  ++revision_;
  SourcePulled pulled;
  pulled.state.name = "fleet";
  pulled.state.revision = std::to_string(revision_);
  for (const std::string& name : names) {
    PipelinePtr& definition = definitions_[name];
    if (!definition || name == changed) {
      definition = make_pipeline(life_.random, name, names_, revision_);
    }
    // One that is broken leaves the last good one in force.
    const bool broken = life_.fault_in(40);
    pulled.files.push_back(SourceFile{name + ".yaml", broken, {}});
    if (!broken) pulled.files.back().pipelines.push_back(definition);
  }
  if (life_.fault_in(10)) pulled.state.error = "the remote is away";
  Event event;
  event.body = std::move(pulled);
  agent_.events.push_back(std::move(event));
}

void Simulation::pass_time() {
  const std::int64_t now = life_.clock.true_ms();
  std::int64_t step_ms = 0;
  if (life_.faults) {
    step_ms = life_.random.one_in(20) ? life_.random.between(10'000, 200'000)
                                      : life_.random.between(1, 3'000);
  } else {
    std::int64_t next = agent_.next_wake();
    if (const auto work = workers_.next_work()) next = std::min(next, *work);
    if (const auto ask = clients_.next_ask()) next = std::min(next, *ask);
    step_ms = std::max<std::int64_t>(next - now, 1);
  }
  life_.clock.pass(step_ms);
  engine_.advance();
}

void Simulation::round() {
  pass_time();
  if (!agent_.is_alive()) {
    if (!life_.faults || life_.random.one_in(3)) agent_.start();
    return;
  }
  clients_.ask(agent_.events);
  workers_.advance(agent_.events);
  if (agent_.next_wake() <= life_.clock.true_ms()) agent_.process();
}

void Simulation::live_with_faults() {
  for (int i = 0; i < kFaultyRounds && is_right(); ++i) {
    inject_faults();
    round();
  }
}

void Simulation::stop_faults() {
  life_.faults = false;
  observer_.faults_end_ms = life_.clock.true_ms();
  engine_.reachable = true;
  agent_.store_fails = false;
  life_.clock.synchronised = true;
  if (!life_.clock.is_right()) life_.clock.set_wrong_by(0);
  if (life_.traced) trace_line(life_, "the faults stop");
  agent_.is_tight = false;
  if (!agent_.is_alive()) agent_.start();
  // All that was under way may have been told to an agent that died.
  publish(names_, {});
}

// No clock that was ever wrong may have silenced a schedule.
void Simulation::live_in_calm() {
  const std::int64_t since_ms = life_.clock.true_ms();
  const std::int64_t until_ms =
      since_ms + kLongestIntervalMs + limits::kClockCheckMs + limits::kClockTrustMs;
  for (int i = 0; i < kMostRounds && is_right() && life_.clock.true_ms() < until_ms; ++i) round();
  if (is_right()) check_schedules(since_ms);
}

void Simulation::check_schedules(std::int64_t since_ms) {
  for (const auto& [name, pipeline] : store_.pipelines) {
    if (!has_frequent_ticks(*pipeline) || store_.suspensions.contains(name)) continue;
    const auto last = observer_.last_tick_ms.find(name);
    if (last == observer_.last_tick_ms.end() || last->second < since_ms) {
      life_.violate("the schedule of " + name + " is silent, and the clock is right");
    }
  }
}

void Simulation::wind_down() {
  if (life_.random.one_in(2)) {
    publish({}, {});
  } else {
    agent_.events.emplace_back().body = SourceRemoved{"fleet"};
  }
  const auto is_done = [&] {
    return agent_.is_alive() && agent_.is_idle() && workers_.idle() && clients_.all_answered() &&
           store_.unfinished.empty() && store_.pipelines.empty();
  };
  for (int i = 0; i < kMostRounds && is_right() && !is_done(); ++i) round();
  if (!is_right()) return;
  observer_.check_end();
  clients_.check_end();
  if (agent_.is_alive()) agent_.check_end();
}

}  // namespace pawl::sim
