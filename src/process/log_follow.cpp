// What there is to wait for is asked of the kernel: a change in the directory (inotify), the supervisor's end (a pidfd). Where
// one of them cannot be had, by looking again at short intervals.
#include "process/log_follow.h"

#include <algorithm>
#include <chrono>

#include "process/log_files.h"
#include "process/wake.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;
using Clock = std::chrono::steady_clock;

constexpr std::int64_t kLookAgainMs = 20;

Error cancelled() { return Error{ErrorKind::kCancelled, "stopped", {}}; }

// The end of whoever has the task's lock, as far as that can be waited for.
class EndWatch {
 public:
  explicit EndWatch(const TaskDirectory& task) : task_(task) {}

  // -1: not known yet whom to wait for, or it has ended.
  int fd() {
    if (watch_.is_open()) return watch_.get();
    const auto run = task_.run_record();
    if (!run) return -1;
    watch_ = watch_process(run->supervisor);
    // Before this it may have ended, and the number be another's.
    if (watch_.is_open() && !task_.is_locked()) watch_.reset();
    return watch_.get();
  }

 private:
  const TaskDirectory& task_;
  UniqueFd watch_;
};

std::int64_t shorter(std::int64_t timeout_ms, std::int64_t most_ms) {
  return timeout_ms < 0 ? most_ms : std::min(timeout_ms, most_ms);
}

// Everything that is there at present.
Result<void> hand_on(LogReader& reader, LogSink& sink, const std::stop_token& stop) {
  while (true) {
    if (stop.stop_requested()) return cancelled();
    PAWL_TRY(auto record, reader.next());
    if (!record) return {};
    if (!sink.take(std::move(*record))) return cancelled();
  }
}

}  // namespace

Result<void> follow_task_log(const TaskDirectory& task, std::int64_t since_ns, LogSink& sink,
                             const std::stop_token& stop) {
  const StopWake wake(stop);
  const DirectoryWatch changes(task.fd());
  EndWatch end(task);
  LogReader reader(task.fd(), since_ns);
  while (true) {
    // Both before the reading, so that what comes after it is noticed.
    changes.drain();
    const bool running = task.phase() == Phase::kRunning;
    PAWL_CHECK(hand_on(reader, sink, stop));
    if (!running) break;
    const auto wait_ms = sink.before_wait();
    if (!wait_ms || stop.stop_requested()) return cancelled();
    const int end_fd = end.fd();
    const bool certain = changes.fd() >= 0 && end_fd >= 0;
    wait_for(changes.fd(), end_fd, wake.fd(), certain ? *wait_ms : shorter(*wait_ms, kLookAgainMs));
  }
  const auto ended = task.end_record();
  if (!ended || !ended->log_lost) return {};
  return Error{ErrorKind::kCorrupt, "a part of the output could not be written to the disk",
               task.name()};
}

Result<void> await_task_end(const TaskDirectory& task, std::int64_t timeout_ms,
                            const std::stop_token& stop) {
  const StopWake wake(stop);
  EndWatch end(task);
  const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (true) {
    if (task.phase() != Phase::kRunning) return {};
    if (stop.stop_requested()) return cancelled();
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return Error{ErrorKind::kTimeout, "it still runs", task.name()};
    const int end_fd = end.fd();
    wait_for(end_fd, wake.fd(), -1, end_fd >= 0 ? left : shorter(left, kLookAgainMs));
  }
}

}  // namespace pawl
