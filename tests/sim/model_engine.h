// A container engine that outlives the agent, and the workers that drive it, which do not. The
// workers follow exec/task_runner.h step by step; each step can be the last before a crash.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>
#include <vector>

#include "model/command.h"
#include "model/event.h"
#include "sim/random.h"

namespace pawl::sim {

struct ModelContainer {
  enum class Phase { kCreated, kRunning, kExited } phase = Phase::kCreated;
  WallTime started_at;
  WallTime ended_at;
  MonoTime ends_at;  // by itself
  std::int32_t exit_code = 0;
  bool oom_killed = false;
  bool ignores_term = false;
};

// What a container does, by the first word of its command: "ok", "fail", "flaky" (fails at first), "long", "oom".
class ModelEngine {
 public:
  explicit ModelEngine(Random& random) : random_(random) {}

  bool create(const AttemptKey& key);
  void start(const AttemptKey& key, const std::string& behaviour, WallTime wall, MonoTime mono);
  void signal(const AttemptKey& key, bool kill, WallTime wall);
  void remove(const AttemptKey& key);
  // Containers whose time has come end.
  void advance(WallTime wall, MonoTime mono);
  // Somebody removed a container behind our back.
  void lose_one();

  std::map<AttemptKey, ModelContainer> containers;
  std::map<AttemptKey, int> starts;     // how often each was started, ever
  std::map<AttemptKey, int> good_ends;  // exits with 0, ever
  std::map<AttemptKey, bool> lost;      // removed behind our back
  bool reachable = true;
  std::vector<std::string> violations;

 private:
  Random& random_;
};

class ModelWorkers {
 public:
  ModelWorkers(ModelEngine& engine, Random& random) : engine_(engine), random_(random) {}

  void run(const RunAttempt& order);
  void signal(const SignalAttempt& order, WallTime wall);
  void remove(const RemoveContainer& order) { removals_.push_back(order.key); }
  // Lets one worker take one step; reports go to `events`.
  void advance(std::deque<Event>& events, WallTime wall, MonoTime mono);
  void crash();
  void list(std::deque<Event>& events) const;
  [[nodiscard]] std::size_t busy() const { return workers_.size(); }
  [[nodiscard]] bool idle() const { return workers_.empty() && removals_.empty(); }

 private:
  struct Worker {
    RunAttempt order;
    enum class Step { kCreate, kStart, kReportStart, kWait } step = Step::kCreate;
    bool stop = false;
  };
  bool advance_worker(Worker& worker, std::deque<Event>& events, WallTime wall, MonoTime mono);
  void report(std::deque<Event>& events, const AttemptKey& key, AttemptOutcome outcome);

  ModelEngine& engine_;
  Random& random_;
  std::map<AttemptKey, Worker> workers_;
  std::vector<AttemptKey> removals_;
};

}  // namespace pawl::sim
