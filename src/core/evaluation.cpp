// Only the roots that a text names are built: a run has up to a thousand tasks, and most texts name none of them.
#include "core/evaluation.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/verdict.h"
#include "model/expression.h"

namespace pawl {
namespace {

using Paths = std::vector<ExpressionPath>;

Json typed_value(ParamType type, const std::string& text) {
  const char* end = text.data() + text.size();
  if (type == ParamType::kBoolean) return text == "true";
  if (type == ParamType::kInteger) {
    std::int64_t value = 0;
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (code == std::errc{} && stop == end) return value;
  }
  if (type == ParamType::kNumber) {
    double value = 0;
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (code == std::errc{} && stop == end) return value;
  }
  return text;
}

Json time_value(WallTime time) { return time.is_set() ? Json(format_rfc3339(time)) : Json(); }

class Scope {
 public:
  Scope(const State& state, const RunEntry& run, std::uint32_t index, std::uint32_t attempt)
      : state_(state), run_(run), task_(run.definition->tasks[index]), attempt_(attempt) {}

  [[nodiscard]] Result<ExpressionContext> context(const Paths& paths) const {
    ExpressionContext context;
    for (const std::string& root : roots_of(paths)) {
      if (root == "params") context.roots.set(root, params());
      if (root == "matrix") context.roots.set(root, object_of(task_.matrix));
      if (root == "run") context.roots.set(root, run());
      if (root == "host") context.roots.set(root, host());
      if (root == "tasks") context.roots.set(root, tasks(paths));
      if (root == "env") {
        PAWL_TRY(const Variables env, this->env());
        context.roots.set(root, object_of(env));
      }
    }
    context.failure = task_.hook == Hook::kNone ? any_upstream_failed()
                                                : judge_run(run_).status == Status::kFailed;
    context.success =
        task_.hook == Hook::kNone ? !context.failure : judge_run(run_).status == Status::kSuccess;
    return context;
  }

  [[nodiscard]] Result<std::string> render(const std::string& text) const {
    if (text.find("${{") == std::string::npos) return text;
    PAWL_TRY(const Template parsed, Template::parse(text));
    PAWL_TRY(const ExpressionContext context, this->context(parsed.paths()));
    return parsed.render(context);
  }

  // An env value cannot name another one (config/ refuses it), so this ends.
  [[nodiscard]] Result<Variables> env() const {
    Variables result;
    for (const auto& [name, text] : task_.env) {
      auto value = render(text);
      if (!value) return in_text(value.error(), "env " + name);
      result.emplace_back(name, std::move(value).value());
    }
    return result;
  }

  [[nodiscard]] static Error in_text(Error error, const std::string& place) {
    error.message = place + ": " + error.message;
    return error;
  }

 private:
  static std::set<std::string> roots_of(const Paths& paths) {
    std::set<std::string> roots;
    for (const ExpressionPath& path : paths) roots.insert(path.segments.front());
    return roots;
  }

  static Json object_of(const Variables& variables) {
    Json json = Json::object();
    for (const auto& [name, value] : variables) json.set(name, value);
    return json;
  }

  [[nodiscard]] Json params() const {
    Json json = Json::object();
    for (const auto& [name, value] : run_.run.params) {
      const auto& declared = run_.definition->params;
      const auto param = std::find_if(declared.begin(), declared.end(),
                                      [&](const Param& p) { return p.name == name; });
      json.set(name, param == declared.end() ? Json(value) : typed_value(param->type, value));
    }
    return json;
  }

  [[nodiscard]] Json run() const {
    const Run& run = run_.run;
    Json json = Json::object();
    json.set("id", run.id.text());
    json.set("pipeline", run.pipeline);
    json.set("trigger", to_string(run.trigger.kind));
    json.set("revision", run.revision);
    json.set("created_at", time_value(run.created_at));
    json.set("scheduled_at", time_value(run.trigger.scheduled_at));
    json.set("actor", run.trigger.actor);
    json.set("attempt", attempt_);
    if (task_.hook != Hook::kNone) {
      const RunVerdict verdict = judge_run(run_);
      json.set("status", to_string(verdict.status));
      json.set("reason", to_string(verdict.reason));
      json.set("message", verdict.message);
    }
    return json;
  }

