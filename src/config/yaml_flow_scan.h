// Refuses hostile flow collections ([[[[..., {a: {a: ...) before yaml-cpp sees them.
// Pure; any thread; one pass, constant memory.
#pragma once

#include <string_view>

#include "config/problem_list.h"

namespace pawl::config {

// False: flow collections are nested deeper than limits::kYamlDepth or have more than
// limits::kYamlNodes members, and one problem was added.
[[nodiscard]] bool check_flow_collections(std::string_view text, ProblemList& problems);

}  // namespace pawl::config
