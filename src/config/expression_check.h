// Whether what a text's ${{ }} names is there: params, axes, variables, tasks and their outputs. Problems stand where
// the wrong word is, each with what was meant. One thread.
//
// For one pipeline: a text that many tasks share (an env of the pipeline, an alias) is parsed once.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config/reader.h"
#include "model/expression.h"

namespace pawl::config {

// A task that an expression may ask about, or may not.
struct ScopeTask {
  std::string_view id;
  const std::vector<std::string>* outputs = nullptr;
  // Why it cannot be asked about: "is not ..."; empty: it has ended by then.
  std::string_view why_not = {};
};

// What is there for an expression. A root that is not is explained.
struct ExpressionScope {
  std::string subject;  // "task \"build\""; for messages
  const std::vector<std::string_view>* params = nullptr;
  const std::vector<std::string_view>* axes = nullptr;
  const std::vector<std::string_view>* env = nullptr;
  const std::vector<ScopeTask>* tasks = nullptr;
  std::string_view why_no_env = {};  // where `env` is null
  bool has_run = false;
  bool has_run_end = false;  // run.status, run.reason, run.message: hooks
  bool has_host = false;
  bool has_payload = false;
  bool has_status = false;  // success(), failure(), always()
};

// Of a webhook's `when` and `params`.
[[nodiscard]] ExpressionScope webhook_scope();

class ExpressionCheck {
 public:
  explicit ExpressionCheck(ValueReader& values) : values_(values) {}

  // The scalar's text, parsed; null, with a problem, where something is wrong with it. `what` names it: "'when'".
  [[nodiscard]] const Template* parse(const YamlNode& scalar, std::string_view what);
  // Whether all that it names is in the scope. What is reported for one scope is not reported again for others.
  void check(const YamlNode& scalar, std::string_view what, const ExpressionScope& scope);
  // For a condition: the scalar is nothing but one ${{ }}. Line ends behind it do no harm.
  const Template* check_condition(const YamlNode& scalar, std::string_view what,
                                  const ExpressionScope& scope);

  // Params that any checked text names; "*": one that is computed, so that it may be any.
  [[nodiscard]] const std::set<std::string, std::less<>>& used_params() const {
    return used_params_;
  }

 private:
  struct Parsed {
    std::optional<Template> text;
    bool has_problem = false;
  };
  Parsed& parsed(const YamlNode& scalar, std::string_view text, std::string_view what);
  void check(Parsed& entry, const YamlNode& scalar, std::string_view what,
             const ExpressionScope& scope);
  // What is wrong with a path; empty: nothing.
  [[nodiscard]] std::string problem_of(const ExpressionPath& path, const ExpressionScope& scope);
  void note_param(const ExpressionPath& path);

  ValueReader& values_;
  std::unordered_map<const YamlNode*, Parsed> parsed_;
  std::set<std::string, std::less<>> used_params_;
};

}  // namespace pawl::config
