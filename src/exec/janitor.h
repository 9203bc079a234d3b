// One thread for what concerns containers from outside their runner: signals, removals and the list at the
// start. What fails because the engine is away is tried again until it is back or stop() is called;
// a signal is not (the core repeats it). Thread-safe.
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
#include <vector>

#include "base/ids.h"
#include "exec/pause.h"
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
    std::int64_t backoff_ms;
    std::int64_t backoff_max_ms;
  };
  explicit Janitor(const Parts& parts);
  ~Janitor();  // stop()

  void signal(std::string container, int signal);
  // Every container whose labels say that it is this attempt's; nobody else's, whatever its name. Where there is
  // none it is looked for once more: a creation that was given up may still be before the engine.
  void remove(const AttemptKey& key);
  // This instance's containers are reported, those of former ones removed.
  void list();
  void stop();

 private:
  struct Signal {
    std::string container;
    int number;
  };
  struct Chore {
    enum class Kind : std::uint8_t { kRemove, kList, kRemoveFormer } kind;
    AttemptKey key;  // kRemove
    Backoff backoff;
    std::uint32_t refusals = 0;
    bool again = false;
  };
  using SteadyTime = std::chrono::steady_clock::time_point;

  void run();
  void add(Chore chore, std::int64_t delay_ms);
  void send(const Signal& signal);
  [[nodiscard]] Result<void> carry_out(const Chore& chore);
  [[nodiscard]] Result<void> remove_now(const Chore& chore);
  [[nodiscard]] Result<void> list_now();
  [[nodiscard]] Result<void> remove_former();
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
