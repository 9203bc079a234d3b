#include "exec/worker_thread.h"

#include <utility>

#include "base/result.h"
#include "model/limits.h"

namespace pawl {
namespace {

void* enter(void* body) {
  (*static_cast<std::function<void()>*>(body))();
  return nullptr;
}

}  // namespace

WorkerThread::WorkerThread(const char* name, std::function<void()> body) : body_(std::move(body)) {
  pthread_attr_t attributes;
  PAWL_ASSERT(pthread_attr_init(&attributes) == 0);
  PAWL_ASSERT(pthread_attr_setstacksize(&attributes, limits::kWorkerStackBytes) == 0);
  const int failed = pthread_create(&thread_, &attributes, enter, &body_);
  pthread_attr_destroy(&attributes);
  PAWL_ASSERT(failed == 0);
  pthread_setname_np(thread_, name);
}

WorkerThread::~WorkerThread() { pthread_join(thread_, nullptr); }

}  // namespace pawl
