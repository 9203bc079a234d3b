// The API's objects as YAML, for `-o yaml`. Pure.
#pragma once

#include <string>

#include "base/json.h"

namespace pawl::cli {

// A document in block style that YAML 1.1 and 1.2 read alike: a string that could be taken for something
// else is in double quotes, escaped as in JSON.
[[nodiscard]] std::string to_yaml(const Json& json);

}  // namespace pawl::cli
