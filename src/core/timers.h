// A timer is kept twice: at what it is for, and in the state's order of all timers. Internal to core/.
#pragma once

#include <optional>

#include "core/context.h"

namespace pawl {

[[nodiscard]] inline TaskRef ref_of(const RunEntry& run, std::uint32_t task) {
  return TaskRef{run.run.id, task};
}

inline void disarm(StepContext& context, std::optional<MonoTime>& armed, Timer::Kind kind,
                   TaskRef task) {
  if (armed) context.state.timers.erase(Timer{*armed, kind, task});
  armed.reset();
}

inline void arm(StepContext& context, std::optional<MonoTime>& armed, Timer::Kind kind,
                TaskRef task, MonoTime at) {
  disarm(context, armed, kind, task);
  armed = at;
  context.state.timers.insert(Timer{at, kind, task});
}

}  // namespace pawl
