// A run, its tasks and their attempts, as they are stored and shown. Values; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/digest.h"
#include "base/ids.h"
#include "base/time.h"
#include "model/pipeline.h"
#include "model/states.h"

namespace pawl {

struct TriggerInfo {
  TriggerKind kind = TriggerKind::kManual;
  // The run's identity: the same identity never makes a second run of the same pipeline.
  // cron: the scheduled instant; webhook: delivery id; manual and retry: idempotency key; pipeline:
  // the run that ended. Not empty.
  std::string identity;
  std::string actor;      // who asked, for manual runs: a user name or "uid 1000"
  WallTime scheduled_at;  // cron: the tick
  RunId parent{};  // retry: the run that is tried again; pipeline: the run that ended; else 0
  std::uint32_t depth = 0;  // pipeline triggers in a row that led here
  bool operator==(const TriggerInfo&) const = default;
};

// Why pawl ends a run before its tasks did. The numbers are stored: never reorder, only append.
enum class RunStop : std::uint8_t {
  kNone = 0,
  kCancel = 1,   // a person asked for it
  kTimeout = 2,  // the pipeline's timeout
  kReplace = 3,  // a newer run of its concurrency group took its place
};
inline constexpr int kRunStopCount = 4;

struct Run {
  RunId id;
  std::string pipeline;
  Status status = Status::kPending;
  Reason reason = Reason::kNone;
  std::string message;
  TriggerInfo trigger;
  Variables params;      // resolved
  Sha256 definition{};   // content_hash of the snapshot it runs
  std::string revision;  // the commit it came from
  WallTime created_at;
  WallTime started_at;  // first container asked for
  WallTime ended_at;
  RunStop stop = RunStop::kNone;
  bool hooks_cancelled = false;  // a person cancelled it once only its hooks were left
  bool operator==(const Run&) const = default;
};

struct TaskState {
  RunId run;
  std::uint32_t index = 0;  // into the definition's tasks
  Status status = Status::kPending;
  Reason reason = Reason::kNone;
  std::string message;
  std::uint32_t attempts = 0;  // started so far
  WallTime started_at;         // of the first attempt
  WallTime ended_at;
  WallTime retry_at;    // pending again and waiting until then
  Variables outputs{};  // what it wrote to $PAWL_OUTPUT, declared names only
  bool operator==(const TaskState&) const = default;
};

// What an attempt used of the host, as far as the engine said so; 0 where it did not. Looked at now and then while it
// runs, so the last seconds may be missing, and of a task that ended within the first there is nothing.
struct ResourceUsage {
  std::int64_t peak_memory_bytes = 0;
  std::int64_t cpu_ms = 0;
  std::int64_t throttled_ms = 0;  // held back by its cpus cap
  bool operator==(const ResourceUsage&) const = default;
};

struct Attempt {
  AttemptKey key;
  Status status = Status::kPending;  // pending: asked for; running: the container was started
  Reason reason = Reason::kNone;
  std::string message;
  std::optional<std::int32_t> exit_code;
  std::string container_id;
  WallTime created_at;  // when the worker was given it
  WallTime started_at;  // the container's start
  WallTime ended_at;
  std::string boot_id;          // of the host when the worker was given it; empty: not known
  MonoTime started_mono;        // the start as this boot's clock saw it; 0: not known
  std::string engine;           // the engine's incarnation at the start (ports/container_engine.h)
  bool log_incomplete = false;  // some of its output is known to be missing
  std::optional<ResourceUsage> usage{};
  // The kernel killed a process of it for want of memory; it may have gone on and even succeeded.
  bool oom_killed = false;
  bool operator==(const Attempt&) const = default;
};

// The signal that ended it, by the shell's rule: an exit code of 128 and its number.
[[nodiscard]] inline std::optional<int> end_signal(const Attempt& attempt) {
  constexpr int kSignalBase = 128;
  constexpr int kSignals = 64;
  if (!attempt.exit_code) return std::nullopt;
  const int signal = *attempt.exit_code - kSignalBase;
  return signal > 0 && signal <= kSignals ? std::optional(signal) : std::nullopt;
}

struct RunDetail {
  Run run;
  std::vector<TaskState> tasks;   // by index
  std::vector<Attempt> attempts;  // by task, then number
};

}  // namespace pawl
