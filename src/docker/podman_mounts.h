// Where Podman's service (4.3) takes a container's mounts otherwise than Docker's: of a volume that it makes with the container
// it forgets the labels and the bound, and of a bind mount's source that is missing it makes a directory.
#pragma once

#include <stop_token>

#include "docker/engine_client.h"
#include "ports/container_engine.h"

namespace pawl {

// Before the container is created: makes its volumes, as they are to be, and looks for its files. Podman's service has
// no other host than this one. kInvalid: a file is missing, or a bound cannot be kept.
[[nodiscard]] Result<void> prepare_podman_mounts(EngineClient& client, const ContainerSpec& spec,
                                                 const std::stop_token& stop);

}  // namespace pawl
