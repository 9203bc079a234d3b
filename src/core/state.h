// The core's whole memory: what is in force, what is under way, and what is due when. Only
// core/ changes it; the agent reads the counters at the end for its published snapshot.
//
// Everything is ordered, so that the same events always give the same commands. Finished runs are
// not here: they live in the store.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "model/dag.h"
#include "model/pipeline.h"
#include "model/run.h"
#include "model/source.h"

namespace pawl {

struct CoreSettings {
  std::uint32_t workers = 4;
  std::string boot_id{};  // of the host's boot; empty: not known
};

// A pipeline in force and its schedule.
struct PipelineEntry {
  PipelinePtr definition;
  WallTime mark;                      // ticks up to here are dealt with
  std::optional<WallTime> next_tick;  // mirrored in State::ticks
  std::uint32_t unfinished_runs = 0;
};

// Why pawl itself ends an attempt.
enum class StopCause : std::uint8_t { kNone, kCancel, kTimeout };

struct TaskEntry {
  TaskState state;
  std::optional<Attempt> live;  // handed to a worker and not ended: holds a slot
  bool recovered = false;       // `live` was handed over by an earlier agent
  StopCause stop = StopCause::kNone;
  std::optional<MonoTime> deadline;  // the live attempt's timer: timeout, then the end of the grace
  std::optional<MonoTime> retry_at;  // the waiting task's timer
};

struct RunEntry {
  Run run;
  PipelinePtr definition;
  UpstreamLists downstream;
  std::vector<TaskEntry> tasks;
  std::uint32_t unfinished_tasks = 0;
};

struct TaskRef {
  RunId run;
  std::uint32_t task = 0;
  auto operator<=>(const TaskRef&) const = default;
};

struct Timer {
  MonoTime at;
  enum class Kind : std::uint8_t { kAttempt, kRetry } kind = Kind::kAttempt;
  TaskRef task;
  auto operator<=>(const Timer&) const = default;
};

struct State {
  explicit State(CoreSettings core_settings) : settings(core_settings) {}

  CoreSettings settings;
  std::map<std::string, PipelineEntry> pipelines;
  std::map<std::string, SourceState> sources;
  RunId last_run;
  std::map<RunId, RunEntry> runs;  // unfinished
  std::set<TaskRef> ready;         // wait for a worker; oldest run first
  std::uint32_t slots_used = 0;
  std::set<Timer> timers;
  std::set<std::pair<WallTime, std::string>> ticks;  // next tick of each scheduled pipeline

  // When step() is wanted next although nothing happens.
  [[nodiscard]] std::optional<MonoTime> next_timer() const {
    return timers.empty() ? std::nullopt : std::optional(timers.begin()->at);
  }
  [[nodiscard]] std::optional<WallTime> next_tick() const {
    return ticks.empty() ? std::nullopt : std::optional(ticks.begin()->first);
  }
};

}  // namespace pawl
