// A task as it is written: its dependencies still names, its matrix not expanded, its expressions not checked. Points into
// the YAML tree. Values; one thread.
#pragma once

#include <string>
#include <vector>

#include "config/command_reader.h"
#include "config/matrix.h"
#include "config/variables_reader.h"
#include "model/pipeline.h"

namespace pawl::config {

struct TaskDraft {
  Task task;  // but for image, env, matrix and upstream
  Place place;
  Place id_place;
  std::vector<Placed<std::string>> depends_on;
  std::vector<std::uint32_t> upstream;  // indexes of drafts, rising, unique
  Matrix matrix;
  const YamlNode* image = nullptr;  // none: the host's default
  const YamlNode* when = nullptr;   // an expression
  bool has_rule = false;            // trigger_rule is written
  Command command;
  Environment env;
};

}  // namespace pawl::config
