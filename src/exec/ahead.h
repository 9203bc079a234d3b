// Containers that are created before their attempt is ordered (core/ahead.h): one thread, one creation at a time, so that
// an attempt that is ordered finds its container ready. Whatever goes wrong is forgotten: the attempt's own creation will meet
// it again, and say so. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

#include "base/ids.h"
#include "exec/attempt_files.h"
#include "exec/sandboxes.h"
#include "exec/worker_thread.h"
#include "model/command.h"
#include "model/host_config.h"
#include "ports/container_engine.h"

namespace pawl {

class Ahead {
 public:
  struct Parts {
    ContainerEngine& engine;
    const std::string& instance_id;
    const HostPolicy& policy;
    Sandboxes& sandboxes;
    const AttemptFiles& files;
    std::stop_token abandon{};  // ends a creation that is under way
  };
  struct Container {
    std::string id;
    Sandboxes::Place place;
  };
  explicit Ahead(const Parts& parts);
  ~Ahead();  // stop()

  void prepare(const RunAttempt& order);
  // Its container, which is the caller's from now on. Waits for a creation that is under way; what has not begun is not
  // begun any more. Nothing: there is none.
  [[nodiscard]] std::optional<Container> take(const AttemptKey& key);
  // Removes what waits for the attempt, or for any of the run.
  void discard(const AttemptKey& key);
  void discard(RunId run);
  // Waits for a creation that is under way, until it is abandoned.
  void stop();

 private:
  void work();
  [[nodiscard]] Result<Container> create(const RunAttempt& order);
  void drop(const std::function<bool(const AttemptKey&)>& is_meant);

  const Parts parts_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<RunAttempt> orders_;
  std::optional<AttemptKey> under_way_;
  bool unwanted_ = false;  // what is under way
  std::map<AttemptKey, Container> ready_;
  std::deque<std::string> unwanted_ids_;
  std::unique_ptr<WorkerThread> thread_;
};

}  // namespace pawl
