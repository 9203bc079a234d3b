#include "agent/sandbox_entry.h"

#include <csignal>

namespace pawl {

int run_sandbox() {
  sigset_t ends;
  sigemptyset(&ends);
  sigaddset(&ends, SIGTERM);
  sigaddset(&ends, SIGINT);
  sigprocmask(SIG_BLOCK, &ends, nullptr);
  int signal = 0;
  return sigwait(&ends, &signal);
}

}  // namespace pawl
