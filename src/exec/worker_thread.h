// A thread with a small stack: hundreds of workers wait most of the time, and should cost next to
// nothing. Joins on destruction.
#pragma once

#include <pthread.h>

#include <functional>

namespace pawl {

class WorkerThread {
 public:
  // `name`: at most 15 characters, seen in ps and debuggers. Panics when no thread can be made:
  // at start-up there is nothing else to do.
  WorkerThread(const char* name, std::function<void()> body);
  ~WorkerThread();
  WorkerThread(const WorkerThread&) = delete;
  WorkerThread& operator=(const WorkerThread&) = delete;

 private:
  std::function<void()> body_;
  pthread_t thread_{};
};

}  // namespace pawl
