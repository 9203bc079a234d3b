// The triggers of older dialects; see dialect.h.
#pragma once

#include "config/mapping_edit.h"
#include "config/problem_list.h"
#include "config/yaml_node.h"

namespace pawl::config {

// One trigger, typed or today's, or a text, which is a cron expression. Null, with a problem, where
// it is of no kind that a dialect has.
[[nodiscard]] const YamlNode* trigger_to_todays_form(YamlFile& file, const YamlNode& trigger,
                                                     ProblemList& problems);

// {webhook: path} of a value that may be a whole address path, as the dialects wrote it.
[[nodiscard]] const YamlNode& webhook_of_path(YamlFile& file, const YamlNode& path,
                                              Place key_place);

// The triggers that a document's tasks have of their own. Tasks that are started by the same thing
// share one trigger, so that one event makes one run.
class TaskTriggers {
 public:
  TaskTriggers(YamlFile& file, ProblemList& problems) : file_(file), problems_(problems) {}

  // `value`: of the task's key `trigger`: one, or a list of them. `id`: null when the task has none.
  void add(const YamlNode& value, const YamlNode* id);

  [[nodiscard]] std::vector<const YamlNode*> take();

 private:
  struct Started {
    const YamlNode* trigger;
    std::vector<const YamlNode*> ids;
  };
  void add_one(const YamlNode& trigger, const YamlNode& id);

  YamlFile& file_;
  ProblemList& problems_;
  std::vector<Started> all_;
};

// The same kinds, texts, keys and items, in the same order, wherever they stand.
[[nodiscard]] bool is_same_value(const YamlNode& a, const YamlNode& b);

}  // namespace pawl::config
