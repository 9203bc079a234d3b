// zstd, in one piece each way. Pure; any thread.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace pawl::store {

// `level`: 1 (fast) to 19 (small).
[[nodiscard]] std::string compress(std::string_view raw, int level);

// `raw_bytes` is the size that is expected; nothing else is accepted, and no more memory than that is taken. The caller bounds
// it. Error: kCorrupt.
[[nodiscard]] Result<std::string> decompress(std::string_view packed, std::size_t raw_bytes);

}  // namespace pawl::store
