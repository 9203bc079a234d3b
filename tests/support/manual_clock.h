// A Clock that moves only when a test says so. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>

#include "ports/clock.h"

namespace pawl {

class ManualClock : public Clock {
 public:
  explicit ManualClock(std::int64_t wall_ms = 1'800'000'000'000) : wall_ms_(wall_ms) {}

  [[nodiscard]] WallTime wall() const override { return WallTime{wall_ms_.load()}; }
  [[nodiscard]] MonoTime mono() const override { return MonoTime{mono_ms_.load()}; }
  [[nodiscard]] bool synchronised() const override { return synchronised_.load(); }
  void set_synchronised(bool synchronised) { synchronised_ = synchronised; }

  void advance_ms(std::int64_t ms) {
    wall_ms_ += ms;
    mono_ms_ += ms;
  }
  // As if somebody set the host's clock; time itself does not pass.
  void set_wall_ms(std::int64_t ms) { wall_ms_ = ms; }

 private:
  std::atomic<std::int64_t> wall_ms_;
  std::atomic<std::int64_t> mono_ms_{1'000};
  std::atomic<bool> synchronised_{true};
};

}  // namespace pawl
