// Hands a task's kept output on, and what is added to it, until the task has ended.
#pragma once

#include <cstdint>
#include <stop_token>

#include "base/result.h"
#include "ports/container_engine.h"
#include "process/task_store.h"

namespace pawl {

// As ContainerEngine::follow_logs. Nothing is ever missing at the end of one that ends meanwhile. kCorrupt also where the task
// has printed faster than it was read: the part in between is dropped, and a second call goes on behind it.
[[nodiscard]] Result<void> follow_task_log(const TaskDirectory& task, std::int64_t since_ns,
                                           LogSink& sink, const std::stop_token& stop);

// Waits until the task does not run, or `timeout_ms` have passed (then kTimeout). kCancelled.
[[nodiscard]] Result<void> await_task_end(const TaskDirectory& task, std::int64_t timeout_ms,
                                          const std::stop_token& stop);

}  // namespace pawl
