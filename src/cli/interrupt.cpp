// A wait blocks the signal but inside ppoll(), so that none slips in between the check and the
// wait. Rejected: a self-pipe, which does the same with two descriptors more.
#include "cli/interrupt.h"

#include <poll.h>

#include <algorithm>

namespace pawl::cli {
namespace {

volatile std::sig_atomic_t interrupt_seen = 0;

void note_interrupt(int) { interrupt_seen = 1; }

}  // namespace

InterruptWatch::InterruptWatch() {
  interrupt_seen = 0;
  struct sigaction action {};
  action.sa_handler = note_interrupt;
  action.sa_flags = static_cast<int>(SA_RESETHAND);  // no SA_RESTART: a read under way ends too
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGINT, &action, &previous_);
}

InterruptWatch::~InterruptWatch() { ::sigaction(SIGINT, &previous_, nullptr); }

bool InterruptWatch::interrupted() const { return interrupt_seen != 0; }

void InterruptWatch::wait_ms(std::int64_t duration_ms) const {
  const std::int64_t bounded = std::max<std::int64_t>(duration_ms, 0);
  timespec timeout{bounded / 1000, static_cast<long>(bounded % 1000 * 1'000'000)};
  sigset_t blocked;
  sigset_t original;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &blocked, &original);
  if (!interrupted()) ::ppoll(nullptr, 0, &timeout, &original);
  ::pthread_sigmask(SIG_SETMASK, &original, nullptr);
}

}  // namespace pawl::cli
