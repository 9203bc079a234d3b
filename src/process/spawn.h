// Starts a supervisor (supervisor.h) and waits for its one answer. Any thread; safe in a process with many.
#pragma once

#include <stop_token>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl {

struct SupervisorStart {
  std::string executable;  // of pawl
  std::string label;       // for people who look at the process list
  int directory = -1;      // the task's
  int lock = -1;           // its lock file, locked
};

// Errors: kNotFound, kDenied (the executable), kExhausted: no supervisor was started. kInvalid: the task cannot be
// started; the message says why. kUnavailable, kTimeout, kCancelled: whether it runs is not known here.
[[nodiscard]] Result<void> start_supervisor(const SupervisorStart& start,
                                            const std::stop_token& stop);

}  // namespace pawl
