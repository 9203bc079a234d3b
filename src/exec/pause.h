// Waiting that a stop request ends at once, and the growing waits between tries.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <stop_token>

namespace pawl {

// False when the stop came first. Sleeps without waking up in between.
[[nodiscard]] inline bool pause(const std::stop_token& stop, std::int64_t ms) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait_for(lock, stop, std::chrono::milliseconds(ms), [] { return false; });
  return !stop.stop_requested();
}

// first, 2 × first, 4 × first, ... up to max. A value; one thread.
class Backoff {
 public:
  Backoff(std::int64_t first_ms, std::int64_t max_ms) : next_ms_(first_ms), max_ms_(max_ms) {}
  [[nodiscard]] std::int64_t next_ms() {
    const std::int64_t now_ms = next_ms_;
    next_ms_ = std::min(next_ms_ * 2, max_ms_);
    return now_ms;
  }

 private:
  std::int64_t next_ms_;
  std::int64_t max_ms_;
};

}  // namespace pawl
