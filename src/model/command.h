// Everything the core can ask for: the output of core/step.h. Values.
//
// Save* commands are applied to the batch's one store transaction, in order. The others are effects:
// carried out, in order, only after that transaction is durable.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/action.h"
#include "model/event.h"
#include "model/run.h"
#include "model/source.h"

namespace pawl {

// --- records ---
struct SaveDefinition {  // idempotent: keyed by content hash
  PipelinePtr definition;
};
struct SaveRun {
  Run run;
};
struct SaveTask {
  TaskState task;
};
struct SaveAttempt {
  Attempt attempt;
};
// `identity` of `pipeline` belongs to `run` from now on.
struct SaveTrigger {
  std::string pipeline;
  std::string identity;
  RunId run;
};
// Ticks of `pipeline` up to `tick` are dealt with. Moves back only where the clock was set back.
struct SaveScheduleMark {
  std::string pipeline;
  WallTime tick;
};
// The pipeline in force under its name.
struct SavePipeline {
  PipelinePtr pipeline;
};
struct DeletePipeline {
  std::string name;
};
struct SaveSource {
  SourceState state;
};

struct DeleteSource {
  std::string name;
};
struct SaveSuspension {
  std::string pipeline;
  Suspension suspension;
};
struct DeleteSuspension {
  std::string pipeline;
};
// Something that a person had done, for the history's chain (model/action.h).
struct SaveAction {
  Action action;
};

// --- effects ---
// Give the attempt to a worker. Idempotent by the container's name: an existing container is adopted.
struct RunAttempt {
  AttemptKey key;
  PipelinePtr definition;
  Variables params;
  // The task's own, with every ${{ }} evaluated. A recovered order has them as well.
  Variables env{};
  std::vector<std::string> command{};
  std::string run_status{};  // of a hook's run, as it stands: PAWL_RUN_STATUS; else empty
  // The container was started before (seen by an earlier agent): if it is gone it is lost, never
  // created anew.
  bool expect_started = false;
  // A stop was decided already: do not start it; end it if it runs.
  bool stop = false;
  // Ordered before this agent's start: the container may exist and even run. That it never started is
  // then only true once the engine has said so.
  bool recovered = false;
  // The host was restarted since: whatever the engine says of a container that had run, it was cut
  // off, and an exit code is not believed.
  bool rebooted = false;
  std::string
      engine{};  // the incarnation of the engine that started the container; empty: not known
};
// The attempt will probably be asked for soon, with this very order: its container may be created ahead, never started. It may
// be forgotten. Once it is sure that RunAttempt will not follow, RemoveContainer does.
struct PrepareAttempt {
  RunAttempt order;
};
// Send a signal to the attempt's container; before its start, call the start off.
struct SignalAttempt {
  AttemptKey key;
  bool kill = false;  // SIGKILL, else SIGTERM
};
// The attempt's exit and log are committed (or it is nobody's): the container can go.
struct RemoveContainer {
  AttemptKey key;
};
// The run has ended and is committed: what its tasks shared on disk can go, once its containers have.
struct RemoveWorkspace {
  RunId run;
};
struct AcceptedRun {
  std::string pipeline;
  RunId run;
  bool duplicate = false;  // the identity was known; `run` is the first run
};
struct Reply {
  RequestId request = 0;
  std::optional<Error> error;
  std::vector<AcceptedRun> runs;
};

using Command =
    std::variant<SaveDefinition, SaveRun, SaveTask, SaveAttempt, SaveTrigger, SaveScheduleMark,
                 SavePipeline, DeletePipeline, SaveSource, DeleteSource, SaveSuspension,
                 DeleteSuspension, SaveAction, RunAttempt, PrepareAttempt, SignalAttempt,
                 RemoveContainer, RemoveWorkspace, Reply>;
using Commands = std::vector<Command>;

// True for the commands that are carried out after the commit.
[[nodiscard]] inline bool is_effect(const Command& command) {
  return std::holds_alternative<RunAttempt>(command) ||
         std::holds_alternative<PrepareAttempt>(command) ||
         std::holds_alternative<SignalAttempt>(command) ||
         std::holds_alternative<RemoveContainer>(command) ||
         std::holds_alternative<RemoveWorkspace>(command) || std::holds_alternative<Reply>(command);
}

}  // namespace pawl
