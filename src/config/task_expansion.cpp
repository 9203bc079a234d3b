#include "config/task_expansion.h"

#include <unordered_set>

#include "config/wording.h"

namespace pawl::config {
namespace {

std::size_t text_bytes(const TaskDraft& draft) {
  std::size_t bytes = 0;
  for (const std::string& argument : draft.task.command) bytes += argument.size();
  for (const Variable& variable : draft.env) {
    bytes += variable.name.size() + variable.value->text.size();
  }
  return bytes;
}

// False, with a problem at the first task that is too much.
bool check_size(const std::vector<TaskDraft>& drafts, ValueReader& values) {
  std::size_t instances = 0;
  std::size_t bytes = 0;
  for (const TaskDraft& draft : drafts) {
    const Place place = draft.matrix.axes.empty() ? draft.place : draft.matrix.place;
    instances += draft.matrix.instances();
    bytes += draft.matrix.instances() * text_bytes(draft);
    if (instances > limits::kTaskInstances) {
      values.add(place, "with the instances of this task the pipeline has " +
                            std::to_string(instances) + " or more; at most " +
                            std::to_string(limits::kTaskInstances) + " are allowed");
      return false;
    }
    if (bytes > static_cast<std::size_t>(limits::kTaskTextBytes)) {
      values.add(place,
                 "with this task the pipeline's commands and environments, written out for "
                 "each instance, have more than " +
                     format_size(limits::kTaskTextBytes) + " bytes");
      return false;
    }
  }
  return true;
}

class Expansion {
 public:
  Expansion(const std::vector<TaskDraft>& drafts, const HostPolicy& policy, ImageCheck& images,
            ExpressionCheck& check, ValueReader& values)
      : drafts_(drafts), policy_(policy), images_(images), check_(check), values_(values) {
    std::uint32_t next = 0;
    for (const TaskDraft& draft : drafts_) {
      first_.push_back(next);
      next += static_cast<std::uint32_t>(draft.matrix.instances());
    }
    first_.push_back(next);
  }

  [[nodiscard]] std::vector<Task> run() {
    std::vector<Task> tasks;
    tasks.reserve(first_.back());
    for (const TaskDraft& draft : drafts_) {
      std::unordered_set<std::string> ids;
      for (std::size_t i = 0; i < draft.matrix.instances(); ++i) {
        tasks.push_back(instance(draft, i));
        if (ids.insert(tasks.back().id).second) continue;
        values_.add(draft.matrix.place,
                    "two instances would both be " + quoted(tasks.back().id) +
                        "; use values that differ in their first characters of A-Z a-z 0-9 . _ -");
      }
    }
    return tasks;
  }

 private:
  [[nodiscard]] Task instance(const TaskDraft& draft, std::size_t index) {
    Task task = draft.task;
    for (const Variable& variable : draft.env) {
      task.env.emplace_back(variable.name, variable.value->text);
    }
    for (std::uint32_t upstream : draft.upstream) {
      for (std::uint32_t i = first_[upstream]; i < first_[upstream + 1]; ++i) {
        task.upstream.push_back(i);
      }
    }
    if (!draft.matrix.axes.empty()) {
      task.matrix = draft.matrix.combination(index);
      task.base = draft.task.id;
      task.id = instance_id(task.base, task.matrix);
    }
    if (draft.image != nullptr) task.image = image_of(*draft.image, task.matrix);
    return task;
  }

  [[nodiscard]] std::string image_of(const YamlNode& node, const Variables& matrix) {
    if (node.text.find("${{") == std::string::npos) return node.text;
    const Template* text = check_.parse(node, "'image'");
    if (text == nullptr) return {};
    ExpressionContext context;
    Json axes = Json::object();
    for (const auto& [axis, value] : matrix) axes.set(axis, value);
    context.roots.set("matrix", std::move(axes));
    Result<std::string> image = text->render(context, &steps_);
    if (!image) {
      values_.add(node.place, "'image': " + image.error().message);
      return {};
    }
    if (image->size() > limits::kImageBytes) {
      values_.add(node.place, "'image' is " + std::to_string(image->size()) + " bytes long for " +
                                  "some values; at most " + std::to_string(limits::kImageBytes) +
                                  " are allowed");
      return {};
    }
    images_.add(*image, node.place, policy_);
    return *std::move(image);
  }

  const std::vector<TaskDraft>& drafts_;
  const HostPolicy& policy_;
  ImageCheck& images_;
  ExpressionCheck& check_;
  ValueReader& values_;
  std::vector<std::uint32_t> first_;              // the first instance of each draft, and the end
  std::size_t steps_ = limits::kExpressionSteps;  // for all images: a file must not take minutes
};

}  // namespace

std::vector<Task> expand_tasks(const std::vector<TaskDraft>& drafts, const HostPolicy& policy,
                               ImageCheck& images, ExpressionCheck& check, ValueReader& values) {
  if (!check_size(drafts, values)) return {};
  return Expansion(drafts, policy, images, check, values).run();
}

}  // namespace pawl::config
