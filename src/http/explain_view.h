// What `pawl pipeline explain` shows: a pipeline's definition as this host takes it, why it does or does not run here, and
// when next. Reads secrets to see whether they are there; their values stay here. Thread-safe.
#pragma once

#include "base/json.h"
#include "http/json_views.h"
#include "model/host_config.h"
#include "ports/control.h"

namespace pawl::http {

// A pipeline in force: pipeline_detail_json() and `host` `runs_here` `why_not` `refused` `secrets`, with `level` in each task,
// and `ticks` and `clock_change` in each cron trigger.
[[nodiscard]] Json pipeline_explanation_json(const Pipeline& pipeline,
                                             const PipelineStanding& standing,
                                             const HostConfig& host, const Control& control,
                                             WallTime now);

// One for other hosts, or refused by this one's policy: `name` `state` `host` `runs_here` `why_not` `origin`.
[[nodiscard]] Json elsewhere_explanation_json(const SourceState& source, const Elsewhere& pipeline,
                                              const HostConfig& host);

}  // namespace pawl::http
