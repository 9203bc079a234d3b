#include "config/param_reader.h"

#include <algorithm>
#include <unordered_map>

#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

void read_enum(MappingReader& mapping, Param& param) {
  ValueReader& values = mapping.values();
  const YamlNode* node = mapping.find("enum");
  if (node == nullptr) return;
  if (node->kind == YamlNode::Kind::kSequence && node->items.empty()) {
    values.add(node->place, "'enum' is an empty list, so no value would be taken; leave it out");
  }
  std::vector<std::string> allowed;
  for (Placed<std::string>& value : mapping.texts("enum", limits::kParamValueBytes)) {
    if (std::find(allowed.begin(), allowed.end(), value.value) != allowed.end()) {
      values.add(value.place, "'enum' has " + quoted(value.value) + " twice");
    } else if (check_param_value(param, value.value, value.place, values)) {
      allowed.push_back(std::move(value.value));
    }
    if (allowed.size() > limits::kEnvVariables) {
      values.add(node->place,
                 "'enum' has more than " + std::to_string(limits::kEnvVariables) + " values");
      break;
    }
  }
  param.allowed = std::move(allowed);
}

std::optional<Placed<Param>> read_param(ValueReader& values, const YamlNode& node) {
  MappingReader mapping(values, node, kParamKeys, "a param");
  if (node.kind != YamlNode::Kind::kMapping) return std::nullopt;
  Param param;
  mapping.require("name");
  auto name = mapping.filled_text("name", limits::kNameBytes);
  if (name && !is_variable_name(*name)) {
    values.add(mapping.place_of("name"), quoted(*name) +
                                             " cannot be a param's name: a letter or _ "
                                             "first, then letters, digits and _");
    name.reset();
  }
  param.type = mapping.choice<ParamType>("type").value_or(param.type);
  param.name = name.value_or("param");
  read_enum(mapping, param);
  if (auto fallback = mapping.text("default", limits::kParamValueBytes)) {
    (void)check_param_value(param, *fallback, mapping.place_of("default"), values);
    param.fallback = std::move(*fallback);
  }
  if (!name) return std::nullopt;
  return Placed<Param>{std::move(param), mapping.place_of("name")};
}

}  // namespace

bool check_param_value(const Param& param, const std::string& value, Place place,
                       ValueReader& values) {
  Pipeline probe;
  probe.params = {param};
  probe.params.front().fallback.reset();
  const Result<Variables> resolved = resolve_params(probe, {{param.name, value}});
  if (resolved) return true;
  values.add(place, resolved.error().message);
  return false;
}

std::vector<Placed<Param>> read_params(MappingReader& pipeline) {
  std::vector<Placed<Param>> result;
  std::unordered_map<std::string, std::uint32_t> lines;
  for (const YamlNode* node : pipeline.items("params", limits::kParams)) {
    auto param = read_param(pipeline.values(), *node);
    if (!param) continue;
    const auto [first, is_new] = lines.emplace(param->value.name, node->place.line);
    if (is_new) {
      result.push_back(std::move(*param));
    } else {
      pipeline.values().add(node->place, "param " + quoted(param->value.name) +
                                             " is given twice; the first is in line " +
                                             std::to_string(first->second));
    }
  }
  return result;
}

}  // namespace pawl::config
