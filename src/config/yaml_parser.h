// Reads YAML (1.2, by yaml-cpp) into a bounded tree. The only place that sees yaml-cpp.
// Any thread; hostile input costs bounded time, memory and stack.
#pragma once

#include <cstddef>
#include <string_view>

#include "config/problem_list.h"
#include "config/yaml_node.h"

namespace pawl::config {

// The documents read completely; all of them when no problem was added. Bounds: `max_bytes`, and
// limits::kYamlDepth, kYamlNodes (aliases and merges expanded) and kYamlAliases for the whole file.
[[nodiscard]] YamlFile parse_yaml(std::string_view text, std::size_t max_bytes,
                                  ProblemList& problems);

}  // namespace pawl::config
