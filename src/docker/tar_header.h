// The headers of tar archives, in the ustar format (POSIX.1-2008, pax). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace pawl {

inline constexpr std::size_t kTarBlockBytes = 512;
// Two empty blocks.
inline constexpr std::size_t kTarEndBytes = 2 * kTarBlockBytes;

struct TarEntry {
  std::string_view name;  // under 100 bytes; of a directory, with a slash at its end
  unsigned mode = 0;
  std::uint64_t bytes = 0;  // under 8 GiB
  bool directory = false;
};

// One block: root's, of the year 1970.
[[nodiscard]] std::string tar_header(const TarEntry& entry);

}  // namespace pawl
