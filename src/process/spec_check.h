// What of a container's spec a plain process can have on this host, and what has to be refused. Pure.
#pragma once

#include <sys/types.h>

#include <string>

#include "base/result.h"
#include "ports/container_engine.h"
#include "process/records.h"

namespace pawl {

struct HostAbilities {
  uid_t uid = 0;             // the agent's
  bool own_network = false;  // network namespaces can be made
  std::string why_no_caps;   // empty: they can be enforced
  bool best_effort = false;  // what cannot be enforced is let go
};

// The task's id, control group and volume's path are the caller's to fill in. Errors: kInvalid; the message says what cannot be had, and what to do.
[[nodiscard]] Result<ProcessSpec> process_spec(const ContainerSpec& spec,
                                               const HostAbilities& host);

}  // namespace pawl
