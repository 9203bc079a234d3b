// Files below a directory's descriptor: what is written is there whole or not at all, and no name leads out of the
// directory. Any thread; values.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl {

// errno as an Error: kNotFound, kConflict (EEXIST), kDenied, kExhausted (no room, no descriptors), kUnavailable.
[[nodiscard]] Error file_error(int code, const std::string& what);

// Docker's rule for the names of containers and volumes: [a-zA-Z0-9][a-zA-Z0-9_.-]*, bounded. None of these is a path.
[[nodiscard]] bool is_object_name(std::string_view name);

// Neither follows a link in the last part.
[[nodiscard]] Result<UniqueFd> open_directory(int parent, const std::string& name);
// Made if it is not there.
[[nodiscard]] Result<UniqueFd> make_directory(int parent, const std::string& name, mode_t mode);

// Replaces the file in one step, 0600. `durable`: it outlives a power cut.
[[nodiscard]] Result<void> write_whole(int directory, const std::string& name,
                                       std::string_view bytes, bool durable);
// Makes the file; kConflict if there is one. Outlives a power cut.
[[nodiscard]] Result<void> write_once(int directory, const std::string& name,
                                      std::string_view bytes);
// kNotFound; kTooLarge over max_bytes; kInvalid: no regular file.
[[nodiscard]] Result<std::string> read_whole(int directory, const std::string& name,
                                             std::size_t max_bytes);
// Text from the kernel (/proc, cgroups); empty if it cannot be read.
[[nodiscard]] std::string read_kernel_text(const std::string& path);
[[nodiscard]] bool write_all(int fd, std::string_view bytes);

// The entries' names, without "." and "..", at most `most` of them.
[[nodiscard]] Result<std::vector<std::string>> entries_of(int directory, std::size_t most);

}  // namespace pawl
