// The clock of the listeners' deadlines.
#pragma once

#include <chrono>
#include <cstdint>

namespace pawl::http {

// Milliseconds since an arbitrary start, never going back. Any thread.
[[nodiscard]] inline std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace pawl::http
