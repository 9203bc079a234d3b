// What gives a task a hold on the host: `mounts`, `cap_add` and `privileged` of a task or of `defaults`, each checked
// against the host's policy where it is written. One thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"
#include "model/host_config.h"
#include "model/pipeline.h"

namespace pawl::config {

// Only what was written.
struct HostAccess {
  std::optional<std::vector<HostMount>> mounts;
  std::optional<std::vector<std::string>> cap_add;
  std::optional<bool> privileged;
};

// The mapping's table must have the three keys.
[[nodiscard]] HostAccess read_host_access(MappingReader& mapping, const HostConfig& host);

// "net_admin" and "CAP_NET_ADMIN" as "NET_ADMIN"; a problem when there is no such capability.
[[nodiscard]] std::optional<std::string> read_capability(ValueReader& values,
                                                         const Placed<std::string>& written);

}  // namespace pawl::config
