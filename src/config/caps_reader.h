// The caps of a task, as a task, a pipeline's `defaults` and the host's `defaults` write them. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "config/reader.h"
#include "model/host_config.h"

namespace pawl::config {

// Only what was written.
struct Caps {
  std::optional<std::int64_t> cpus_milli;
  std::optional<std::int64_t> memory_bytes;
  std::optional<std::int64_t> pids;
  std::optional<std::int64_t> timeout_ms;
};

// What is over the policy's is a problem. The mapping's table must have the four keys.
[[nodiscard]] Caps read_caps(MappingReader& mapping, const HostConfig& host);

}  // namespace pawl::config