  [[nodiscard]] Json host() const {
    Json labels = Json::object();
    for (const auto& [name, value] : state_.settings.host_labels) labels.set(name, value);
    Json json = Json::object();
    json.set("name", state_.settings.host_name);
    json.set("labels", std::move(labels));
    return json;
  }

  // Those named; all, where a text works a name out.
  [[nodiscard]] Json tasks(const Paths& paths) const {
    std::set<std::string> names;
    bool all = false;
    for (const ExpressionPath& path : paths) {
      if (path.segments.front() != "tasks") continue;
      if (path.segments.size() > 1) names.insert(path.segments[1]);
      all |= path.segments.size() == 1;
    }
    Json::Object members;
    const std::vector<Task>& tasks = run_.definition->tasks;
    for (std::uint32_t index = 0; index < tasks.size();) {
      const std::string& id = written_id(tasks[index]);
      std::uint32_t end = index + 1;
      while (end < tasks.size() && written_id(tasks[end]) == id) ++end;
      if (all || names.contains(id)) members.emplace_back(id, task(index, end));
      index = end;
    }
    return Json(std::move(members));
  }

  // The instances [begin, end) of one written task.
  [[nodiscard]] Json task(std::uint32_t begin, std::uint32_t end) const {
    const Task& first = run_.definition->tasks[begin];
    Status worst = run_.tasks[begin].state.status;
    Json outputs = Json::object();
    for (const std::string& name : first.outputs) {
      Json values = Json::array();
      for (std::uint32_t index = begin; index < end; ++index) {
        values.push(output(index, name));
      }
      outputs.set(name, first.base.empty() ? values.items().front() : std::move(values));
    }
    for (std::uint32_t index = begin; index < end; ++index) {
      const Status status = run_.tasks[index].state.status;
      if (badness(status) > badness(worst)) worst = status;
    }
    Json json = Json::object();
    json.set("status", to_string(worst));
    json.set("outputs", std::move(outputs));
    return json;
  }

  [[nodiscard]] Json output(std::uint32_t index, const std::string& name) const {
    for (const auto& [known, value] : run_.tasks[index].state.outputs) {
      if (known == name) return value;
    }
    return {};
  }

  static int badness(Status status) {
    switch (status) {
      case Status::kFailed:
        return 5;
      case Status::kCancelled:
        return 4;
      case Status::kRunning:
        return 3;
      case Status::kPending:
        return 2;
      case Status::kSkipped:
        return 1;
      case Status::kSuccess:
        return 0;
    }
    return 0;
  }

  [[nodiscard]] bool any_upstream_failed() const {
    return std::any_of(task_.upstream.begin(), task_.upstream.end(), [&](std::uint32_t before) {
      return run_.tasks[before].outcome == Outcome::kFailed;
    });
  }

  const State& state_;
  const RunEntry& run_;
  const Task& task_;
  const std::uint32_t attempt_;
};

}  // namespace

Result<bool> condition_holds(const State& state, const RunEntry& run, std::uint32_t task) {
  const std::string& when = run.definition->tasks[task].when;
  if (when.empty()) return true;
  PAWL_TRY(const Template parsed, Template::parse(when));
  const Scope scope(state, run, task, run.tasks[task].state.attempts + 1);
  PAWL_TRY(const ExpressionContext context, scope.context(parsed.paths()));
  PAWL_TRY(const Json value, parsed.value(context));
  return is_true(value);
}

Result<EvaluatedTask> evaluate_task(const State& state, const RunEntry& run, std::uint32_t task,
                                    std::uint32_t attempt) {
  const Scope scope(state, run, task, attempt);
  EvaluatedTask result;
  PAWL_TRY(result.env, scope.env());
  for (const std::string& text : run.definition->tasks[task].command) {
    auto argument = scope.render(text);
    if (!argument) return Scope::in_text(argument.error(), "command");
    result.command.push_back(std::move(argument).value());
  }
  return result;
}

}  // namespace pawl
