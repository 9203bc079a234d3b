#include "config/variables_reader.h"

#include <string>
#include <unordered_map>

#include "config/names.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

constexpr std::string_view kReservedPrefix = "PAWL_";

}  // namespace

Variables read_variables(ValueReader& values, const YamlNode& node) {
  Variables result;
  if (!values.is_mapping(node, "'env'")) return result;
  if (node.entries.size() > limits::kEnvVariables) {
    values.add(node.place, "'env' has " + std::to_string(node.entries.size()) +
                               " variables; at most " + std::to_string(limits::kEnvVariables) +
                               " are allowed");
    return result;
  }
  for (const YamlNode::Entry& entry : node.entries) {
    if (!is_variable_name(entry.key)) {
      values.add(entry.key_place,
                 quoted(entry.key) +
                     " cannot be an environment variable: a letter or _ first, then "
                     "letters, digits and _");
      continue;
    }
    if (entry.key.size() > limits::kTitleBytes) {
      values.add(entry.key_place, "the variable's name has more than " +
                                      std::to_string(limits::kTitleBytes) + " bytes");
      continue;
    }
    if (entry.key.starts_with(kReservedPrefix)) {
      values.add(entry.key_place,
                 quoted(entry.key) + " is reserved: names that start with PAWL_ are set by pawl");
      continue;
    }
    auto value = values.text(*entry.value, "'" + entry.key + "'", limits::kValueBytes);
    if (value) result.emplace_back(entry.key, std::move(*value));
  }
  return result;
}

void overlay(Variables& variables, const Variables& later) {
  variables.reserve(variables.size() + later.size());  // the map's keys point into it
  std::unordered_map<std::string_view, std::size_t> indexes;
  for (std::size_t i = 0; i < variables.size(); ++i) indexes.emplace(variables[i].first, i);
  for (const auto& [name, value] : later) {
    const auto known = indexes.find(name);
    if (known != indexes.end()) {
      variables[known->second].second = value;
    } else {
      variables.emplace_back(name, value);
      indexes.emplace(variables.back().first, variables.size() - 1);
    }
  }
}

}  // namespace pawl::config
