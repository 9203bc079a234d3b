#include "config/expression_check.h"

#include <algorithm>
#include <array>

#include "base/log.h"
#include "config/wording.h"
#include "model/pipeline.h"

namespace pawl::config {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::array<std::string_view, 7> kRunFields = {
    "id", "pipeline", "trigger", "revision", "created_at", "scheduled_at", "actor"};
constexpr std::array<std::string_view, 3> kRunEndFields = {"status", "reason", "message"};

bool has(std::span<const std::string_view> words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "; there are a and b", or the word that was meant.
std::string what_there_is(std::string_view word, std::span<const std::string_view> words,
                          const ValueReader& values) {
  constexpr std::size_t kListed = 10;
  std::string meant = values.did_you_mean(word, words);
  if (!meant.empty() || words.empty() || words.size() > kListed) return meant;
  return (words.size() == 1 ? "; there is " : "; there are ") + listed(words);
}

Words roots_of(const ExpressionScope& scope) {
  Words roots;
  if (scope.params != nullptr) roots.emplace_back("params");
  if (scope.axes != nullptr) roots.emplace_back("matrix");
  if (scope.env != nullptr) roots.emplace_back("env");
  if (scope.has_run) roots.emplace_back("run");
  if (scope.has_host) roots.emplace_back("host");
  if (scope.has_payload) roots.emplace_back("payload");
  if (scope.tasks != nullptr) roots.emplace_back("tasks");
  return roots;
}

// Of a root whose members are texts: params, matrix, env. `noun`: "param".
std::string check_member(const ExpressionPath& path, const Words& names, std::string_view noun,
                         std::string_view whose, const ValueReader& values) {
  if (path.segments.size() < 2) return "";  // the whole, or a computed name
  const std::string& name = path.segments[1];
  if (!has(names, name)) {
    return "no " + std::string(noun) + " " + quoted(name) + " in " + std::string(whose) +
           what_there_is(name, names, values);
  }
  if (path.segments.size() == 2 && path.is_whole) return "";
  return std::string(noun) + " " + quoted(name) + " is a single value; nothing comes after it";
}

std::string check_run(const ExpressionPath& path, const ExpressionScope& scope,
                      const ValueReader& values) {
  if (path.segments.size() < 2) return "";
  const std::string& field = path.segments[1];
  Words fields(kRunFields.begin(), kRunFields.end());
  fields.emplace_back("attempt");
  const bool is_of_end = has(kRunEndFields, field);
  if (is_of_end && !scope.has_run_end) {
    return "run." + field + " is known in hooks only, which run after the tasks";
  }
  if (scope.has_run_end) fields.insert(fields.end(), kRunEndFields.begin(), kRunEndFields.end());
  if (!has(fields, field))
    return "no " + quoted(field) + " in run" + values.did_you_mean(field, fields);
  return path.segments.size() == 2 && path.is_whole
             ? ""
             : "run." + field + " is a single value; nothing comes after it";
}

std::string check_host(const ExpressionPath& path, const ValueReader& values) {
  if (path.segments.size() < 2) return "";
  const std::string& field = path.segments[1];
  constexpr std::array<std::string_view, 2> kFields = {"name", "labels"};
  if (!has(kFields, field))
    return "no " + quoted(field) + " in host" + what_there_is(field, kFields, values);
  if (field == "name" && (path.segments.size() > 2 || !path.is_whole)) {
    return "host.name is a single value; nothing comes after it";
  }
  return path.segments.size() > 3 ? "a label is a single value; nothing comes after it" : "";
}

constexpr std::string_view kTaskForms = "write tasks.ID.outputs.NAME or tasks.ID.status";

std::string no_task(const ExpressionPath& path, const std::vector<ScopeTask>& tasks,
                    const ValueReader& values) {
  const std::string& id = path.segments[1];
  Words ids;
  std::string longer = id;
  for (std::size_t i = 2; i < path.segments.size(); ++i) {
    longer += "." + path.segments[i];
    for (const ScopeTask& task : tasks) {
      if (task.id != longer) continue;
      return "no task " + quoted(id) + "; for an id with a dot write tasks['" +
             escape_control(longer) + "']";
    }
  }
  for (const ScopeTask& task : tasks) {
    if (is_valid_name(task.id)) ids.push_back(task.id);
  }
  return "no task " + quoted(id) + " in this pipeline" + values.did_you_mean(id, ids);
}

std::string check_task(const ExpressionPath& path, const std::vector<ScopeTask>& tasks,
                       const ValueReader& values) {
  if (path.segments.size() < 2) {
    return std::string(path.is_whole ? "" : "the id of a task cannot be computed: ") +
           std::string(kTaskForms);
  }
  const auto task = std::find_if(tasks.begin(), tasks.end(), [&](const ScopeTask& candidate) {
    return candidate.id == path.segments[1];
  });
  if (task == tasks.end()) return no_task(path, tasks, values);
  if (!task->why_not.empty()) return "task " + quoted(task->id) + " " + std::string(task->why_not);
  if (path.segments.size() < 3) return std::string(kTaskForms);
  constexpr std::array<std::string_view, 2> kFields = {"outputs", "status"};
  const std::string& field = path.segments[2];
  if (!has(kFields, field)) {
    return "no " + quoted(field) + " in a task" + what_there_is(field, kFields, values);
  }
  if (field == "status") {
    return path.segments.size() == 3 && path.is_whole
               ? ""
               : "the status of a task is a single value; nothing comes after it";
  }
  if (path.segments.size() < 4) return "";
  const std::string& output = path.segments[3];
  const Words outputs(task->outputs->begin(), task->outputs->end());
  if (has(outputs, output)) return "";
  return "task " + quoted(task->id) + " declares no output " + quoted(output) +
         (outputs.empty() ? "; list it in the task's 'outputs'"
                          : what_there_is(output, outputs, values));
}

constexpr std::array<std::string_view, 7> kRoots = {"params", "matrix",  "env",  "run",
                                                    "host",   "payload", "tasks"};

std::string no_root(std::string_view root, const ExpressionScope& scope,
                    const ValueReader& values) {
  if (root == "payload") {
    return "the payload is known to a webhook's 'when' and 'params' only; take the value into a "
           "param there, and use params.NAME";
  }
  if (root == "env" && !scope.why_no_env.empty()) return std::string(scope.why_no_env);
  const Words roots = roots_of(scope);
  if (has(kRoots, root)) {
    return "'" + std::string(root) + "' is not known here; " +
           (roots.size() == 1 ? "only " : "known are ") + listed(roots) +
           (roots.size() == 1 ? " is" : "");
  }
  std::string message = "unknown name " + quoted(root) + " in an expression";
  const std::string meant = values.did_you_mean(root, roots);
  return message +
         (meant.empty() ? "; known are " + listed(roots) + ", and text stands in 'quotes'" : meant);
}

}  // namespace

ExpressionScope webhook_scope() {
  ExpressionScope scope;
  scope.subject = "a webhook";
  scope.has_host = true;
  scope.has_payload = true;
  return scope;
}

ExpressionCheck::Parsed& ExpressionCheck::parsed(const YamlNode& scalar, std::string_view text,
                                                 std::string_view what) {
  const auto [known, is_new] = parsed_.try_emplace(&scalar);
  if (!is_new) return known->second;
  std::size_t error_at = 0;
  Result<Template> parsed_text = Template::parse(text, &error_at);
  if (parsed_text) {
    known->second.text = std::move(*parsed_text);
  } else {
    known->second.has_problem = true;
    values_.add(place_in(scalar, error_at),
                "bad expression in " + std::string(what) + ": " + parsed_text.error().message);
  }
  return known->second;
}

void ExpressionCheck::check(Parsed& entry, const YamlNode& scalar, std::string_view what,
                            const ExpressionScope& scope) {
  const Template& text = *entry.text;
  const bool was_reported = entry.has_problem;
  const auto report = [&](Place place, std::string problem) {
    if (!was_reported) values_.add(place, std::move(problem));
    entry.has_problem = true;
  };
  if (text.asks_for_status() && !scope.has_status) {
    report(scalar.place, "success(), failure() and always() say nothing in " + std::string(what) +
                             ": there is no run yet");
  }
  for (const ExpressionPath& path : text.paths()) {
    note_param(path);
    if (was_reported) continue;
    if (values_.problems().is_full()) {
      report(scalar.place, {});
      continue;
    }
    std::string problem = problem_of(path, scope);
    if (!problem.empty()) report(place_in(scalar, path.offset), std::move(problem));
  }
}

const Template* ExpressionCheck::parse(const YamlNode& scalar, std::string_view what) {
  const Parsed& entry = parsed(scalar, scalar.text, what);
  return entry.text && !entry.has_problem ? &*entry.text : nullptr;
}

void ExpressionCheck::check(const YamlNode& scalar, std::string_view what,
                            const ExpressionScope& scope) {
  Parsed& entry = parsed(scalar, scalar.text, what);
  if (entry.text) check(entry, scalar, what, scope);
}

const Template* ExpressionCheck::check_condition(const YamlNode& scalar, std::string_view what,
                                                 const ExpressionScope& scope) {
  const std::string_view written = scalar.text;
  Parsed& entry = parsed(scalar, written.substr(0, written.find_last_not_of(" \n") + 1), what);
  if (!entry.text) return nullptr;
  check(entry, scalar, what, scope);
  if (entry.text->is_single()) return &*entry.text;
  if (!entry.has_problem) {
    entry.has_problem = true;
    constexpr std::size_t kProposed = 60;
    std::string message =
        std::string(what) + " is one ${{ ... }} with nothing around it, or true or false";
    if (entry.text->is_literal() && written.size() <= kProposed) {
      message += "; write \"${{ " + escape_control(written) + " }}\"";
    }
    values_.add(scalar.place, std::move(message));
  }
  return nullptr;
}

void ExpressionCheck::note_param(const ExpressionPath& path) {
  if (path.segments.front() != "params") return;
  used_params_.insert(path.segments.size() < 2 ? "*" : path.segments[1]);
}

std::string ExpressionCheck::problem_of(const ExpressionPath& path, const ExpressionScope& scope) {
  const std::string& root = path.segments.front();
  if (!has(roots_of(scope), root)) return no_root(root, scope, values_);
  if (root == "params") return check_member(path, *scope.params, "param", "this pipeline", values_);
  if (root == "matrix" && scope.axes->empty()) return scope.subject + " has no matrix";
  if (root == "matrix")
    return check_member(path, *scope.axes, "axis", "the matrix of " + scope.subject, values_);
  if (root == "env")
    return check_member(path, *scope.env, "variable", "the env of " + scope.subject, values_);
  if (root == "run") return check_run(path, scope, values_);
  if (root == "host") return check_host(path, values_);
  if (root == "tasks") return check_task(path, *scope.tasks, values_);
  return "";  // payload: whatever the sender puts into it
}

}  // namespace pawl::config
