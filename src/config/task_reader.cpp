#include "config/task_reader.h"

#include <algorithm>
#include <array>
#include <utility>

#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/task_draft.h"
#include "config/task_expansion.h"
#include "config/task_expressions.h"
#include "config/task_graph.h"
#include "config/wording.h"
#include "config/yaml_scalar.h"

namespace pawl::config {
namespace {

constexpr std::array kHookLists = {Hook::kOnSuccess, Hook::kOnFailure, Hook::kOnCancel,
                                   Hook::kOnExit};

std::string read_id(MappingReader& mapping) {
  mapping.require("id");
  auto id = mapping.filled_text("id", limits::kValueBytes);
  if (!id) return {};
  if (!is_valid_name(*id)) {
    const std::string proposal = slug(*id);
    mapping.values().add(mapping.place_of("id"),
                         quoted(*id) + " is not a valid id (" + std::string(kNameRule) + ")" +
                             (proposal.empty() ? "" : "; use '" + proposal + "'"));
  }
  return *id;
}

void read_rule(MappingReader& mapping, TaskDraft& draft) {
  const auto rule = mapping.choice<TriggerRule>("trigger_rule");
  if (!rule) return;
  draft.task.rule = *rule;
  draft.has_rule = true;
}

// true and false are literals; what is not is checked once the whole pipeline is read.
void read_when(MappingReader& mapping, TaskDraft& draft) {
  const YamlNode* node = mapping.find("when");
  if (node == nullptr) return;
  auto text =
      mapping.values().filled_text(*node, "'when'", limits::kValueBytes, Expressions::kTaken);
  if (!text) return;
  if (const auto literal = parse_core_boolean(*text)) {
    if (!*literal) draft.task.when = "${{ false }}";
    return;
  }
  draft.when = node;
  draft.task.when = text->substr(0, text->find_last_not_of(" \n") + 1);
}

bool is_output_name(std::string name) {
  std::replace(name.begin() + 1, name.end(), '-', '_');
  return is_variable_name(name);
}

std::vector<std::string> read_outputs(MappingReader& mapping) {
  std::vector<std::string> result;
  const YamlNode* node = mapping.find("outputs");
  if (node == nullptr) return result;
  ValueReader& values = mapping.values();
  if (node->items.size() > limits::kOutputs) {
    values.add(node->place, "'outputs' has " + std::to_string(node->items.size()) +
                                " names; at most " + std::to_string(limits::kOutputs) +
                                " are allowed");
    return result;
  }
  for (Placed<std::string>& name : mapping.texts("outputs", limits::kTitleBytes)) {
    if (!is_output_name(name.value)) {
      values.add(name.place, quoted(name.value) +
                                 " cannot be an output: a letter or _ first, then letters, "
                                 "digits, _ and -");
    } else if (std::find(result.begin(), result.end(), name.value) != result.end()) {
      values.add(name.place, "'outputs' has " + quoted(name.value) + " twice");
    } else {
      result.push_back(std::move(name.value));
    }
  }
  return result;
}

class TaskListReader {
 public:
  TaskListReader(MappingReader& pipeline, const TaskSurroundings& around)
      : pipeline_(pipeline), values_(pipeline.values()), around_(around) {}

  void read_main() {
    pipeline_.require("tasks");
    const YamlNode* node = pipeline_.find("tasks");
    if (node == nullptr || !values_.is_sequence(*node, "'tasks'")) return;
    if (node->items.empty())
      values_.add(node->place, "'tasks' is empty; a pipeline has at least one task");
    written_ += node->items.size();
    // More than pawl ever runs are not worth reading.
    const std::size_t read = std::min(node->items.size(), limits::kTasks);
    for (std::size_t i = 0; i < read; ++i) read_task(*node->items[i], Hook::kNone);
  }

  void read_hooks() {
    for (Hook hook : kHookLists) {
      for (const YamlNode* node : pipeline_.items(to_string(hook), limits::kHookTasks)) {
        ++written_;
        read_task(*node, hook);
      }
    }
  }

  void check_number() {
    const Place place = pipeline_.place_of_key("tasks");
    if (written_ > limits::kTasks) {
      values_.add(place, "the pipeline has " + std::to_string(written_) +
                             " tasks, hooks included; at most " + std::to_string(limits::kTasks) +
                             " are allowed");
    } else {
      values_.refuse(place, refuse_tasks(around_.host.policy, written_), around_.host.file);
    }
  }

  [[nodiscard]] TaskList finish() {
    resolve_dependencies(drafts_, values_);
    ExpressionCheck check(values_);
    check_task_expressions(drafts_, around_.params, check);
    warn_unused_params(drafts_, around_.params, check, values_);
    TaskList list;
    for (const TaskDraft& draft : drafts_) list.ids.push_back({draft.task.id, draft.id_place});
    list.tasks = expand_tasks(drafts_, around_.host.policy, around_.images, check, values_);
    return list;
  }

 private:
  void read_task(const YamlNode& node, Hook hook) {
    MappingReader mapping(values_, node, kTaskKeys, "a task");
    if (node.kind != YamlNode::Kind::kMapping) return;
    TaskDraft draft;
    draft.place = node.place;
    draft.task.hook = hook;
    draft.task.id = read_id(mapping);
    draft.id_place = mapping.place_of("id");
    draft.command = read_command(mapping);
    draft.task.command = draft.command.argv;
    draft.depends_on = mapping.texts("depends_on", limits::kValueBytes);
    read_rule(mapping, draft);
    read_when(mapping, draft);
    draft.matrix = read_matrix(mapping);
    draft.task.outputs = read_outputs(mapping);
    const TaskSettings own = read_task_settings(mapping, around_.host, around_.images);
    apply_task_settings(own, around_.defaults, around_.env, around_.host, around_.images, values_,
                        draft);
    drafts_.push_back(std::move(draft));
  }

  MappingReader& pipeline_;
  ValueReader& values_;
  const TaskSurroundings& around_;
  std::vector<TaskDraft> drafts_;
  std::size_t written_ = 0;
};

}  // namespace

TaskList read_tasks(MappingReader& pipeline, const TaskSurroundings& around) {
  TaskListReader reader(pipeline, around);
  reader.read_main();
  reader.read_hooks();
  reader.check_number();
  return reader.finish();
}

}  // namespace pawl::config
