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
#include "core/ready_queue.h"
#include "core/trigger_rule.h"
#include "model/action.h"
#include "model/dag.h"
#include "model/pipeline.h"
#include "model/run.h"
#include "model/source.h"

namespace pawl {

struct CoreSettings {
  std::uint32_t workers = 4;
  std::string boot_id{};  // of the host's boot; empty: not known
  std::string host_name{};
  std::map<std::string, std::string> host_labels{};
};

// A pipeline in force and its schedule.
struct PipelineEntry {
  PipelinePtr definition;
  WallTime mark;                      // ticks up to here are dealt with
  std::optional<WallTime> next_tick;  // mirrored in State::ticks
  std::uint32_t unfinished_runs = 0;
};

// Why pawl itself ends an attempt: kCancel also for a replaced run, kRunTimeout for the whole run's.
enum class StopCause : std::uint8_t { kNone, kCancel, kTimeout, kRunTimeout };

struct TaskEntry {
  TaskState state;
  std::optional<Attempt> live;  // handed to a worker and not ended: holds a slot
  bool recovered = false;       // `live` was handed over by an earlier agent
  StopCause stop = StopCause::kNone;
  Outcome outcome = Outcome::kOpen;  // what `state` means for the tasks behind it
  bool released = false;             // its rule and its condition let it run
  std::optional<MonoTime> deadline;  // the live attempt's timer: timeout, then the end of the grace
  std::optional<MonoTime> retry_at;  // the waiting task's timer
};

struct RunEntry {
  Run run;
  PipelinePtr definition;
  UpstreamLists downstream;
  std::vector<TaskEntry> tasks;
  std::uint32_t unfinished_tasks = 0;
  std::uint32_t unfinished_main = 0;  // without hooks
  bool hooks_open = false;            // the other tasks are over
  bool admitted = false;  // may start tasks: has a place in its concurrency group, or needs none
  std::optional<MonoTime> deadline;  // the whole run's timer
};

// The unfinished runs of one concurrency group (core/groups.h).
struct Group {
  using Waiting = std::pair<std::uint32_t, RunId>;  // priorities below the highest one, run
  std::set<RunId> admitted;
  std::set<Waiting> waiting;
};

struct Timer {
  MonoTime at;
  enum class Kind : std::uint8_t { kAttempt, kRetry, kRun } kind = Kind::kAttempt;
  TaskRef task;  // kRun: its task is 0
  auto operator<=>(const Timer&) const = default;
};

struct State {
  explicit State(CoreSettings core_settings) : settings(core_settings) {}

  CoreSettings settings;
  std::map<std::string, PipelineEntry> pipelines;
  // By upstream pipeline: the pipelines in force with a pipeline trigger on it.
  std::map<std::string, std::set<std::string>> followers;
  std::map<std::string, SourceState> sources;
  RunId last_run;
  std::map<RunId, RunEntry> runs;  // unfinished
  std::map<std::string, Group> groups;
  std::map<std::string, Suspension> suspended;  // by pipeline, whether in force or not
  ReadyQueue ready;                             // tasks of admitted runs that wait for a worker
  std::uint32_t slots_used = 0;
  std::map<TaskRef, std::uint32_t> ahead;  // attempts whose container may wait (core/ahead.h)
  std::set<Timer> timers;
  std::set<std::pair<WallTime, std::string>> ticks;  // next tick of each scheduled pipeline
  bool ends_only = false;                            // nothing new is begun: StoreTight

  // What is known of the wall clock; see "Clock" in core/step.h.
  WallTime last_wall;
  MonoTime last_mono;
  bool clock_trusted = false;
  WallTime clock_floor;       // the latest time that the store has seen
  MonoTime clock_wait_end;    // trusted from here on, whatever it says
  bool clock_jumped = false;  // forward, since ticks were dealt with

  // When step() is wanted next although nothing happens.
  [[nodiscard]] std::optional<MonoTime> next_timer() const {
    return timers.empty() ? std::nullopt : std::optional(timers.begin()->at);
  }
  [[nodiscard]] std::optional<WallTime> next_tick() const {
    if (ticks.empty() || ends_only || !clock_trusted) return std::nullopt;
    return ticks.begin()->first;
  }
};

}  // namespace pawl
