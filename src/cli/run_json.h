// Stored runs as the API's objects: RunSummary, and a run with its tasks. Pure.
#pragma once

#include "base/json.h"
#include "base/time.h"
#include "model/pipeline.h"
#include "model/run.h"

namespace pawl::cli {

[[nodiscard]] Json run_summary_json(const Run& run, WallTime now);
// `definition`: what the run ran; nullptr where its snapshot cannot be read: tasks then have their
// index for an id and nothing of what was asked for.
[[nodiscard]] Json run_detail_json(const RunDetail& detail, const Pipeline* definition,
                                   WallTime now);

}  // namespace pawl::cli
