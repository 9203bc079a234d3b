// The agent's loop, as agent/loop.cpp has it, around the real core: drain, step, one commit, effects.
// It can die before a commit, after it and between two effects; a commit can fail, and then the state is
// built again from the store and what was reported is played again.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "core/state.h"
#include "sim/life.h"
#include "sim/model_store.h"
#include "sim/model_workers.h"
#include "sim/observer.h"

namespace pawl::sim {

class ModelAgent {
 public:
  struct Parts {
    Life& life;
    ModelStore& store;
    ModelWorkers& workers;
    Observer& observer;
    std::function<void(const Reply&)> on_reply;
  };
  ModelAgent(Parts parts, std::uint32_t workers) : parts_(std::move(parts)), workers_(workers) {}

  [[nodiscard]] bool is_alive() const { return state_.has_value(); }
  void start();
  void crash();
  // One round of the loop.
  void process();
  // In true time.
  [[nodiscard]] std::int64_t next_wake() const {
    return events.empty() || failing_ ? wake_ms_ : parts_.life.clock.true_ms();
  }
  [[nodiscard]] bool is_idle() const {
    return events.empty() && carried_over_.empty() && !failing_;
  }
  void check_end() const;

  std::deque<Event> events;  // the loop's queue
  bool store_fails = false;  // no commit succeeds
  bool is_tight = false;     // the disk is full
  std::size_t crashes = 0;

 private:
  void rebuild(Commands& effects);
  void run_batch();
  void fall_asleep();
  [[nodiscard]] StepRecord take(Event event, const std::vector<StepRecord>& before);
  void look_up(Event& event, const std::vector<StepRecord>& before) const;
  void commit(const StepRecord& step);
  void refuse(std::vector<Event> batch);
  void carry_out(const Commands& effects);
  void carry_out_one(const Command& command);
  void check_second_recovery() const;
  void trace(const StepRecord& step) const;

  Parts parts_;
  const std::uint32_t workers_;
  std::optional<State> state_;
  std::vector<Event> carried_over_;
  std::set<AttemptKey> with_workers_;
  std::int64_t wake_ms_ = 0;
  bool failing_ = false;
};

}  // namespace pawl::sim
