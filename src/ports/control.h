// What the outside (http/) may ask of the running agent. Any thread; implemented by agent/.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/command.h"
#include "model/pipeline.h"
#include "model/source.h"

namespace pawl {

struct EngineStatus {
  bool reachable = false;
  std::string version;
  std::string api_version;
  std::string error;   // why it is not reachable
  std::string name{};  // docker | podman | process
};

// What pawl has on the engine's disk and its own, as last counted.
struct DiskStatus {
  WallTime counted_at;               // not set: not yet
  std::int64_t store_bytes = 0;      // history and logs
  std::int64_t image_bytes = 0;      // that were pulled or loaded for pipelines, and pawl's own
  std::int64_t workspace_bytes = 0;  // of unfinished runs
  std::int64_t max_bytes = 0;        // state.max_size, which all of it is kept within
};

// The published state: immutable, replaced as a whole after a commit that changed it.
struct AgentSnapshot {
  std::shared_ptr<const std::vector<PipelinePtr>> pipelines;           // in force, sorted by name
  std::shared_ptr<const std::vector<SourceState>> sources;             // in the host config's order
  std::shared_ptr<const std::map<std::string, Suspension>> suspended;  // by pipeline; never null
  std::string host_name;
  std::uint32_t workers = 0;
  std::uint32_t slots_used = 0;
  std::uint32_t unfinished_runs = 0;
  std::uint32_t ready_tasks = 0;  // wait for a worker
  WallTime started_at;
  bool ready = false;  // recovery is done
  EngineStatus engine;
  std::vector<std::string> warnings;  // degraded: why, and what to do
  DiskStatus disk{};
};

struct ManualRequest {
  std::string pipeline;
  Variables params;
  std::string actor;
  std::string idempotency_key;  // empty: every request is a run of its own
};

struct RetryRequest {
  RunId run;
  bool failed_only = false;
  std::string actor;
  std::string idempotency_key;  // empty: every request is a run of its own
};

// One trigger that a delivery is meant for.
struct WebhookTarget {
  std::string pipeline;
  Variables params{};                   // from the payload
  std::vector<std::uint32_t> starts{};  // model/pipeline.h: the trigger's
};

struct WebhookRequest {
  // Those whose secret verified the body, whose events and condition cover it; a pipeline once.
  std::vector<WebhookTarget> targets;
  std::string path;
  std::string delivery_id;  // empty where the sender has none
  Sha256 body_digest{};
};

// One thing that changed, after its commit.
struct Change {
  enum class Kind : std::uint8_t { kRun, kTask, kLog, kSource, kPipelines };
  std::uint64_t sequence = 0;  // rises by one with each change since the agent's start
  Kind kind = Kind::kRun;
  RunId run;                         // kRun, kTask, kLog
  std::uint32_t task = 0;            // kTask, kLog: index
  std::uint32_t attempt = 0;         // kLog
  std::string name;                  // pipeline of the run, or source
  Status status = Status::kPending;  // kRun, kTask
};

struct ChangeBatch {
  std::vector<Change> changes;
  std::uint64_t next = 0;  // pass as `after` next time
  bool gap = false;        // changes were dropped in between: read everything afresh
  bool closed = false;     // the agent is stopping
};

class Control {
 public:
  virtual ~Control() = default;

  // Both return after the durable commit. Errors: kNotFound (no such pipeline), kInvalid (params), kExhausted (too
  // many unfinished runs, or the disk is full: 503), kUnavailable (starting or stopping), kTimeout.
  [[nodiscard]] virtual Result<AcceptedRun> trigger_manual(const ManualRequest& request) = 0;
  [[nodiscard]] virtual Result<std::vector<AcceptedRun>> trigger_webhook(
      const WebhookRequest& request) = 0;
  // Succeeds when the cancellation is recorded. kNotFound; kConflict: the run has ended.
  [[nodiscard]] virtual Result<void> cancel(RunId run, const std::string& actor) = 0;
  // A new run of the definition that `run` ran. kNotFound (run, or its pipeline is no longer in force); kConflict: it
  // has not ended, or `failed_only` and nothing failed; else as trigger_manual.
  [[nodiscard]] virtual Result<AcceptedRun> retry(const RetryRequest& request) = 0;
  // Returns when it is recorded; succeeds when it was so already. kNotFound.
  [[nodiscard]] virtual Result<void> suspend(const std::string& pipeline, bool suspend,
                                             const std::string& actor) = 0;
  // Asks for a pull now. With `wait`, returns after it ended: its error, if it failed. kNotFound.
  [[nodiscard]] virtual Result<SourceState> sync(const std::string& source, bool wait) = 0;

  [[nodiscard]] virtual std::shared_ptr<const AgentSnapshot> snapshot() const = 0;
  // The secret of that name; read at each call, so that it can be replaced. kNotFound, kDenied, kInvalid (empty).
  [[nodiscard]] virtual Result<std::string> secret(const std::string& name) const = 0;
  [[nodiscard]] virtual WallTime now() const = 0;

  // Changes after sequence `after` (0: only what comes from now on, returned as `next` at once).
  // Waits up to `timeout_ms` for the first. `next` is never 0, also before the first change: as
  // `after` it would mean "from now on" once more.
  [[nodiscard]] virtual ChangeBatch wait_changes(std::uint64_t after, std::int64_t timeout_ms) = 0;
};

}  // namespace pawl
