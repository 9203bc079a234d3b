// Reads `sources` of the host config (SPEC §2). One thread.
#pragma once

#include <vector>

#include "config/reader.h"
#include "model/host_config.h"

namespace pawl::config {

[[nodiscard]] std::vector<SourceConfig> read_sources(MappingReader& host_config);

// A text that stands for a path must be absolute: a service has no working directory to speak of.
// Adds a problem and returns false otherwise.
[[nodiscard]] bool check_absolute(ValueReader& values, std::string_view key,
                                  const std::string& path, Place place);

// And without ".", ".." and "//".
[[nodiscard]] bool check_plain(ValueReader& values, std::string_view key, const std::string& path,
                               Place place);

}  // namespace pawl::config
