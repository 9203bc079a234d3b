// What people had done to pawl, as the history keeps it. Values; any thread.
#pragma once

#include <string>

#include "base/time.h"

namespace pawl {

struct Action {
  WallTime at;
  std::string actor;    // a user name or "uid 1000"; empty: not known
  std::string verb;     // "run", "cancel", "retry", "suspend", "resume"
  std::string subject;  // "pipeline backup", "run 17"
  bool operator==(const Action&) const = default;
};

// A pipeline whose automatic triggers are suspended.
struct Suspension {
  WallTime since;
  std::string actor;
  bool operator==(const Suspension&) const = default;
};

}  // namespace pawl
