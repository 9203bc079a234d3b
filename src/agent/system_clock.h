// The host's clocks. Any thread.
#pragma once

#include "ports/clock.h"

namespace pawl {

class SystemClock : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override;
  // CLOCK_BOOTTIME: goes on while the host is suspended, so that timeouts mean elapsed time.
  [[nodiscard]] MonoTime mono() const override;
  [[nodiscard]] bool synchronised() const override;
};

}  // namespace pawl
