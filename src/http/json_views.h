// Runs, pipelines and sources as the API shows them (docs/api.md). snake_case; times RFC 3339 UTC with
// milliseconds, or null when unset; ids are strings. Pure.
#pragma once

#include <optional>
#include <vector>

#include "base/json.h"
#include "base/time.h"
#include "model/pipeline.h"
#include "model/run.h"
#include "model/source.h"
#include "ports/control.h"
#include "ports/store.h"

namespace pawl::http {

[[nodiscard]] Json time_json(WallTime time);
// Of engine log times; nanoseconds are cut to milliseconds.
[[nodiscard]] std::string time_text_ns(std::int64_t time_ns);

// The longest path from a task without upstream to each: 0 for those; hooks among themselves.
[[nodiscard]] std::vector<std::uint32_t> task_levels(const Pipeline& definition);

[[nodiscard]] Json status_json(const AgentSnapshot& snapshot);

// `now`: what a running run's duration counts to.
[[nodiscard]] Json run_summary_json(const Run& run, WallTime now);
// `definition` may be null where it could not be read: then tasks have their index for a name.
[[nodiscard]] Json run_detail_json(const RunDetail& detail, const Pipeline* definition,
                                   WallTime now);

// The next tick after `now` of any of its cron triggers; unset when there is none.
[[nodiscard]] WallTime next_tick(const Pipeline& pipeline, WallTime now);

// How a pipeline stands; what is null is not so.
struct PipelineStanding {
  const Run* last_run = nullptr;
  const Suspension* suspension = nullptr;  // then it has no next ticks
  const Elsewhere* refusal = nullptr;      // a newer version that the host's policy refuses
};
[[nodiscard]] Json pipeline_summary_json(const Pipeline& pipeline, const PipelineStanding& standing,
                                         WallTime now);
[[nodiscard]] Json pipeline_detail_json(const Pipeline& pipeline, const PipelineStanding& standing,
                                        WallTime now);

// A pipeline that the host's policy refuses and of which no version is in force, as a summary.
[[nodiscard]] Json refused_summary_json(const SourceState& source, const Elsewhere& pipeline,
                                        const Run* last_run, WallTime now);

[[nodiscard]] Json source_json(const SourceState& source);

struct ScheduledTick {
  WallTime at;
  const Pipeline* pipeline = nullptr;
  const CronTrigger* trigger = nullptr;
};
// The first `count` ticks after `now`, earliest first (then by pipeline name). Pointers are into
// `pipelines`.
[[nodiscard]] std::vector<ScheduledTick> next_ticks(const std::vector<const Pipeline*>& pipelines,
                                                    WallTime now, std::size_t count);
[[nodiscard]] Json tick_json(const ScheduledTick& tick);

[[nodiscard]] Json log_record_json(const LogRecord& record);

}  // namespace pawl::http
