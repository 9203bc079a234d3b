// The body of POST /containers/create, built field by field from pawl's own
// spec: nothing a pipeline writes reaches the engine as JSON of its own. Pure.
#pragma once

#include "base/json.h"
#include "ports/container_engine.h"

namespace pawl {

[[nodiscard]] Json create_request(const ContainerSpec& spec);

}  // namespace pawl
