// Ctrl-C as a value, while somebody waits: between construction and destruction the first SIGINT is
// noted instead of ending the process; a second one ends it as usual. One at a time in a process.
#pragma once

#include <csignal>
#include <cstdint>

namespace pawl::cli {

class InterruptWatch {
 public:
  InterruptWatch();
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  [[nodiscard]] bool interrupted() const;
  // Waits that long, or until interrupted.
  void wait_ms(std::int64_t duration_ms) const;

 private:
  struct sigaction previous_ {};
};

}  // namespace pawl::cli
