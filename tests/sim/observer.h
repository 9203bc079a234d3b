// Watches every step that was committed and says what must never be. It knows the rules from SPEC and
// core/step.h, and the truth from the model engine; of the core it sees what comes out: the commands.
// The checks are in check_*.cpp, by what they are about.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "core/state.h"
#include "model/command.h"
#include "model/event.h"
#include "sim/life.h"
#include "sim/model_engine.h"
#include "sim/model_store.h"

namespace pawl::sim {

struct StepRecord {
  Event event;
  Commands commands;
  bool recovery = false;     // recover(), and the event's body means nothing
  std::set<RunId> queued{};  // runs that wait for a place in their group, after the step
  bool ends_only = false;    // the core takes the disk for full, after the step
};

class Observer {
 public:
  Observer(Life& life, const ModelStore& store, const ModelEngine& engine, std::uint32_t workers)
      : life_(life), store_(store), engine_(engine), workers_(workers) {}

  // A process starts: it knows nothing yet of the clock.
  void process_started();
  // Around the application of a step's commands to the store.
  void before(const StepRecord& step);
  void after(const StepRecord& step);
  // It is about to be carried out.
  void check_removal(const RemoveContainer& removal);
  // Nothing is under way any more.
  void check_end();

  [[nodiscard]] std::uint32_t workers() const { return workers_; }

  // True time at which the last tick of each pipeline was dealt with.
  std::map<std::string, std::int64_t> last_tick_ms;
  // When the faults stopped; until then far in the future.
  std::int64_t faults_end_ms = INT64_MAX;

 private:
  // What a step changed.
  struct Delta {
    std::vector<RunId> made;
    std::set<RunId> ended;    // final since this step, and worth following: skipped ones are not
    std::set<RunId> stopped;  // got their `stop` in this step
    std::set<RunId> hooks_stopped;
    std::set<RunId> touched;
    std::vector<AttemptKey> dispatched;  // new attempts, in order
    std::set<AttemptKey> ended_attempts;
    // As they were before.
    std::map<std::string, WallTime> marks;
    std::map<std::string, Suspension> suspensions;
    std::map<std::string, PipelinePtr> pipelines;
  };
  // What is known of an attempt that is under way: all in true time.
  struct LiveAttempt {
    std::int64_t watched_ms = -1;  // since when this agent has to end it in time; -1: not yet
    std::int64_t term_ms = -1;
    std::int64_t kill_ms = -1;
  };
  using TaskPlace = std::pair<RunId, std::uint32_t>;

  void check_changes(const StepRecord& step);
  void violate(const std::string& what) { life_.violate(what); }
  void violate(RunId run, const std::string& what) { life_.violate("run " + run.text() + what); }
  [[nodiscard]] const StoredRun& run_of(RunId id) const { return store_.runs.at(id); }
  [[nodiscard]] bool was_made(RunId id) const;

  // check_records.cpp
  void check_run(RunId id, const StepRecord& step);
  void check_task(const StoredRun& run, const TaskState& task, std::size_t live, bool queued);
  void check_run_end(const StoredRun& run);
  void check_attempt_end(const StepRecord& step, const AttemptKey& key);
  void check_attempt_truth(const Attempt& attempt);
  void check_stop(const StepRecord& step, RunId id);
  void check_replies(const StepRecord& step);
  void check_actions(const StepRecord& step);

  // check_dispatch.cpp
  struct Candidate {
    std::uint32_t priority = 0;
    const std::string* pipeline = nullptr;
    TaskPlace place;
  };
  void check_dispatch(const StepRecord& step, const AttemptKey& key);
  void check_orders(const StepRecord& step);
  void check_order(const StepRecord& step, const RunAttempt& order);
  void check_ahead(const RunAttempt& order);
  void follow_ahead(const StepRecord& step);
  void check_slots_and_order(const StepRecord& step);
  void check_order_of(const std::vector<Candidate>& dispatched,
                      const std::vector<Candidate>& waiting);
  [[nodiscard]] std::vector<Candidate> ready_tasks(const StepRecord& step) const;
  [[nodiscard]] Candidate candidate(const StoredRun& run, std::uint32_t task) const;
  void check_groups(const StepRecord& step);
  void check_replacement(RunId made);

  // check_time.cpp
  void follow_attempts(const StepRecord& step);
  void follow_retries(const StepRecord& step);
  void check_attempt_timers(const StepRecord& step);
  void check_run_timers();
  void check_signal(const StepRecord& step, const SignalAttempt& signal);

  // check_triggers.cpp
  void check_made(const StepRecord& step, RunId id);
  void check_bounds(const Run& made);
  void check_tick(const StepRecord& step, const Run& run);
  void check_ticks_of_step(const StepRecord& step);
  void check_mark(const StepRecord& step, const SaveScheduleMark& mark);
  void check_follower(const Run& run);
  void check_followers(RunId ended);
  void check_retry(const StepRecord& step, const StoredRun& run);
  void check_parts(const StoredRun& run, const std::vector<std::uint32_t>& starts);
  [[nodiscard]] bool comes_after(const std::string& pipeline, const std::string& first) const;
  void observe_clock(const StepRecord& step);

  Life& life_;
  const ModelStore& store_;
  const ModelEngine& engine_;
  const std::uint32_t workers_;
  std::map<AttemptKey, RunAttempt>
      ahead_;  // asked for by this agent, of tasks that may still start
  Delta delta_;
  bool catalog_changed_ = true;  // since `delta_` took its copy of it
  bool tight_ = false;
  bool clock_trusted_ = false;
  std::int64_t trusted_ms_ = -1;    // since when, by the present state of the core
  std::int64_t open_ms_ = -1;       // when ticks could last be dealt with
  std::int64_t ahead_ms_ = 0;       // the wall clock of the last step, of true time
  std::int64_t jump_seen_ms_ = -1;  // when a step last saw that it had been set forward by much
  MonoTime clock_wait_end_;
  WallTime clock_floor_;
  WallTime rebuilt_floor_;  // the same, for the present state of the core
  std::int64_t recovered_ms_ = 0;
  std::map<AttemptKey, LiveAttempt> attempts_;
  std::map<TaskPlace, std::int64_t> retries_;  // when a waiting task is due
  std::map<RunId, std::int64_t> run_started_ms_;
  std::map<std::pair<std::string, WallTime>, RunId> ticks_run_;
  std::map<std::string, std::int64_t> mark_saved_ms_;
  std::map<std::string, std::pair<WallTime, std::int64_t>> resumed_;  // wall and true time
  std::set<std::string> intervals_;  // pipelines that ever had an "@every" schedule
};

}  // namespace pawl::sim
