// What the pool's other threads may tell the runner of one attempt: end its task, or let go of it.
// Thread-safe. It settles the race between a stop and the start: a stop either calls the start off, or is
// handed to the runner as a signal to send right after it, or is sent by whoever brought it.
#pragma once

#include <csignal>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>

namespace pawl {

class AttemptControl {
 public:
  // The task is to end: SIGKILL with `kill`, else SIGTERM. Returns the container to send it to now;
  // nothing while none is known to run (the runner knows what to do then).
  std::optional<std::string> request_stop(bool kill) {
    std::optional<std::string> target;
    {
      std::lock_guard lock(mutex_);
      signal_ = kill || signal_ == SIGKILL ? SIGKILL : SIGTERM;
      if (phase_ == Phase::kStarted) target = container_;
    }
    before_start_.request_stop();
    return target;
  }

  // The agent is stopping: whatever is waited for before the start is waited for in vain.
  void abandon() { before_start_.request_stop(); }

  // Asked to stop by either of the two.
  [[nodiscard]] std::stop_token before_start() const { return before_start_.get_token(); }

  [[nodiscard]] bool stop_requested() const {
    std::lock_guard lock(mutex_);
    return signal_ != 0;
  }

  // The runner is about to ask for the start. False: it has been called off.
  [[nodiscard]] bool begin_start() {
    std::lock_guard lock(mutex_);
    if (signal_ != 0) return false;
    phase_ = Phase::kStarting;
    return true;
  }

  // The start did not happen after all.
  void cancel_start() {
    std::lock_guard lock(mutex_);
    phase_ = Phase::kNotStarted;
  }

  // The container has been started (now or long ago). Returns the signal that came in the meantime.
  [[nodiscard]] std::optional<int> started(const std::string& container) {
    std::lock_guard lock(mutex_);
    phase_ = Phase::kStarted;
    container_ = container;
    return signal_ == 0 ? std::nullopt : std::optional(signal_);
  }

 private:
  enum class Phase : unsigned char { kNotStarted, kStarting, kStarted };

  mutable std::mutex mutex_;
  std::stop_source before_start_;
  Phase phase_ = Phase::kNotStarted;
  int signal_ = 0;
  std::string container_;
};

}  // namespace pawl
