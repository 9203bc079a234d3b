#include "config/matrix.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/names.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

bool is_kept_in_id(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
         c == '_' || c == '-';
}

std::vector<std::string> read_axis_values(ValueReader& values, const YamlNode::Entry& entry) {
  const std::string what = "axis " + quoted(entry.key);
  std::vector<std::string> result;
  if (!values.is_sequence(*entry.value, what)) return result;
  if (entry.value->items.empty()) {
    values.add(entry.value->place, what + " is an empty list, so the task would have no instance");
  }
  std::unordered_set<std::string> seen;
  for (const YamlNode* item : entry.value->items) {
    auto value = values.text(*item, "a value of " + what, limits::kMatrixValueBytes);
    if (!value) continue;
    if (!seen.insert(*value).second) {
      values.add(item->place, what + " has " + quoted(*value) + " twice");
    } else {
      result.push_back(std::move(*value));
    }
  }
  return result;
}

bool check_axis_name(const YamlNode::Entry& entry,
                     std::unordered_map<std::string, std::string_view>& names,
                     ValueReader& values) {
  if (!is_variable_name(entry.key) || entry.key.size() > limits::kNameBytes) {
    values.add(entry.key_place, quoted(entry.key) +
                                    " cannot be an axis: a letter or _ first, then letters, digits "
                                    "and _, at most " +
                                    std::to_string(limits::kNameBytes));
    return false;
  }
  const auto [first, is_new] = names.emplace(upper_case(entry.key), entry.key);
  if (is_new) return true;
  values.add(entry.key_place, "the axes " + quoted(first->second) + " and " + quoted(entry.key) +
                                  " would both be PAWL_MATRIX_" + first->first);
  return false;
}

// The product, or one more than is allowed: it may not fit any integer.
std::size_t count_combinations(const std::vector<MatrixAxis>& axes) {
  std::size_t count = 1;
  for (const MatrixAxis& axis : axes) {
    count = std::min(count * axis.values.size(), limits::kTaskInstances + 1);
  }
  return count;
}

}  // namespace

std::size_t Matrix::instances() const { return count_combinations(axes); }

Variables Matrix::combination(std::size_t index) const {
  Variables result(axes.size());
  for (std::size_t i = axes.size(); i-- > 0;) {
    const std::vector<std::string>& values = axes[i].values;
    result[i] = {axes[i].name, values[index % values.size()]};
    index /= values.size();
  }
  return result;
}

Matrix read_matrix(MappingReader& task) {
  Matrix matrix;
  const YamlNode* node = task.find("matrix");
  ValueReader& values = task.values();
  if (node == nullptr || !values.is_mapping(*node, "'matrix'")) return matrix;
  matrix.place = task.place_of_key("matrix");
  if (node->entries.empty()) {
    values.add(node->place,
               "'matrix' has no axis; leave it out, or write such as {region: [eu, us]}");
  }
  if (node->entries.size() > limits::kMatrixAxes) {
    values.add(matrix.place, "'matrix' has " + std::to_string(node->entries.size()) +
                                 " axes; at most " + std::to_string(limits::kMatrixAxes) +
                                 " are allowed");
    return matrix;
  }
  std::unordered_map<std::string, std::string_view> names;
  for (const YamlNode::Entry& entry : node->entries) {
    const bool is_named = check_axis_name(entry, names, values);
    std::vector<std::string> axis_values = read_axis_values(values, entry);
    // A broken axis keeps its name, so that expressions that name it are no further problems.
    if (axis_values.empty()) axis_values.emplace_back();
    if (is_named) matrix.axes.push_back({entry.key, std::move(axis_values)});
  }
  if (count_combinations(matrix.axes) > limits::kTaskInstances) {
    values.add(matrix.place, "the matrix has more than " + std::to_string(limits::kTaskInstances) +
                                 " combinations, which is the most that all tasks of a pipeline "
                                 "may have together");
    for (MatrixAxis& axis : matrix.axes) axis.values.resize(1);
  }
  return matrix;
}

std::string instance_id(const std::string& base, const Variables& combination) {
  std::string id = base;
  char separator = '[';
  for (const auto& [axis, value] : combination) {
    id += std::exchange(separator, ',');
    for (char c : value) id += is_kept_in_id(c) ? c : '_';
  }
  id.resize(std::min(id.size(), limits::kInstanceIdBytes - 1));
  return id + "]";
}

}  // namespace pawl::config
