// What a thread of the engine waits for: a stop, a supervisor's end, something written to a task's directory.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <stop_token>

#include "base/unique_fd.h"

namespace pawl {

// Readable from the moment that the token is asked to stop. One thread; the token's source may be used by any.
class StopWake {
 public:
  explicit StopWake(const std::stop_token& stop);
  [[nodiscard]] int fd() const { return event_.get(); }

 private:
  struct Raise {
    int fd;
    void operator()() const;
  };
  UniqueFd event_;
  std::stop_callback<Raise> callback_;
};

// Readable once the process has ended; not open where the kernel has no such thing (before Linux 5.3), or there is no such
// process. A process that has ended and one that has its number since then are told apart by who calls this.
[[nodiscard]] UniqueFd watch_process(pid_t pid);
// Where `process` is open, to that process and no other. False: it has ended.
[[nodiscard]] bool queue_signal(const UniqueFd& process, pid_t pid, int signal, int value);

// Readable after a change to a directory's files. Not open where it cannot be had.
class DirectoryWatch {
 public:
  explicit DirectoryWatch(int directory);
  [[nodiscard]] int fd() const { return notify_.get(); }
  // Takes what has gathered.
  void drain() const;

 private:
  UniqueFd notify_;
};

// Until one of them is readable or the time is over (negative: however long it takes). A descriptor of -1 does not count.
void wait_for(int first, int second, int third, std::int64_t timeout_ms);

}  // namespace pawl
