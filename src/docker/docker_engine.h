// Docker's Engine API (1.40 to 1.47 as spoken by Docker 19.03 and newer) over
// libcurl, on a unix socket or over TLS. See docs.docker.com/engine/api. Thread-safe: a
// pool of connections, one per call under way.
#pragma once

#include <memory>
#include <string>

#include "model/host_config.h"
#include "ports/container_engine.h"

namespace pawl {

// `config.host`: "unix:///path/to.sock", or "tcp://name:2376" with its three files. kInvalid for any other. Does not
// connect yet: the version is negotiated with the first call that reaches the engine,
// and anew after it was unreachable. Over TLS an engine's incarnation is not known.
[[nodiscard]] Result<std::unique_ptr<ContainerEngine>> make_docker_engine(
    const EngineConfig& config);

}  // namespace pawl
