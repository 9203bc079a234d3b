#include "http/request_pool.h"

#include <chrono>
#include <system_error>
#include <utility>

namespace pawl::http {

bool RequestPool::try_submit(Job job) {
  Threads ended;
  {
    std::lock_guard lock(mutex_);
    if (stopping_ || jobs_.size() >= settings_.queued) return false;
    const bool all_busy = jobs_.size() >= idle_;
    if (all_busy && threads_.size() < settings_.threads_max && !start_thread_locked() &&
        threads_.empty()) {
      return false;
    }
    jobs_.push_back(std::move(job));
    ended.swap(ended_);
  }
  has_jobs_.notify_one();
  for (std::thread& thread : ended) thread.join();
  return true;
}

bool RequestPool::start_thread_locked() {
  threads_.emplace_back();
  const auto self = std::prev(threads_.end());
  try {
    *self = std::thread([this, self] { run(self); });
  } catch (const std::system_error&) {
    threads_.pop_back();  // the system is out of threads: make do with those there are
    return false;
  }
  return true;
}

void RequestPool::run(Threads::iterator self) {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    const auto ready = [&] { return stopping_ || !jobs_.empty(); };
    if (threads_.size() > settings_.threads) {
      has_jobs_.wait_for(lock, std::chrono::milliseconds(settings_.idle_ms), ready);
    } else {
      has_jobs_.wait(lock, ready);
    }
    --idle_;
    if (jobs_.empty()) {
      if (stopping_) return;  // stop() joins
      if (threads_.size() <= settings_.threads) continue;
      ended_.splice(ended_.end(), threads_, self);
      return;
    }
    Job job = std::move(jobs_.front());
    jobs_.pop_front();
    lock.unlock();
    job();
    lock.lock();
  }
}

void RequestPool::stop() {
  Threads threads;
  {
    std::lock_guard lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
    threads.splice(threads.end(), ended_);
  }
  has_jobs_.notify_all();
  for (std::thread& thread : threads) thread.join();
}

}  // namespace pawl::http
