// Reads `env` mappings. One thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/reader.h"

namespace pawl::config {

// Points into the YAML tree, so that what is wrong with an expression is told where it stands.
struct Variable {
  std::string_view name;
  const YamlNode* value;
};
using Environment = std::vector<Variable>;

// NAME: value, in the order written. Values keep the text they were written with, numbers included; they may have ${{ }}.
[[nodiscard]] Environment read_environment(ValueReader& values, const YamlNode& node);

// Later ones win; a variable keeps its first place in the order.
void overlay(Environment& variables, const Environment& later);

// False, with a problem, for what a pipeline cannot call a variable.
[[nodiscard]] bool check_variable_name(const std::string& name, Place place, ValueReader& values);

}  // namespace pawl::config
