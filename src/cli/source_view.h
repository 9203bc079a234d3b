// The API's source objects for people: shared by `sources` and `sync`. Pure.
#pragma once

#include <string>

#include "base/json.h"
#include "base/time.h"

namespace pawl::cli {

// A table, then each pull's error and each file's problem on a line of its own.
[[nodiscard]] std::string render_sources(const Json::Array& sources, WallTime now, bool color);

// Whether its last pull failed or brought files with problems.
[[nodiscard]] bool is_broken(const Json& source);

}  // namespace pawl::cli
