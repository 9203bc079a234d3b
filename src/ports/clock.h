// The seam for time. Any thread.
#pragma once

#include "base/time.h"

namespace pawl {

class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall() const = 0;
  [[nodiscard]] virtual MonoTime mono() const = 0;
  // Whether somebody (NTP) vouches for the wall clock: adjtimex(2) without STA_UNSYNC.
  [[nodiscard]] virtual bool synchronised() const = 0;
};

}  // namespace pawl
