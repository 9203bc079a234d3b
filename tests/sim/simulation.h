// One seeded life of an agent: the real core and recovery against a model store and engine that
// crash, lose, delay and repeat at seeded points (fault F17). The same seed gives the same life.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/state.h"
#include "sim/model_engine.h"
#include "sim/model_store.h"
#include "sim/random.h"

namespace pawl::sim {

struct SimulationResult {
  std::vector<std::string> violations;  // empty: every invariant held
  std::size_t runs = 0;
  std::size_t crashes = 0;
  std::size_t starts = 0;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);
  SimulationResult run();

 private:
  // A client that repeats its request until it is answered.
  struct Client {
    TriggerTarget target;
    bool webhook = false;
    std::optional<RunId> answer;
    bool refused = false;
  };

  void publish_pipelines();
  void start_agent();
  void crash_agent();
  void round();
  void inject_fault();
  void pass_time();
  void make_requests();
  void handle(Event event);
  bool carry_out(const Commands& commands);  // false: crashed in between
  void deliver(const Reply& reply);
  void check_always();
  void check_dispatch(const RunAttempt& order);
  void check_end();
  void violate(std::string what) { result_.violations.push_back(std::move(what)); }

  Random random_;
  ModelStore store_;
  ModelEngine engine_;
  ModelWorkers workers_;
  std::optional<State> state_;
  std::deque<Event> events_;
  std::vector<Client> clients_;
  std::map<RequestId, std::size_t> waiting_;  // request → client
  RequestId last_request_ = 0;
  WallTime wall_{1'800'000'000'000};
  MonoTime mono_{1'000};
  std::uint32_t slots_ = 1;
  bool faults_ = true;
  SimulationResult result_;
};

}  // namespace pawl::sim
