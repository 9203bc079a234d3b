#include "config/task_expressions.h"

#include <algorithm>
#include <set>
#include <unordered_set>

#include "config/names.h"
#include "config/task_graph.h"
#include "config/wording.h"

namespace pawl::config {
namespace {

constexpr std::string_view kExpression = "${{";
constexpr std::string_view kParamVariable = "PAWL_PARAM_";

bool has_expression(const YamlNode& node) {
  return node.text.find(kExpression) != std::string::npos;
}

bool has_expression(const TaskDraft& draft) {
  return draft.when != nullptr || (draft.image != nullptr && has_expression(*draft.image)) ||
         std::any_of(draft.command.items.begin(), draft.command.items.end(),
                     [](const YamlNode* item) { return has_expression(*item); }) ||
         std::any_of(draft.env.begin(), draft.env.end(),
                     [](const Variable& variable) { return has_expression(*variable.value); });
}

// Why `task` cannot ask about `other`; empty: it can.
std::string_view why_not(const Task& task, const Task& other, bool is_upstream) {
  if (&task == &other) return "is this task itself";
  if (is_upstream || (task.hook != Hook::kNone && other.hook == Hook::kNone)) return "";
  if (task.hook == Hook::kNone && other.hook != Hook::kNone) {
    return "is a hook, which runs after this task";
  }
  return "is not upstream of this one, so it may not have ended; name it in 'depends_on', or a "
         "task that depends on it";
}

class TaskExpressions {
 public:
  TaskExpressions(std::vector<TaskDraft>& drafts, const std::vector<Placed<Param>>& params,
                  ExpressionCheck& check)
      : drafts_(drafts), check_(check) {
    for (const auto& param : params) params_.push_back(param.value.name);
  }

  void check(std::size_t index) {
    TaskDraft& draft = drafts_[index];
    std::vector<std::string_view> axes;
    for (const MatrixAxis& axis : draft.matrix.axes) axes.push_back(axis.name);
    std::vector<std::string_view> variables;
    for (const Variable& variable : draft.env) variables.push_back(variable.name);
    const std::vector<ScopeTask> tasks = scope_tasks(index);

    ExpressionScope scope;
    scope.subject = "task " + quoted(draft.task.id);
    scope.axes = &axes;
    if (draft.image != nullptr && has_expression(*draft.image)) {
      check_.check(*draft.image, "'image'", scope);
    }
    scope.params = &params_;
    scope.tasks = &tasks;
    scope.has_run = true;
    scope.has_run_end = draft.task.hook != Hook::kNone;
    scope.has_host = true;
    scope.has_status = true;
    scope.why_no_env = "a value of 'env' cannot take in other variables";
    for (const Variable& variable : draft.env) {
      if (!has_expression(*variable.value)) continue;
      check_.check(*variable.value, "'" + std::string(variable.name) + "'", scope);
    }
    scope.env = &variables;
    for (const YamlNode* item : draft.command.items) {
      if (has_expression(*item)) check_.check(*item, "an item of 'command'", scope);
    }
    if (draft.when != nullptr) check_when(draft, scope);
  }

 private:
  void check_when(TaskDraft& draft, const ExpressionScope& scope) {
    const Template* when = check_.check_condition(*draft.when, "'when'", scope);
    if (when != nullptr && when->asks_for_status() && !draft.has_rule) {
      draft.task.rule = TriggerRule::kAllDone;
    }
  }

  [[nodiscard]] std::vector<ScopeTask> scope_tasks(std::size_t index) const {
    const std::vector<bool> upstream = ancestors(drafts_, index);
    std::vector<ScopeTask> tasks;
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const Task& other = drafts_[i].task;
      tasks.push_back({other.id, &other.outputs, why_not(drafts_[index].task, other, upstream[i])});
    }
    return tasks;
  }

  std::vector<TaskDraft>& drafts_;
  ExpressionCheck& check_;
  std::vector<std::string_view> params_;
};

// The names behind PAWL_PARAM_ in the tasks' texts; an empty one: it is put together there, and may be any.
std::set<std::string, std::less<>> read_param_variables(const std::vector<TaskDraft>& drafts) {
  std::set<std::string, std::less<>> names;
  std::unordered_set<const YamlNode*> seen;
  const auto scan = [&](const YamlNode* node) {
    if (node == nullptr || !seen.insert(node).second) return;
    const std::string_view text = node->text;
    for (std::size_t at = text.find(kParamVariable); at != std::string_view::npos;
         at = text.find(kParamVariable, at)) {
      at += kParamVariable.size();
      const std::size_t end = text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", at);
      names.emplace(text.substr(at, end - at));
    }
  };
  for (const TaskDraft& draft : drafts) {
    scan(draft.command.shell_text);
    for (const YamlNode* item : draft.command.items) scan(item);
    for (const Variable& variable : draft.env) scan(variable.value);
  }
  return names;
}

}  // namespace

void check_task_expressions(std::vector<TaskDraft>& drafts,
                            const std::vector<Placed<Param>>& params, ExpressionCheck& check) {
  TaskExpressions expressions(drafts, params, check);
  for (std::size_t i = 0; i < drafts.size(); ++i) {
    if (has_expression(drafts[i])) expressions.check(i);
  }
}

void warn_unused_params(const std::vector<TaskDraft>& drafts,
                        const std::vector<Placed<Param>>& params, const ExpressionCheck& check,
                        ValueReader& values) {
  if (params.empty()) return;
  const auto variables = read_param_variables(drafts);
  if (variables.contains("") || check.used_params().contains("*")) return;
  for (const auto& [param, place] : params) {
    const std::string variable = upper_case(param.name);
    if (check.used_params().contains(param.name) || variables.contains(variable)) continue;
    values.warn(place, "param " + quoted(param.name) + " is not used: no expression names params." +
                           param.name + ", and no command, script or env reads " +
                           std::string(kParamVariable) + variable);
  }
}

}  // namespace pawl::config
