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
  // cron: the scheduled instant; webhook: delivery id; manual: idempotency key. Not empty.
  std::string identity;
  std::string actor;      // who asked, for manual runs: a user name or "uid 1000"
  WallTime scheduled_at;  // cron: the tick
  bool operator==(const TriggerInfo&) const = default;
};

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
  bool cancel_requested = false;
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
  WallTime retry_at;  // pending again and waiting until then
  bool operator==(const TaskState&) const = default;
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
  bool operator==(const Attempt&) const = default;
};

struct RunDetail {
  Run run;
  std::vector<TaskState> tasks;   // by index
  std::vector<Attempt> attempts;  // by task, then number
};

}  // namespace pawl
