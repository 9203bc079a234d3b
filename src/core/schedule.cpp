#include "core/schedule.h"

#include <algorithm>

#include "core/triggers.h"

namespace pawl {
namespace {

std::optional<WallTime> next_tick(const Pipeline& pipeline, WallTime after) {
  std::optional<WallTime> earliest;
  for (const Trigger& trigger : pipeline.triggers) {
    const auto* cron = std::get_if<CronTrigger>(&trigger);
    if (cron == nullptr) continue;
    const auto tick = cron->schedule.next(after, cron->zone);
    if (tick && (!earliest || *tick < *earliest)) earliest = tick;
  }
  return earliest;
}

// The last of the ticks in [first, now]. Counting through a long gap tick by tick would stall the
// loop, so past a bound the search starts again closer to now, halving the distance each time.
WallTime latest_missed(const Pipeline& pipeline, WallTime first, WallTime now) {
  WallTime latest = first;
  std::size_t steps = 0;
  while (true) {
    auto next = next_tick(pipeline, latest);
    if (!next || *next > now) return latest;
    latest = *next;
    if (++steps < limits::kCatchupScanTicks) continue;
    steps = 0;
    const WallTime middle{latest.ms + (now.ms - latest.ms) / 2};
    next = next_tick(pipeline, middle);
    if (next && *next <= now) latest = *next;
  }
}

}  // namespace

void schedule_after(StepContext& context, const std::string& name, WallTime after) {
  unschedule(context, name);
  PipelineEntry& entry = context.state.pipelines.at(name);
  entry.next_tick = next_tick(*entry.definition, after);
  if (entry.next_tick) context.state.ticks.emplace(*entry.next_tick, name);
}

void unschedule(StepContext& context, const std::string& name) {
  PipelineEntry& entry = context.state.pipelines.at(name);
  if (entry.next_tick) context.state.ticks.erase({*entry.next_tick, name});
  entry.next_tick.reset();
}

void run_due_ticks(StepContext& context) {
  State& state = context.state;
  while (!state.ticks.empty() && state.ticks.begin()->first <= context.wall) {
    const auto [due, name] = *state.ticks.begin();
    PipelineEntry& entry = state.pipelines.at(name);
    const WallTime tick = latest_missed(*entry.definition, due, context.wall);
    entry.mark = tick;
    schedule_after(context, name, tick);
    accept_tick(context, name, tick);
    context.emit(SaveScheduleMark{name, tick});
  }
}

}  // namespace pawl
