#include "agent/pruner.h"

#include <algorithm>
#include <cstdlib>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {

Pruner::Pruner(Store& store, const Clock& clock, KeepRules keep)
    : store_(store),
      clock_(clock),
      keep_(keep),
      last_wall_(clock.wall()),
      last_mono_(clock.mono()),
      steady_since_(last_mono_),
      next_(last_mono_) {}

void Pruner::observe_clock() {
  const WallTime wall = clock_.wall();
  const MonoTime mono = clock_.mono();
  const std::int64_t drift_ms = (wall.ms - last_wall_.ms) - (mono.ms - last_mono_.ms);
  if (std::abs(drift_ms) > limits::kClockJumpMs) steady_since_ = mono;
  last_wall_ = wall;
  last_mono_ = mono;
}

void Pruner::step() {
  observe_clock();
  if (last_mono_ < next_) return;
  const bool is_steady = last_mono_.ms - steady_since_.ms >= limits::kClockSteadyMs;
  const auto more = store_.prune(keep_, is_steady ? last_wall_ : WallTime{});
  if (!more && !failing_) {
    log_warning("old runs could not be removed; tried again later",
                {{"reason", more.error().text()}});
  }
  failing_ = !more.ok();
  next_ = more && *more ? last_mono_ : last_mono_.plus_ms(limits::kPruneMs);
}

std::int64_t Pruner::wait_ms() const {
  return std::max<std::int64_t>(next_.ms - clock_.mono().ms, 0);
}

}  // namespace pawl
