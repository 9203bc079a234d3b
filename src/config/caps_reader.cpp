#include "config/caps_reader.h"

#include "config/wording.h"

namespace pawl::config {
namespace {

// 0: the host config does not say, so the host's hardware is the cap.
bool is_over(std::int64_t value, std::int64_t cap) { return cap > 0 && value > cap; }

std::string over_cap(std::string_view key, const std::string& value, const std::string& cap) {
  return "'" + std::string(key) + "' is " + value + "; this host allows at most " + cap +
         " (policy.max." + std::string(key) + ")";
}

}  // namespace

Caps read_caps(MappingReader& mapping, const HostPolicy& policy) {
  Caps caps;
  ValueReader& values = mapping.values();
  caps.cpus_milli = mapping.cpus_milli("cpus");
  if (caps.cpus_milli && is_over(*caps.cpus_milli, policy.max_cpus_milli)) {
    values.add(mapping.place_of("cpus"),
               over_cap("cpus", format_cpus(*caps.cpus_milli), format_cpus(policy.max_cpus_milli)));
  }
  caps.memory_bytes =
      mapping.size_bytes("memory", {limits::kMemoryMinBytes, limits::kMemoryMaxBytes});
  if (caps.memory_bytes && is_over(*caps.memory_bytes, policy.max_memory_bytes)) {
    values.add(mapping.place_of("memory"), over_cap("memory", format_size(*caps.memory_bytes),
                                                    format_size(policy.max_memory_bytes)));
  }
  caps.pids = mapping.integer("pids", {1, limits::kPidsMax});
  if (caps.pids && is_over(*caps.pids, policy.max_pids)) {
    values.add(mapping.place_of("pids"),
               over_cap("pids", std::to_string(*caps.pids), std::to_string(policy.max_pids)));
  }
  caps.timeout_ms = mapping.duration_ms("timeout", {1, limits::kTimeoutMaxMs});
  if (caps.timeout_ms && is_over(*caps.timeout_ms, policy.max_timeout_ms)) {
    values.add(mapping.place_of("timeout"),
               over_cap("timeout", format_exact_duration(*caps.timeout_ms),
                        format_exact_duration(policy.max_timeout_ms)));
  }
  return caps;
}

}  // namespace pawl::config
