#include "agent/pull_entry.h"

#include "config/pipeline_loader.h"
#include "git/pull_child.h"

namespace pawl {

int run_internal_pull() {
  // What crashes the parser ends this process and not the agent; the verdict itself is the agent's.
  return run_pull_child(
      [](const PulledFile& file) { static_cast<void>(parse_pipeline_file(file.content, {}, {})); });
}

}  // namespace pawl
