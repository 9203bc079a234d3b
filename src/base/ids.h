// Identifiers that more than one part speaks of. Values; comparable; no allocation.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl {

// A run's number: handed out by the core in order of acceptance, from 1, never reused in one store.
// Written in decimal wherever people see it; a string in JSON.
struct RunId {
  std::uint64_t value = 0;
  auto operator<=>(const RunId&) const = default;

  [[nodiscard]] std::string text() const { return std::to_string(value); }
  // Digits only, 1..2^63-1; nothing else.
  [[nodiscard]] static std::optional<RunId> parse(std::string_view text);
};

// One container for one task of one run. `task` is the task's index in the run's definition; the
// first attempt is 1.
struct AttemptKey {
  RunId run;
  std::uint32_t task = 0;
  std::uint32_t attempt = 0;
  auto operator<=>(const AttemptKey&) const = default;
};

}  // namespace pawl
