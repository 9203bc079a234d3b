// One thread for what concerns containers from outside their runner: signals, removals (of containers, of what
// was mounted into them), and at the start a list and a look for leavings. What fails because the engine is away is tried
// again until it is back or stop() is called; a signal is not (the core repeats it). Removals wait a moment: one takes the
// engine as long as a start, which somebody waits for. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "exec/attempt_files.h"
#include "exec/lookups.h"
#include "exec/pause.h"
#include "exec/runner_times.h"
#include "exec/sandboxes.h"
#include "exec/worker_thread.h"
#include "ports/clock.h"
#include "ports/container_engine.h"
#include "ports/event_sink.h"

namespace pawl {

class Janitor {
 public:
  struct Parts {
    ContainerEngine& engine;
    EventSink& sink;
    const std::string& instance_id;
    const std::vector<std::string>& former_instances;
    Sandboxes& sandboxes;
    const AttemptFiles& files;
    const FindRun& find_run;  // may be empty: nothing is looked for
    const RunnerTimes& times;
    // Ends what is under way: cut short, the engine may carry it out all the same.
    std::stop_token abandon{};
  };
  explicit Janitor(const Parts& parts);
  ~Janitor();  // stop()

  void signal(std::string container, int signal);
  // Every container whose labels say that it is this attempt's; nobody else's, whatever its name. Where there is
  // none it is looked for once more: a creation that was given up may still be before the engine.
  // With it go the attempt's files.
  void remove(const AttemptKey& key);
  // Once no container has it any more; looked for twice as well.
  void remove_workspace(RunId run);
  // This instance's containers are reported, those of former ones removed, and what an agent that was killed left
  // of runs and attempts that have ended.
  void list();
  // Carries out the removals that are still to be done, until abandoned.
  void stop();

 private:
  struct Signal {
    std::string container;
    int number;
  };
  struct Chore {
    enum class Kind : std::uint8_t {
      kRemove,
      kRemoveWorkspace,
      kList,
      kRemoveFormer,
      kClearFiles,
      kClearWorkspaces,
    } kind;
    AttemptKey key;  // kRemove; kRemoveWorkspace: its run
    Backoff backoff;
    std::uint32_t refusals = 0;
    bool again = false;
  };
  using SteadyTime = std::chrono::steady_clock::time_point;

  void run();
  void work_off();
  void add(Chore::Kind kind, const AttemptKey& key = {}, std::int64_t delay_ms = 0);
  void add(Chore chore, std::int64_t delay_ms);
  void look_again(const Chore& chore);
  void send(const Signal& signal);
  [[nodiscard]] Result<void> carry_out(const Chore& chore);
  [[nodiscard]] Result<void> remove_now(const Chore& chore);
  [[nodiscard]] Result<void> list_now();
  [[nodiscard]] Result<void> remove_former();
  [[nodiscard]] Result<void> remove_workspace_now(const Chore& chore);
  [[nodiscard]] Result<void> clear_files();
  [[nodiscard]] Result<void> clear_workspaces();
  [[nodiscard]] bool is_over(const AttemptKey& key) const;
  [[nodiscard]] static std::string_view name_of(Chore::Kind kind);
  void try_later(Chore chore, const Error& error);

  Parts parts_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Signal> signals_;
  std::multimap<SteadyTime, Chore> chores_;
  std::unique_ptr<WorkerThread> thread_;
};

}  // namespace pawl
