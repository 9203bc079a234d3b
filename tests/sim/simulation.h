// One seeded life of an agent: the real core and recovery against a model store, engine and clock that
// crash, lose, delay, repeat and jump at seeded points (fault F17). The same seed gives the same life.
//
// First everything goes wrong, then the faults stop and the clock is right: schedules must go on. At
// last nothing new comes: everything must come to its end.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "sim/clients.h"
#include "sim/life.h"
#include "sim/model_agent.h"
#include "sim/model_engine.h"
#include "sim/model_store.h"
#include "sim/model_workers.h"
#include "sim/observer.h"

namespace pawl::sim {

struct SimulationResult {
  std::vector<std::string> violations;  // empty: every invariant held
  std::size_t runs = 0;
  std::size_t crashes = 0;
  std::size_t starts = 0;
  std::uint64_t digest = 0;  // of all that happened
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed, bool traced = false);
  SimulationResult run();

 private:
  [[nodiscard]] bool is_right() const { return life_.violations.empty(); }
  void round();
  // A short while, or until the next thing that anybody waits for.
  void pass_time();
  void live_with_faults();
  void stop_faults();
  void live_in_calm();
  void wind_down();
  void check_schedules(std::int64_t since_ms);
  void publish(const std::vector<std::string>& names, const std::string& changed);

  // faults.cpp
  void inject_faults();
  void set_clock();
  void reboot();
  void change_pipelines();
  void change_disk();

  Life life_;
  const bool flooded_;  // one pipeline gets more triggers than it may have runs
  std::vector<std::string> names_;
  std::uint32_t revision_ = 0;
  std::map<std::string, PipelinePtr> definitions_;  // what Git has
  ModelStore store_;
  ModelEngine engine_;
  ModelWorkers workers_;
  Observer observer_;
  Clients clients_;
  ModelAgent agent_;
};

}  // namespace pawl::sim
