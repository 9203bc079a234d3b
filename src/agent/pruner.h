// What the store needs besides commits: history that the rules no longer keep is removed, a small step at a
// time between batches. The loop's thread.
//
// A rule about age believes the wall clock only after it has gone steadily for limits::kClockSteadyMs: a clock that jumps
// ten years ahead must not cost a history of ten months.
#pragma once

#include <cstdint>

#include "ports/clock.h"
#include "ports/store.h"

namespace pawl {

class Pruner {
 public:
  Pruner(Store& store, const Clock& clock, KeepRules keep);

  // Call between batches: does one step if one is due.
  void step();
  // The store has no room: the next step is due at once.
  void hurry() { next_ = clock_.mono(); }
  // How long the loop may sleep at most before the next call.
  [[nodiscard]] std::int64_t wait_ms() const;

 private:
  void observe_clock();

  Store& store_;
  const Clock& clock_;
  const KeepRules keep_;
  WallTime last_wall_;
  MonoTime last_mono_;
  MonoTime steady_since_;
  MonoTime next_;
  bool failing_ = false;
};

}  // namespace pawl
