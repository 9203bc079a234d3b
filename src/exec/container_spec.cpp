#include "exec/container_spec.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "model/limits.h"

namespace pawl {
namespace {

// Docker's rule for names: [a-zA-Z0-9][a-zA-Z0-9_.-]+
bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.' || c == '-';
}

// Names of params and axes, as part of a variable's name.
std::string variable_part(std::string text) {
  for (char& c : text) {
    if (c >= 'a' && c <= 'z') {
      c = static_cast<char>(c - 'a' + 'A');
    } else if (!(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9')) {
      c = '_';
    }
  }
  return text;
}

void set_variable(Variables& env, std::string name, std::string value) {
  const auto known = std::find_if(env.begin(), env.end(),
                                  [&](const auto& variable) { return variable.first == name; });
  if (known != env.end()) {
    known->second = std::move(value);
  } else {
    env.emplace_back(std::move(name), std::move(value));
  }
}

template <typename Number>
std::optional<Number> number_of(const Labels& labels, std::string_view label) {
  const auto found = labels.find(std::string(label));
  if (found == labels.end()) return std::nullopt;
  const std::string& text = found->second;
  Number number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string container_name(const std::string& instance_id, const AttemptKey& key,
                           const std::string& task_id) {
  std::string task = task_id.substr(0, limits::kNameBytes);
  std::replace_if(
      task.begin(), task.end(), [](char c) { return !is_name_character(c); }, '_');
  // What was cut or replaced may be some other task's id: the index tells them apart, and its capital letter
  // from an id that needed neither.
  if (task != task_id) task += ".T" + std::to_string(key.task);
  return "pawl-" + instance_id + "-" + key.run.text() + "-" + task + "-" +
         std::to_string(key.attempt);
}

void set_task_variable(ContainerSpec& spec, const std::string& name, std::string value) {
  const auto is_it = [&](const auto& variable) { return variable.first == name; };
  const bool known = std::any_of(spec.env.begin(), spec.env.end(), is_it);
  if (known && name.starts_with("PAWL_")) return;
  set_variable(spec.env, name, std::move(value));
}

namespace {

void set_own_variables(ContainerSpec& spec, const RunAttempt& order, const Task& task) {
  set_variable(spec.env, "PAWL_RUN_ID", order.key.run.text());
  set_variable(spec.env, "PAWL_PIPELINE", order.definition->name);
  set_variable(spec.env, "PAWL_TASK", task.id);
  set_variable(spec.env, "PAWL_ATTEMPT", std::to_string(order.key.attempt));
  set_variable(spec.env, "PAWL_WORKSPACE", std::string(kWorkspacePath));
  for (const auto& [name, value] : order.params) {
    set_variable(spec.env, "PAWL_PARAM_" + variable_part(name), value);
  }
  for (const auto& [axis, value] : task.matrix) {
    set_variable(spec.env, "PAWL_MATRIX_" + variable_part(axis), value);
  }
  if (!order.run_status.empty()) set_variable(spec.env, "PAWL_RUN_STATUS", order.run_status);
  if (!task.outputs.empty()) set_variable(spec.env, "PAWL_OUTPUT", std::string(kOutputPath));
}

}  // namespace

Mount file_mount(const std::string& source, const std::string& target, bool read_only) {
  Mount mount;
  mount.source = source;
  mount.target = target;
  mount.read_only = read_only;
  return mount;
}

void complete(ContainerSpec& spec, const std::string& workspace, const std::string& join,
              const std::string& engine) {
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = workspace;
  mount.target = kWorkspacePath;
  mount.read_only = false;
  for (const std::string_view label : {kLabelInstance, kLabelRun}) {
    const std::string name(label);
    mount.labels[name] = spec.labels.at(name);
  }
  spec.mounts.push_back(std::move(mount));
  spec.join_network = join;
  if (!engine.empty()) spec.labels[std::string(kLabelEngine)] = engine;
}

ContainerSpec container_spec(const std::string& instance_id, const RunAttempt& order) {
  const Task& task = order.definition->tasks.at(order.key.task);
  ContainerSpec spec;
  spec.name = container_name(instance_id, order.key, task.id);
  spec.labels = {{std::string(kLabelInstance), instance_id},
                 {std::string(kLabelRun), order.key.run.text()},
                 {std::string(kLabelPipeline), order.definition->name},
                 {std::string(kLabelTask), task.id},
                 {std::string(kLabelTaskIndex), std::to_string(order.key.task)},
                 {std::string(kLabelAttempt), std::to_string(order.key.attempt)}};
  spec.image = task.image;
  spec.command = order.command;
  for (const auto& [name, value] : order.env) set_variable(spec.env, name, value);
  set_own_variables(spec, order, task);
  spec.cpus_milli = task.cpus_milli;
  spec.memory_bytes = task.memory_bytes;
  spec.pids = task.pids;
  spec.network = task.network;
  spec.user = task.user;
  spec.read_only = task.read_only;
  for (const HostMount& mount : task.mounts) {
    spec.mounts.push_back(file_mount(mount.source, mount.target, mount.read_only));
  }
  spec.cap_add = task.cap_add;
  spec.privileged = task.privileged;
  return spec;
}

std::optional<RunId> run_of(const Labels& labels, std::string_view instance_id) {
  const auto instance = labels.find(std::string(kLabelInstance));
  if (instance == labels.end() || instance->second != instance_id) return std::nullopt;
  const auto run = number_of<std::uint64_t>(labels, kLabelRun);
  return run ? std::optional(RunId{*run}) : std::nullopt;
}

std::optional<AttemptKey> attempt_of(const Labels& labels, std::string_view instance_id) {
  const auto run = run_of(labels, instance_id);
  const auto task = number_of<std::uint32_t>(labels, kLabelTaskIndex);
  const auto attempt = number_of<std::uint32_t>(labels, kLabelAttempt);
  if (!run || !task || !attempt) return std::nullopt;
  return AttemptKey{*run, *task, *attempt};
}

}  // namespace pawl
