// Where something stands in a file. Values; any thread.
#pragma once

#include <compare>
#include <cstdint>

namespace pawl::config {

// Line and column as editors count them: from 1, the column in characters. Line 0: the whole file.
struct Place {
  std::uint32_t line = 0;
  std::uint32_t column = 0;
  auto operator<=>(const Place&) const = default;
};

// A value and where it was written.
template <typename T>
struct Placed {
  T value;
  Place place;
};

}  // namespace pawl::config
