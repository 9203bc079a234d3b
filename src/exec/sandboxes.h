// Where the tasks of a run meet: the workspace that they share, and, unless the host says `sandbox: task`, one network
// each for those that ask for the same.
//
// A sandbox is a container that does nothing (`pawl internal-sandbox`, of an image of our own executable). Its creation makes
// the workspace: a volume of the engine that the image's /workspace opens to every user; nothing else opens one without
// starting something. Once it runs, its network is there to be joined, and a task's container starts in less than half
// of the time: most of a start is the making of a network namespace. A few wait for their run, ready-made ("warm").
//
// Why the engine keeps workspaces and not the agent: a task runs as another user and may leave directories that only root
// can empty, and the agent need not be root; nor need the engine see the agent's files; and what a task fills is the
// engine's disk, not the store's.
//
// What belongs to which run is told by names alone, so that it outlives the agent: pawl-<instance>-<run>-sandbox has the
// workspace, ...-sandbox-<network> another network. A warm one gets its name once it is given away; until then the run's
// containers name it (ContainerSummary::join_network, ::volumes).
//
// A single task without a sandbox at hand has a network of its own: there is nobody to share it with. Where sandboxes
// cannot run (an engine on another kind of machine) every task has its own; a warning says so once.
//
// Thread-safe; all calls but touch() ask the engine, and their errors are its own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "exec/lookups.h"
#include "exec/worker_thread.h"
#include "model/command.h"
#include "ports/clock.h"
#include "ports/container_engine.h"

namespace pawl {

struct SandboxSettings {
  bool share_network = true;             // host config: sandbox
  std::uint32_t warm = 0;                // kept ready-made
  std::int64_t max_workspace_bytes = 0;  // policy.max.workspace
  std::string executable = "/proc/self/exe";
};

class Sandboxes {
 public:
  struct Parts {
    ContainerEngine& engine;
    const Clock& clock;
    const std::string& instance_id;
    const FindRun& find_run;  // may be empty: no run is over
    // Ends creations and removals that are under way: cut short, they may be carried out all the same.
    std::stop_token abandon{};
  };
  struct Place {
    std::string volume;  // the run's workspace
    std::string join;    // the container whose network the task joins; empty: it has its own
  };
  Sandboxes(const Parts& parts, SandboxSettings settings);
  ~Sandboxes();  // stop()

  // Where the container of that attempt belongs; made if there is none.
  [[nodiscard]] Result<Place> enter(const RunAttempt& order, const std::stop_token& stop);
  // The start of a container was refused: what it joins may have ended with the engine or the host, and is started
  // again. False: it is gone, or does not stay although it was revived before (`again`): enter() says then where else the
  // container belongs.
  [[nodiscard]] Result<bool> revive(RunId run, const std::string& join, bool again,
                                    const std::stop_token& stop);
  // All of the run's. Succeeds if there is nothing. kConflict while a task's container has it.
  [[nodiscard]] Result<void> remove(RunId run, const std::stop_token& stop);
  // What an agent that was killed left of runs that are over, and of warm ones.
  [[nodiscard]] Result<void> clear(const std::stop_token& stop);

  // What they are made of.
  [[nodiscard]] const std::string& image() const { return image_; }
  // How many warm ones there are.
  [[nodiscard]] std::size_t waiting() const;
  // A task is being started: warm ones are not made meanwhile.
  void touch();
  // Begins to keep warm ones.
  void start();
  // Removes those that wait. Prompt once abandoned.
  void stop();

 private:
  struct Sandbox {
    std::string id;
    bool running = false;  // or was, and can be revived
    bool joins = true;     // false: it did not stay
  };
  struct Home {
    std::string volume;
    std::map<std::string, Sandbox> by_network;
    bool busy = false;  // somebody is making a part of it
  };
  struct Warm {
    std::string id;
    std::string volume;
  };
  struct Renaming {
    std::string id;
    RunId run;
  };
  using Lock = std::unique_lock<std::mutex>;

  // --- what the engine has (sandboxes_load.cpp) ---
  [[nodiscard]] Result<void> load(const std::stop_token& stop);
  [[nodiscard]] Result<void> load_now(const std::stop_token& stop);
  void sort_in(const std::vector<ContainerSummary>& containers);
  void sort_in_sandbox(const ContainerSummary& container, const std::string& network);
  void sort_in_task(const ContainerSummary& container);
  [[nodiscard]] bool is_in_use(const std::string& volume) const;

  [[nodiscard]] Result<void> make_home(RunId run, Home& home, const std::string& network);
  [[nodiscard]] Result<void> make_network(RunId run, Home& home, const std::string& network,
                                          bool is_shared, const std::stop_token& stop);
  void leave(RunId run, const std::string& join, bool is_gone);
  void give_up(const std::string& reason);
  [[nodiscard]] bool claim_warm(RunId run, Home& home);
  [[nodiscard]] Result<std::string> create(const std::string& name, const std::string& network,
                                           const Mount* workspace);
  [[nodiscard]] Result<void> ensure_image(const std::stop_token& stop);
  [[nodiscard]] Mount workspace_mount(const std::string& volume,
                                      std::map<std::string, std::string> labels) const;

  void keep();
  [[nodiscard]] bool take_renaming(Renaming& renaming);
  [[nodiscard]] Result<void> carry_out(const Renaming& renaming);
  [[nodiscard]] bool wants_warm() const;
  [[nodiscard]] Result<void> make_warm();
  [[nodiscard]] Result<void> make_warm_named(const std::string& name);
  void remove_warm();

  const Parts parts_;
  const SandboxSettings settings_;
  const std::string image_;
  std::stop_source stop_;

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  bool loading_ = false;
  bool loaded_ = false;
  bool has_containers_ = true;       // EngineInfo::containers
  std::atomic<bool> can_run_{true};  // sandboxes can be started here
  std::map<RunId, std::shared_ptr<Home>> homes_;
  std::deque<Warm> warm_;
  std::deque<Renaming> renamings_;
  std::vector<std::string> leftovers_;  // ids of sandboxes that nobody needs
  MonoTime quiet_since_;
  std::unique_ptr<WorkerThread> thread_;
};

}  // namespace pawl
