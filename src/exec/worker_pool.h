// The bounded worker pool: `workers` threads, each driving one container from creation to its
// recorded end (task_runner.h); and a thread each for signals and removals (janitor.h), for containers that are
// created ahead (ahead.h) and for sandboxes (sandboxes.h).
//
// The core hands out at most `workers` attempts at a time, so run() never waits for long. Thread-safe;
// no method blocks but stop().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "exec/attempt_files.h"
#include "exec/image_files.h"
#include "exec/image_ledger.h"
#include "exec/lookups.h"
#include "exec/runner_times.h"
#include "exec/sandboxes.h"
#include "model/command.h"
#include "model/host_config.h"
#include "model/log_chunk.h"
#include "ports/clock.h"
#include "ports/container_engine.h"
#include "ports/event_sink.h"

namespace pawl {

class WorkerPool {
 public:
  struct Settings {
    std::uint32_t workers = 4;
    std::string instance_id;  // of the store; part of names and labels
    HostPolicy policy;
    RunnerTimes times = {};
    // Instances that this store was before it was restored from a backup: their containers are nobody's.
    std::vector<std::string> former_instances = {};
    AttemptFiles files = AttemptFiles({}, {});
    ReadSecret read_secret = [](const std::string&) -> Result<std::string> {
      return Error{ErrorKind::kNotFound, "there are none here", {}};
    };
    SandboxSettings sandbox = {};
    FindRun find_run = {};  // asked at the start, of each run that something is left of
    // Both may be null (image_puller.h), and must outlive the pool.
    ImageLedger* image_ledger = nullptr;
    ImageFiles* image_files = nullptr;
    std::function<void()> run_ended = {};  // told of each; must not block
  };
  // All references must outlive the pool.
  WorkerPool(ContainerEngine& engine, EventSink& sink, const Clock& clock, Settings settings);
  ~WorkerPool();  // stop()

  // `resume_from`: where the stored log of this attempt ends. An attempt that is under way already is
  // left to its worker.
  void run(const RunAttempt& order, const LogPosition& resume_from);
  // Creates its container ahead, if nothing comes in between.
  void prepare(const PrepareAttempt& order);
  void signal(const SignalAttempt& order);
  void remove(const RemoveContainer& order);
  void remove(const RemoveWorkspace& order);
  // Likewise of what was found to be left of a run that is over.
  void remove_leftover(RunId run);
  [[nodiscard]] const std::string& sandbox_image() const;
  // Lists this store's containers as soon as the engine answers (retrying with backoff) and posts
  // EngineListed, once a call. Containers of a former instance are removed; so are workspaces and files of what has ended.
  void list_containers();

  // Ends all threads without touching a container that runs: the next agent re-attaches. Those of attempts that have ended
  // are removed, within RunnerTimes::goodbye_ms. Nothing is posted any more.
  void stop();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

// "pawl-<instance>-<run>-<task id>-<attempt>"
[[nodiscard]] std::string container_name(const std::string& instance_id, const AttemptKey& key,
                                         const std::string& task_id);

}  // namespace pawl
