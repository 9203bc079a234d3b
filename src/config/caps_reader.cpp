#include "config/caps_reader.h"

#include "model/task_policy.h"

namespace pawl::config {
namespace {

using Judge = std::optional<Refusal> (*)(const HostPolicy& policy, std::int64_t value);

void check(MappingReader& mapping, std::string_view key, const std::optional<std::int64_t>& value,
           const HostConfig& host, Judge judge) {
  if (!value) return;
  mapping.values().refuse(mapping.place_of(key), judge(host.policy, *value), host.file);
}

}  // namespace

Caps read_caps(MappingReader& mapping, const HostConfig& host) {
  Caps caps;
  caps.cpus_milli = mapping.cpus_milli("cpus");
  check(mapping, "cpus", caps.cpus_milli, host, refuse_cpus);
  caps.memory_bytes =
      mapping.size_bytes("memory", {limits::kMemoryMinBytes, limits::kMemoryMaxBytes});
  check(mapping, "memory", caps.memory_bytes, host, refuse_memory);
  caps.pids = mapping.integer("pids", {1, limits::kPidsMax});
  check(mapping, "pids", caps.pids, host, refuse_pids);
  caps.timeout_ms = mapping.duration_ms("timeout", {1, limits::kTimeoutMaxMs});
  check(mapping, "timeout", caps.timeout_ms, host, refuse_timeout);
  return caps;
}

}  // namespace pawl::config
