#include "config/variables_reader.h"

#include <string>
#include <unordered_map>

#include "config/names.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

constexpr std::string_view kReservedPrefix = "PAWL_";

}  // namespace

bool check_variable_name(const std::string& name, Place place, ValueReader& values) {
  if (!is_variable_name(name)) {
    values.add(place, quoted(name) +
                          " cannot be an environment variable: a letter or _ first, then "
                          "letters, digits and _");
    return false;
  }
  if (name.size() > limits::kTitleBytes) {
    values.add(place, "the variable's name has more than " + std::to_string(limits::kTitleBytes) +
                          " bytes");
    return false;
  }
  if (name.starts_with(kReservedPrefix)) {
    values.add(place, quoted(name) + " is reserved: names that start with PAWL_ are set by pawl");
    return false;
  }
  return true;
}

Environment read_environment(ValueReader& values, const YamlNode& node) {
  Environment result;
  if (!values.is_mapping(node, "'env'")) return result;
  if (node.entries.size() > limits::kEnvVariables) {
    values.add(node.place, "'env' has " + std::to_string(node.entries.size()) +
                               " variables; at most " + std::to_string(limits::kEnvVariables) +
                               " are allowed");
    return result;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (!check_variable_name(entry.key, entry.key_place, values)) continue;
    const auto value =
        values.text(*entry.value, "'" + entry.key + "'", limits::kValueBytes, Expressions::kTaken);
    if (value) result.push_back({entry.key, entry.value});
  }
  return result;
}

void overlay(Environment& variables, const Environment& later) {
  std::unordered_map<std::string_view, std::size_t> indexes;
  for (std::size_t i = 0; i < variables.size(); ++i) indexes.emplace(variables[i].name, i);
  for (const Variable& variable : later) {
    const auto [known, is_new] = indexes.emplace(variable.name, variables.size());
    if (is_new) {
      variables.push_back(variable);
    } else {
      variables[known->second].value = variable.value;
    }
  }
}

}  // namespace pawl::config
