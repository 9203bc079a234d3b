// Times and spans as tables show them: local time (TZ, /etc/localtime), without an offset.
#pragma once

#include <string>

#include "base/time.h"

namespace pawl::cli {

// "2026-03-29 01:00:00"; "" when not set. Local time.
[[nodiscard]] std::string format_local(WallTime time);
// "3m ago", "in 2h", "now": the largest unit only. "" when not set.
[[nodiscard]] std::string format_relative(WallTime time, WallTime now);
// "2026-03-29 01:00:00 (3m ago)"; "" when not set.
[[nodiscard]] std::string format_when(WallTime time, WallTime now);

}  // namespace pawl::cli
