#include "config/trigger_demands.h"

#include <algorithm>

#include "config/param_reader.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

// The mapping that has the key.
MappingReader* holder(const TriggerForm& form, std::string_view key) {
  const bool is_outside = form.item.find(key) != nullptr;
  const bool is_inside = form.long_form != nullptr && form.long_form->find(key) != nullptr;
  if (is_outside && is_inside) {
    form.item.values().add(form.item.place_of_key(key),
                           "'" + std::string(key) +
                               "' is given twice for this trigger; the other is in line " +
                               std::to_string(form.long_form->place_of_key(key).line));
  }
  if (is_inside) return form.long_form;
  return is_outside ? &form.item : nullptr;
}

const Param* find_param(const Pipeline& pipeline, std::string_view name) {
  for (const Param& param : pipeline.params) {
    if (param.name == name) return &param;
  }
  return nullptr;
}

void add_unknown_param(ValueReader& values, const YamlNode::Entry& entry,
                       const Pipeline& pipeline) {
  std::vector<std::string_view> names;
  for (const Param& param : pipeline.params) names.push_back(param.name);
  values.add(entry.key_place, "the pipeline has no param " + quoted(entry.key) +
                                  (names.empty() ? "; list it in the pipeline's 'params'"
                                                 : values.did_you_mean(entry.key, names)));
}

// As written; a value that is known already has to be of the param's type.
std::string read_value(ValueReader& values, const YamlNode::Entry& entry, const Param& param,
                       ExpressionCheck* expressions) {
  const YamlNode& node = *entry.value;
  const std::string what = "'" + entry.key + "'";
  const auto taken = expressions != nullptr ? Expressions::kTaken : Expressions::kRefused;
  auto text = values.text(node, what, limits::kParamValueBytes, taken);
  if (!text) return {};
  std::optional<std::string> known = text;
  if (expressions != nullptr) {
    const Template* parsed = expressions->parse(node, what);
    if (parsed == nullptr) return {};
    expressions->check(node, what, webhook_scope());
    known.reset();
    if (parsed->is_literal() || parsed->is_constant()) {
      if (auto rendered = parsed->render({})) known = std::move(*rendered);
    }
  }
  if (known) (void)check_param_value(param, *known, node.place, values);
  return std::move(*text);
}

// The tasks that were written under this id.
std::vector<std::uint32_t> instances_of(const std::string& id, const Pipeline& pipeline) {
  std::vector<std::uint32_t> result;
  for (std::uint32_t i = 0; i < pipeline.tasks.size(); ++i) {
    if (written_id(pipeline.tasks[i]) == id) result.push_back(i);
  }
  return result;
}

void add_unknown_task(ValueReader& values, const Placed<std::string>& id,
                      const Pipeline& pipeline) {
  std::vector<std::string_view> ids;
  for (const Task& task : pipeline.tasks) {
    if (task.hook == Hook::kNone) ids.push_back(written_id(task));
  }
  // Without any there is a problem already.
  if (ids.empty()) return;
  values.add(id.place, "no task " + quoted(id.value) + " in this pipeline" +
                           values.did_you_mean(id.value, ids));
}

}  // namespace

Variables read_trigger_params(const TriggerForm& form, const Pipeline& pipeline,
                              ExpressionCheck* expressions) {
  MappingReader* mapping = holder(form, "params");
  if (mapping == nullptr) return {};
  ValueReader& values = mapping->values();
  const YamlNode& node = *mapping->find("params");
  Variables result;
  if (!values.is_mapping(node, "'params'")) return result;
  for (const YamlNode::Entry& entry : node.entries) {
    if (values.problems().is_full()) return result;
    const Param* param = find_param(pipeline, entry.key);
    if (param == nullptr) {
      add_unknown_param(values, entry, pipeline);
      continue;
    }
    result.emplace_back(entry.key, read_value(values, entry, *param, expressions));
  }
  return result;
}

std::vector<std::uint32_t> read_starts(const TriggerForm& form, const Pipeline& pipeline) {
  MappingReader* mapping = holder(form, "tasks");
  if (mapping == nullptr) return {};
  ValueReader& values = mapping->values();
  const YamlNode& node = *mapping->find("tasks");
  if (node.kind == YamlNode::Kind::kSequence && node.items.empty()) {
    values.add(node.place, "'tasks' is an empty list; leave it out to run the whole pipeline");
  }
  std::vector<std::uint32_t> starts;
  for (const Placed<std::string>& id : mapping->texts("tasks", limits::kValueBytes)) {
    if (values.problems().is_full()) return starts;
    const std::vector<std::uint32_t> found = instances_of(id.value, pipeline);
    if (found.empty()) {
      add_unknown_task(values, id, pipeline);
    } else if (const Hook hook = pipeline.tasks[found.front()].hook; hook != Hook::kNone) {
      values.add(id.place, "task " + quoted(id.value) + " is one of '" +
                               std::string(to_string(hook)) +
                               "', which follow a run's end; a trigger starts the others only");
    } else if (std::find(starts.begin(), starts.end(), found.front()) != starts.end()) {
      values.add(id.place, "'tasks' has " + quoted(id.value) + " twice");
    } else {
      starts.insert(starts.end(), found.begin(), found.end());
    }
  }
  std::sort(starts.begin(), starts.end());
  return starts;
}

void check_params_complete(ValueReader& values, Place place, const std::string& what,
                           const Variables& given, const Pipeline& pipeline) {
  for (const Param& param : pipeline.params) {
    const bool is_given = std::any_of(given.begin(), given.end(), [&](const auto& variable) {
      return variable.first == param.name;
    });
    if (is_given || param.fallback) continue;
    values.add(place, what + " gives param " + quoted(param.name) +
                          " no value, and it has no default; write 'params: {" + param.name +
                          ": …}' into the trigger, or give the param a default");
  }
}

}  // namespace pawl::config
