// The threads that answer requests: a bounded queue of jobs and a pool that grows while every
// thread is busy and shrinks again, so that an idle agent keeps few threads and wakes none.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <mutex>
#include <thread>

namespace pawl::http {

class RequestPool {
 public:
  using Job = std::function<void()>;
  struct Settings {
    std::size_t threads = 0;  // kept once started
    std::size_t threads_max = 0;
    std::size_t queued = 0;    // jobs that wait for a thread
    std::int64_t idle_ms = 0;  // then a thread over `threads` ends
  };

  explicit RequestPool(Settings settings) : settings_(settings) {}
  ~RequestPool() { stop(); }
  RequestPool(const RequestPool&) = delete;
  RequestPool& operator=(const RequestPool&) = delete;

  // False when the queue is full, no thread can be had, or the pool is stopping. Any thread. Jobs
  // must not throw.
  [[nodiscard]] bool try_submit(Job job);
  // Runs what is queued, then ends all threads.
  void stop();

 private:
  using Threads = std::list<std::thread>;

  [[nodiscard]] bool start_thread_locked();
  void run(Threads::iterator self);

  const Settings settings_;
  std::mutex mutex_;
  std::condition_variable has_jobs_;
  std::deque<Job> jobs_;
  Threads threads_;
  Threads ended_;  // to be joined
  std::size_t idle_ = 0;
  bool stopping_ = false;
};

}  // namespace pawl::http
