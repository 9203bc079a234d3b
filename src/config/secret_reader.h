// `secrets` of a task (SPEC §1): which of the host's secrets it is handed, and how. Pure.
#pragma once

#include <vector>

#include "config/reader.h"
#include "model/pipeline.h"

namespace pawl::config {

// {name, file} and {name, env}, or a text for {name: x, file: /run/secrets/x}. Files and variables are unique; a file is
// absolute, outside /proc, /sys and /dev, and no other's folder. What is wrong is left out, with a problem.
[[nodiscard]] std::vector<SecretUse> read_secret_uses(MappingReader& task);

}  // namespace pawl::config
