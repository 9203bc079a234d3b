#include "agent/change_feed.h"

#include <algorithm>
#include <chrono>

namespace pawl {

void ChangeFeed::publish(std::vector<Change> changes) {
  if (changes.empty()) return;
  {
    std::lock_guard lock(mutex_);
    for (Change& change : changes) {
      change.sequence = ++last_;
      ring_.push_back(std::move(change));
    }
    while (ring_.size() > limits::kChangeRing) ring_.pop_front();
  }
  changed_.notify_all();
}

ChangeBatch ChangeFeed::wait(std::uint64_t after, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  ChangeBatch batch;
  if (after == 0) {
    batch.next = last_;
    batch.closed = closed_;
    // 0 would mean "from now on" again in the reader's next call and lose the very first change.
    if (batch.next == 0) batch.next = last_ = 1;
    return batch;
  }
  // A number that was never handed out comes from an earlier agent: the reader starts afresh.
  if (after > last_) {
    batch.gap = true;
    batch.next = last_ == 0 ? (last_ = 1) : last_;
    batch.closed = closed_;
    return batch;
  }
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return closed_ || last_ > after; });
  batch.closed = closed_;
  batch.next = last_;
  const auto first = std::partition_point(
      ring_.begin(), ring_.end(), [&](const Change& change) { return change.sequence <= after; });
  batch.changes.assign(first, ring_.end());
  batch.gap = batch.changes.size() < last_ - after;
  return batch;
}

void ChangeFeed::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

}  // namespace pawl
