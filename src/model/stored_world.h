// All that a starting agent needs from its store, in one value (ports/store.h: load()).
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "model/action.h"
#include "model/pipeline.h"
#include "model/run.h"
#include "model/source.h"

namespace pawl {

struct StoredWorld {
  RunId last_run;         // highest id ever handed out
  WallTime highest_time;  // the latest time that any run was created at
  std::vector<PipelinePtr> pipelines;
  std::vector<std::pair<std::string, WallTime>> schedule_marks;
  std::vector<SourceState> sources;
  std::vector<std::pair<std::string, Suspension>> suspensions;  // by pipeline
  std::vector<RunDetail> unfinished;                            // rising run ids
  // Same order as `unfinished`; nullptr where the definition could not be read.
  std::vector<PipelinePtr> unfinished_definitions;
  std::vector<std::string> damaged;  // records that were set aside, for the log
};

}  // namespace pawl
