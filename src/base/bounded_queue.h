// A bounded, multi-producer, single-consumer queue with a cost per item. Producers wait while it is
// full (back-pressure instead of growth); the consumer drains a bounded batch at once.
//
// Thread-safe. close() wakes everybody: producers get false, the consumer drains what is left.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace pawl {

template <typename T>
class BoundedQueue {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // `max_cost` bounds the sum of the items' costs; one item over it alone still fits.
  explicit BoundedQueue(std::size_t max_cost) : max_cost_(max_cost) {}

  // Waits for room. False when the queue was closed; the item is then dropped.
  bool push(T item, std::size_t cost = 1) {
    std::unique_lock lock(mutex_);
    has_room_.wait(lock, [&] { return closed_ || fits(cost); });
    return insert(std::move(item), cost, lock);
  }

  // As push(), but gives up at `deadline` or, without one, at once. False when full or closed.
  bool try_push(T item, std::size_t cost = 1, std::optional<SteadyTime> deadline = std::nullopt) {
    std::unique_lock lock(mutex_);
    auto ready = [&] { return closed_ || fits(cost); };
    if (!ready() && (!deadline || !has_room_.wait_until(lock, *deadline, ready))) return false;
    return insert(std::move(item), cost, lock);
  }

  // Waits until something is there, the queue is closed, wake() is called, or `deadline` passes,
  // then moves at most `max_items` into `out` (cleared first).
  void drain(std::vector<T>& out, std::size_t max_items, std::optional<SteadyTime> deadline) {
    out.clear();
    std::unique_lock lock(mutex_);
    auto ready = [&] { return closed_ || woken_ || !items_.empty(); };
    if (deadline) {
      has_items_.wait_until(lock, *deadline, ready);
    } else {
      has_items_.wait(lock, ready);
    }
    woken_ = false;
    while (!items_.empty() && out.size() < max_items) {
      cost_ -= items_.front().second;
      out.push_back(std::move(items_.front().first));
      items_.pop_front();
    }
    lock.unlock();
    has_room_.notify_all();
  }

  void wake() {
    {
      std::lock_guard lock(mutex_);
      woken_ = true;
    }
    has_items_.notify_one();
  }

  void close() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
    }
    has_items_.notify_all();
    has_room_.notify_all();
  }

  [[nodiscard]] std::size_t size() const {
    std::lock_guard lock(mutex_);
    return items_.size();
  }

 private:
  [[nodiscard]] bool fits(std::size_t cost) const {
    return items_.empty() || cost_ + cost <= max_cost_;
  }

  bool insert(T&& item, std::size_t cost, std::unique_lock<std::mutex>& lock) {
    if (closed_) return false;
    items_.emplace_back(std::move(item), cost);
    cost_ += cost;
    lock.unlock();
    has_items_.notify_one();
    return true;
  }

  mutable std::mutex mutex_;
  std::condition_variable has_items_;
  std::condition_variable has_room_;
  std::deque<std::pair<T, std::size_t>> items_;
  const std::size_t max_cost_;
  std::size_t cost_ = 0;
  bool closed_ = false;
  bool woken_ = false;
};

}  // namespace pawl
