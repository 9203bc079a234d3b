// What the engine says about its disk, read. Unknown members are ignored. Pure.
#pragma once

#include "base/json.h"
#include "base/result.h"
#include "ports/container_engine.h"

namespace pawl {

// GET /system/df. kCorrupt when it is no such answer.
[[nodiscard]] Result<DiskUsage> parse_disk_usage(const Json& json);

// Gives the images the names that GET /images/json has for them.
void name_images(const Json& images, DiskUsage& usage);

}  // namespace pawl
