// Reading small files whole. Any thread.
#pragma once

#include <cstddef>
#include <string>

#include "base/result.h"

namespace pawl {

// The file's bytes. Errors: kNotFound, kDenied, kTooLarge (over max_bytes), kInvalid (no regular
// file), kUnavailable (read failed); the context is the path.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t max_bytes);

}  // namespace pawl
