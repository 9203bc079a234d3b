// The host's secrets: files in one directory, read at each use, so that they can be replaced. Any thread.
#pragma once

#include <string>

#include "base/result.h"

namespace pawl {

// The file's bytes. Errors: kNotFound, kDenied, kTooLarge (over limits::kSecretBytes), kInvalid (no name of a secret, or
// no regular file, or empty), kUnavailable; the context is the file, or where it would be.
[[nodiscard]] Result<std::string> read_secret(const std::string& directory,
                                              const std::string& name);

// Without the newlines at its end: editors and `echo` add one that is not part of the secret. kInvalid also when
// nothing is left.
[[nodiscard]] Result<std::string> read_secret_line(const std::string& directory,
                                                   const std::string& name);

}  // namespace pawl
