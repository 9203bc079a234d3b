// A pull, as ContainerEngine::pull_image promises it: with the credentials that a file has for the image's registry, and an
// error whose kind says whether to try again and whose words say what to do.
#pragma once

#include <stop_token>
#include <string>

#include "docker/engine_client.h"
#include "ports/container_engine.h"

namespace pawl {

// `credentials_file`: see registry_credentials.h; empty: none. Errors also: kInvalid (the file is broken; the context is
// its path). No error, and no line of progress, holds a credential of it.
[[nodiscard]] Result<void> pull_image(EngineClient& client, const std::string& credentials_file,
                                      const std::string& image,
                                      const ContainerEngine::Progress& progress,
                                      const std::stop_token& stop);

}  // namespace pawl
