// The last changes, for everybody who watches: a ring in memory, filled after each commit. A reader
// that falls behind the ring is told so (gap) and reads everything afresh.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <vector>

#include "ports/control.h"

namespace pawl {

class ChangeFeed {
 public:
  // Numbers the changes and wakes the readers.
  void publish(std::vector<Change> changes);
  [[nodiscard]] ChangeBatch wait(std::uint64_t after, std::int64_t timeout_ms);
  // Readers return at once from now on, with `closed`.
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Change> ring_;
  std::uint64_t last_ = 0;
  bool closed_ = false;
};

}  // namespace pawl
