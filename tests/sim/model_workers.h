// The workers that drive the model engine. They go with the agent, and follow exec/task_runner.h step by
// step; each step can be the last before a crash.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/command.h"
#include "model/event.h"
#include "sim/life.h"
#include "sim/model_engine.h"

namespace pawl::sim {

class ModelWorkers {
 public:
  ModelWorkers(Life& life, ModelEngine& engine) : life_(life), engine_(engine) {}

  void run(const RunAttempt& order);
  void signal(const SignalAttempt& order);
  void prepare(const PrepareAttempt& ahead);
  void remove(const RemoveContainer& order);
  // What was created ahead for the run goes with it.
  void remove(const RemoveWorkspace& order);
  void list_containers() { listing_ = true; }
  void crash();

  // Lets some workers take a step; their reports go to `events`.
  void advance(std::deque<Event>& events);
  // When there is something to do next, in true time; nothing while all wait for somebody else.
  [[nodiscard]] std::optional<std::int64_t> next_work() const;
  [[nodiscard]] std::size_t busy() const { return workers_.size(); }
  [[nodiscard]] bool idle() const {
    return workers_.empty() && removals_.empty() && asked_ahead_.empty() && !listing_;
  }

 private:
  struct Worker {
    RunAttempt order;
    enum class Step : std::uint8_t { kCreate, kStart, kReportStart, kWait } step = Step::kCreate;
    bool stop = false;
    bool kill = false;
    bool is_ahead = false;  // its container was created ahead by this agent
    std::string engine;  // the incarnation that the container was started under; empty: not known
  };
  // Each returns true when the worker is done.
  bool step(Worker& worker, std::deque<Event>& events);
  void forget_ahead(const AttemptKey& key);
  void create_ahead();
  bool create(Worker& worker, std::deque<Event>& events);
  bool start(Worker& worker, ModelContainer& container, std::deque<Event>& events);
  void report_start(Worker& worker, const ModelContainer& container, std::deque<Event>& events);
  bool wait(Worker& worker, const ModelContainer& container, std::deque<Event>& events);
  bool end(const AttemptKey& key, AttemptOutcome outcome, std::deque<Event>& events);
  void post(std::deque<Event>& events, Event event);

  Life& life_;
  ModelEngine& engine_;
  std::map<AttemptKey, Worker> workers_;
  std::vector<AttemptKey> removals_;
  std::vector<RunAttempt> asked_ahead_;  // not created yet
  std::set<AttemptKey> ahead_;           // created, and no worker's yet
  std::vector<Event> said_;              // in this agent's life: may be said again
  bool listing_ = false;
};

}  // namespace pawl::sim
