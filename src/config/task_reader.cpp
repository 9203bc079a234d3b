#include "config/task_reader.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "base/log.h"
#include "config/names.h"
#include "config/pipeline_keys.h"
#include "config/wording.h"
#include "model/dag.h"

namespace pawl::config {
namespace {

// A task while its dependencies are still names.
struct TaskDraft {
  Task task;
  Place id_place;
  std::vector<Placed<std::string>> depends_on;
};

std::vector<std::string> read_command(MappingReader& mapping) {
  ValueReader& values = mapping.values();
  const YamlNode* command = mapping.find("command");
  const YamlNode* script = mapping.find("script");
  if (command != nullptr && script != nullptr) {
    values.add(mapping.place_of_key("script"), "a task has 'command' or 'script', not both");
  }
  std::vector<std::string> script_argv;
  if (auto text = mapping.filled_text("script", limits::kValueBytes)) {
    script_argv = {"sh", "-euc", std::move(*text)};
  }
  if (command == nullptr) return script_argv;
  if (command->kind != YamlNode::Kind::kSequence) {
    auto text = mapping.texts("command", limits::kValueBytes);
    if (text.empty()) return {};
    return {"sh", "-c", std::move(text.front().value)};
  }
  if (command->items.empty()) {
    values.add(command->place, "'command' is an empty list; leave it out to run the image's own");
  }
  std::vector<std::string> argv;
  for (const YamlNode* item : command->items) {
    // Arguments may be empty, the program may not.
    auto text = argv.empty()
                    ? values.filled_text(*item, "the program in 'command'", limits::kPathBytes)
                    : values.text(*item, "an item of 'command'", limits::kValueBytes);
    if (!text) return {};
    argv.push_back(std::move(*text));
  }
  return argv;
}

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

class TaskListReader {
 public:
  TaskListReader(ValueReader& values, const TaskSettings& defaults, const Variables& pipeline_env,
                 const HostConfig& host)
      : values_(values), defaults_(defaults), pipeline_env_(pipeline_env), host_(host) {}

  void read(const YamlNode& node) {
    MappingReader mapping(values_, node, kTaskKeys, "a task");
    if (node.kind != YamlNode::Kind::kMapping) return;
    TaskDraft draft;
    draft.task.id = read_id(mapping);
    draft.id_place = mapping.place_of("id");
    draft.task.command = read_command(mapping);
    draft.depends_on = mapping.texts("depends_on", limits::kValueBytes);
    const TaskSettings own = read_task_settings(mapping, host_);
    apply_task_settings(own, defaults_, pipeline_env_, host_, node.place, values_, draft.task);
    if (!draft.task.id.empty()) {
      const auto [first, is_new] = indexes_.emplace(draft.task.id, drafts_.size());
      if (!is_new) {
        values_.add(draft.id_place, "task " + quoted(draft.task.id) +
                                        " is given twice; the first is in line " +
                                        std::to_string(drafts_[first->second].id_place.line));
      }
    }
    drafts_.push_back(std::move(draft));
  }

  [[nodiscard]] std::vector<Task> finish() {
    resolve_dependencies();
    report_cycles();
    std::vector<Task> tasks;
    tasks.reserve(drafts_.size());
    for (TaskDraft& draft : drafts_) tasks.push_back(std::move(draft.task));
    return tasks;
  }

 private:
  void resolve_dependencies() {
    std::vector<std::string_view> ids;
    for (const TaskDraft& draft : drafts_) ids.push_back(draft.task.id);
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      std::vector<std::uint32_t>& upstream = drafts_[i].task.upstream;
      for (const Placed<std::string>& name : drafts_[i].depends_on) {
        const auto index = indexes_.find(name.value);
        if (index == indexes_.end()) {
          if (values_.problems().is_full()) return;
          values_.add(name.place, "no task " + quoted(name.value) + " in this pipeline" +
                                      did_you_mean(name.value, ids));
        } else if (name.value == drafts_[i].task.id) {
          values_.add(name.place, "task " + quoted(name.value) + " depends on itself");
        } else if (const auto found = static_cast<std::uint32_t>(index->second);
                   std::find(upstream.begin(), upstream.end(), found) != upstream.end()) {
          values_.add(name.place, "'depends_on' has " + quoted(name.value) + " twice");
        } else {
          upstream.push_back(found);
        }
      }
      std::sort(upstream.begin(), upstream.end());
    }
  }

  // One problem for each cycle found, until cutting those found leaves none.
  void report_cycles() {
    constexpr std::size_t kReported = 10;
    UpstreamLists upstream;
    for (const TaskDraft& draft : drafts_) upstream.push_back(draft.task.upstream);
    for (std::size_t i = 0; i < kReported; ++i) {
      const std::vector<std::uint32_t> cycle = find_cycle(upstream);
      if (cycle.empty()) return;
      std::string path;
      for (std::uint32_t index : cycle) path += escape_control(drafts_[index].task.id) + " → ";
      path += escape_control(drafts_[cycle.front()].task.id);
      const std::uint32_t next = cycle[1 % cycle.size()];
      values_.add(place_of_dependency(cycle.front(), next),
                  "the tasks depend on each other in a circle: " + path);
      std::erase(upstream[cycle.back()], cycle.front());
      std::erase(upstream[cycle.front()], cycle.back());
    }
  }

  [[nodiscard]] Place place_of_dependency(std::uint32_t from, std::uint32_t to) const {
    for (const Placed<std::string>& name : drafts_[from].depends_on) {
      if (name.value == drafts_[to].task.id) return name.place;
    }
    return drafts_[from].id_place;
  }

  ValueReader& values_;
  const TaskSettings& defaults_;
  const Variables& pipeline_env_;
  const HostConfig& host_;
  std::vector<TaskDraft> drafts_;
  std::unordered_map<std::string, std::size_t> indexes_;
};

}  // namespace

std::vector<Task> read_tasks(MappingReader& pipeline, const TaskSettings& defaults,
                             const Variables& pipeline_env, const HostConfig& host) {
  ValueReader& values = pipeline.values();
  pipeline.require("tasks");
  const YamlNode* node = pipeline.find("tasks");
  if (node == nullptr || !values.is_sequence(*node, "'tasks'")) return {};
  if (node->items.empty())
    values.add(node->place, "'tasks' is empty; a pipeline has at least one task");
  const std::size_t max_tasks = std::min<std::size_t>(host.policy.max_tasks, limits::kTasks);
  if (node->items.size() > max_tasks) {
    values.add(pipeline.place_of_key("tasks"),
               "the pipeline has " + std::to_string(node->items.size()) +
                   " tasks; this host allows at most " + std::to_string(max_tasks) +
                   (max_tasks < limits::kTasks ? " (policy.max.tasks)" : ""));
  }
  TaskListReader reader(values, defaults, pipeline_env, host);
  // More than pawl ever runs are not worth reading.
  const std::size_t read = std::min(node->items.size(), limits::kTasks);
  for (std::size_t i = 0; i < read; ++i) reader.read(*node->items[i]);
  return reader.finish();
}

}  // namespace pawl::config
