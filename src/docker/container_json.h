// What the engine says about containers, read. Unknown members are ignored.
// Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/result.h"
#include "ports/container_engine.h"

namespace pawl {

// GET /containers/{id}/json. kCorrupt when it is no container's description.
[[nodiscard]] Result<ContainerState> parse_container_state(const Json& json);
// GET /containers/json. kCorrupt likewise.
[[nodiscard]] Result<std::vector<ContainerSummary>> parse_container_list(const Json& json);

// The container whose network it joins, by id; empty: none. Of GET /containers/{id}/json and each item of
// GET /containers/json.
[[nodiscard]] std::string joined_network(const Json& json);

// GET /containers/{id}/stats of one that runs. kConflict when it does not (Podman then says nothing at all); kCorrupt
// likewise.
[[nodiscard]] Result<ResourceUsage> parse_usage(std::string_view text);

// GET /volumes. kCorrupt likewise.
[[nodiscard]] Result<std::vector<VolumeSummary>> parse_volume_list(const Json& json);

// GET /events, filtered to one container's "oom" and "kill" (JSON objects, one a line): whether it ran out
// of memory; nothing when neither is among them.
[[nodiscard]] std::optional<bool> find_memory_kill(std::string_view events);

// The first of the warnings (of POST /containers/create) that says that a cap
// will not be enforced; empty when there is none. Docker's wording
// (daemon/daemon_unix.go): "Your kernel does not support … or the cgroup is not
// mounted. … discarded.", "Memory limited without swap."
[[nodiscard]] std::string find_cap_warning(const Json& warnings);

// What GET /containers/{id}/json says of a container's caps, against what was asked for: the first one that is missing or
// weaker ("memory"); empty when all are there.
[[nodiscard]] std::string find_dropped_cap(const Json& container, const ContainerSpec& spec);

}  // namespace pawl
