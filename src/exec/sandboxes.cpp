#include "exec/sandboxes.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/digest.h"
#include "base/log.h"
#include "base/version.h"
#include "exec/container_spec.h"
#include "exec/engine_error.h"
#include "exec/pause.h"
#include "exec/run_names.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kTokenBytes = 6;
// What the container's init process ends with when it cannot execute our program (docker-init, as the shell).
constexpr std::int32_t kNotExecutable = 126;
constexpr std::int32_t kNotFound = 127;
constexpr std::size_t kDigestDigits = 12;

// The same for the same file; another for every build that is installed.
std::string image_name(const std::string& executable) {
  struct stat status {};
  std::string identity = std::string(kVersion);
  if (stat(executable.c_str(), &status) == 0) {
    identity += "/" + std::to_string(status.st_size) + "/" + std::to_string(status.st_mtim.tv_sec) +
                "." + std::to_string(status.st_mtim.tv_nsec);
  }
  return std::string(kSandboxRepository) + ":" + hex(sha256(identity)).substr(0, kDigestDigits);
}

// Whether another task of the pipeline may be in the same network.
bool is_shared(const Pipeline& pipeline, const std::string& network) {
  return std::count_if(pipeline.tasks.begin(), pipeline.tasks.end(),
                       [&](const Task& task) { return task.network == network; }) > 1;
}

}  // namespace

Sandboxes::Sandboxes(const Parts& parts, SandboxSettings settings)
    : parts_(parts), settings_(std::move(settings)), image_(image_name(settings_.executable)) {}

Sandboxes::~Sandboxes() { stop(); }

Result<Sandboxes::Place> Sandboxes::enter(const RunAttempt& order, const std::stop_token& stop) {
  PAWL_CHECK(load(stop));
  const RunId run = order.key.run;
  if (!has_containers_) return Place{workspace_name(parts_.instance_id, run), {}};
  const std::string& network = order.definition->tasks.at(order.key.task).network;
  const bool shared = is_shared(*order.definition, network);
  Lock lock(mutex_);
  auto& known = homes_[run];
  if (!known) known = std::make_shared<Home>();
  const std::shared_ptr<Home> home = known;
  if (!changed_.wait(lock, stop, [&] { return !home->busy; })) return stopped();
  home->busy = true;
  lock.unlock();
  Result<void> made;
  if (home->volume.empty()) made = make_home(run, *home, network);
  if (made) made = make_network(run, *home, network, shared, stop);
  lock.lock();
  home->busy = false;
  changed_.notify_all();
  if (!made) return made.error();
  const auto sandbox = home->by_network.find(network);
  const bool joins = settings_.share_network && can_run_ && sandbox != home->by_network.end() &&
                     sandbox->second.running && sandbox->second.joins;
  return Place{home->volume, joins ? sandbox->second.id : std::string()};
}

bool Sandboxes::claim_warm(RunId run, Home& home) {
  std::lock_guard lock(mutex_);
  if (warm_.empty()) return false;
  const Warm warm = std::move(warm_.front());
  warm_.pop_front();
  home.volume = warm.volume;
  home.by_network["none"] = Sandbox{warm.id, settings_.share_network, true};
  renamings_.push_back(Renaming{warm.id, run});
  changed_.notify_all();
  return true;
}

Result<void> Sandboxes::make_home(RunId run, Home& home, const std::string& network) {
  if (claim_warm(run, home)) return {};
  const Mount workspace = workspace_mount(workspace_name(parts_.instance_id, run),
                                          {{std::string(kLabelRun), run.text()}});
  PAWL_TRY(const std::string id,
           create(sandbox_name(parts_.instance_id, run), network, &workspace));
  home.volume = workspace.source;
  home.by_network[network] = Sandbox{id, false, true};
  return {};
}

Result<void> Sandboxes::make_network(RunId run, Home& home, const std::string& network,
                                     bool is_shared, const std::stop_token& stop) {
  if (!settings_.share_network || !is_shared || !can_run_) return {};
  auto sandbox = home.by_network.find(network);
  if (sandbox == home.by_network.end()) {
    const std::string name = sandbox_name(parts_.instance_id, run) + "-" + network;
    PAWL_TRY(const std::string id, create(name, network, nullptr));
    sandbox = home.by_network.emplace(network, Sandbox{id, false, true}).first;
  }
  if (sandbox->second.running) return {};
  const auto started = parts_.engine.start(sandbox->second.id, stop);
  if (started) {
    sandbox->second.running = true;
    return {};
  }
  if (started.error().kind == ErrorKind::kNotFound) {
    home.by_network.erase(sandbox);
    return Error{ErrorKind::kUnavailable, "a sandbox was removed before its start", {}};
  }
  if (started.error().kind != ErrorKind::kInvalid) return started.error();
  give_up(started.error().message);
  return {};
}

Result<bool> Sandboxes::revive(RunId run, const std::string& join, bool again,
                               const std::stop_token& stop) {
  const auto state = parts_.engine.inspect(join, stop);
  if (!state && state.error().kind != ErrorKind::kNotFound) return state.error();
  if (!state) {
    leave(run, join, true);
    return false;
  }
  if (state->phase == ContainerState::Phase::kRunning) return true;
  const bool cannot_run = state->exit_code == kNotExecutable || state->exit_code == kNotFound;
  if (cannot_run) give_up("exit code " + std::to_string(state->exit_code));
  if (cannot_run || again) {
    leave(run, join, false);
    return false;
  }
  PAWL_CHECK(parts_.engine.start(join, stop));
  return true;
}

// Nothing joins it any more.
void Sandboxes::leave(RunId run, const std::string& join, bool is_gone) {
  std::lock_guard lock(mutex_);
  const auto home = homes_.find(run);
  if (home == homes_.end() || home->second->busy) return;
  for (auto& [network, sandbox] : home->second->by_network) {
    if (sandbox.id == join) sandbox.joins = false;
  }
  if (!is_gone) return;
  std::erase_if(home->second->by_network,
                [&](const auto& entry) { return entry.second.id == join; });
}

void Sandboxes::give_up(const std::string& reason) {
  if (!can_run_.exchange(false)) return;
  log_warning("sandboxes cannot run here, so every task has a network of its own",
              {{"reason", reason}});
}

Result<void> Sandboxes::remove(RunId run, const std::stop_token& stop) {
  PAWL_CHECK(load(stop));
  std::shared_ptr<Home> home;
  {
    std::lock_guard lock(mutex_);
    const auto found = homes_.find(run);
    if (found != homes_.end()) home = found->second;
    std::erase_if(renamings_, [&](const Renaming& renaming) { return renaming.run == run; });
  }
  if (home) {
    for (const auto& [network, sandbox] : home->by_network) {
      PAWL_CHECK(parts_.engine.remove(sandbox.id, stop));
    }
  }
  const bool has_own = home && !home->volume.empty();
  PAWL_CHECK(parts_.engine.remove_volume(
      has_own ? home->volume : workspace_name(parts_.instance_id, run), stop));
  std::lock_guard lock(mutex_);
  homes_.erase(run);
  return {};
}

Result<std::string> Sandboxes::create(const std::string& name, const std::string& network,
                                      const Mount* workspace) {
  const std::stop_token& stop = parts_.abandon;
  ContainerSpec spec;
  spec.name = name;
  spec.labels = {{std::string(kLabelInstance), parts_.instance_id},
                 {std::string(kLabelSandbox), network}};
  spec.image = image_;
  spec.command = {"/pawl", "internal-sandbox"};
  spec.cpus_milli = limits::kSandboxCpusMilli;
  spec.memory_bytes = limits::kSandboxMemoryBytes;
  spec.pids = limits::kSandboxPids;
  spec.network = network;
  spec.user = "65534";
  if (workspace != nullptr) spec.mounts.push_back(*workspace);
  auto id = parts_.engine.create(spec, stop);
  if (!id && id.error().kind == ErrorKind::kNotFound) {
    PAWL_CHECK(ensure_image(stop));
    id = parts_.engine.create(spec, stop);
  }
  if (id || id.error().kind != ErrorKind::kConflict) return id;
  // By an earlier call whose answer was lost.
  PAWL_TRY(const ContainerState state, parts_.engine.inspect(name, stop));
  if (state.labels == spec.labels) return state.id;
  return Error{ErrorKind::kInvalid,
               "a container named " + name + " exists that is no sandbox; remove or rename it",
               {}};
}

Result<void> Sandboxes::ensure_image(const std::stop_token& stop) {
  auto made = parts_.engine.make_image(image_, settings_.executable, stop);
  if (made || made.error().kind == ErrorKind::kCancelled) return made;
  Error error = std::move(made).error();
  error.message = "the image of pawl's own sandboxes cannot be made: " + error.message;
  return error;
}

Mount Sandboxes::workspace_mount(const std::string& volume,
                                 std::map<std::string, std::string> labels) const {
  labels.emplace(kLabelInstance, parts_.instance_id);
  Mount mount;
  mount.kind = Mount::Kind::kVolume;
  mount.source = volume;
  mount.target = kWorkspacePath;
  mount.read_only = true;
  mount.labels = std::move(labels);
  mount.max_bytes = settings_.max_workspace_bytes;
  mount.copy_from_image = true;
  return mount;
}

std::size_t Sandboxes::waiting() const {
  std::lock_guard lock(mutex_);
  return warm_.size();
}

void Sandboxes::touch() {
  std::lock_guard lock(mutex_);
  quiet_since_ = parts_.clock.mono();
}

void Sandboxes::start() {
  if (thread_) return;
  thread_ = std::make_unique<WorkerThread>("pawl-sandbox", [this] { keep(); });
}

void Sandboxes::stop() {
  stop_.request_stop();
  thread_.reset();
}

bool Sandboxes::take_renaming(Renaming& renaming) {
  std::lock_guard lock(mutex_);
  if (renamings_.empty()) return false;
  renaming = renamings_.front();
  renamings_.pop_front();
  return true;
}

Result<void> Sandboxes::carry_out(const Renaming& renaming) {
  auto renamed = parts_.engine.rename(renaming.id, sandbox_name(parts_.instance_id, renaming.run),
                                      stop_.get_token());
  // Its run was over before.
  if (!renamed && renamed.error().kind == ErrorKind::kNotFound) return {};
  if (renamed) return renamed;
  std::lock_guard lock(mutex_);
  renamings_.push_front(renaming);
  return renamed;
}

bool Sandboxes::wants_warm() const {
  return warm_.size() < settings_.warm && (!loaded_ || has_containers_) && can_run_;
}

Result<void> Sandboxes::make_warm() {
  PAWL_CHECK(load(stop_.get_token()));
  {
    std::lock_guard lock(mutex_);
    if (!wants_warm()) return {};
  }
  const std::string name = warm_name(parts_.instance_id, random_hex(kTokenBytes));
  auto made = make_warm_named(name);
  if (!made) {
    (void)parts_.engine.remove(name, parts_.abandon);
    (void)parts_.engine.remove_volume(name, parts_.abandon);
  }
  return made;
}

// The sandbox and its workspace have the same name.
Result<void> Sandboxes::make_warm_named(const std::string& name) {
  const Mount workspace = workspace_mount(name, {});
  PAWL_TRY(const std::string id, create(name, "none", &workspace));
  if (settings_.share_network) PAWL_CHECK(parts_.engine.start(id, parts_.abandon));
  std::lock_guard lock(mutex_);
  warm_.push_back(Warm{id, name});
  return {};
}

void Sandboxes::keep() {
  const std::stop_token stop = stop_.get_token();
  Backoff backoff(limits::kEngineBackoffMs, limits::kEngineBackoffMaxMs);
  while (!stop.stop_requested()) {
    Renaming renaming;
    Result<void> done;
    if (take_renaming(renaming)) {
      done = carry_out(renaming);
    } else {
      Lock lock(mutex_);
      const std::int64_t quiet_ms = parts_.clock.mono().ms - quiet_since_.ms;
      if (!wants_warm()) {
        changed_.wait(lock, stop, [&] { return !renamings_.empty() || wants_warm(); });
        continue;
      }
      if (quiet_since_.ms > 0 && quiet_ms < limits::kSandboxRefillMs) {
        changed_.wait_for(lock, stop,
                          std::chrono::milliseconds(limits::kSandboxRefillMs - quiet_ms),
                          [&] { return !renamings_.empty(); });
        continue;
      }
      lock.unlock();
      done = make_warm();
    }
    if (done) {
      backoff = Backoff(limits::kEngineBackoffMs, limits::kEngineBackoffMaxMs);
    } else if (!stop.stop_requested()) {
      log_debug("a sandbox could not be kept ready", {{"reason", done.error().message}});
      (void)pause(stop, backoff.next_ms());
    }
  }
  remove_warm();
}

void Sandboxes::remove_warm() {
  std::deque<Warm> warm;
  {
    std::lock_guard lock(mutex_);
    std::swap(warm, warm_);
  }
  for (const Warm& one : warm) {
    if (!parts_.engine.remove(one.id, parts_.abandon)) break;
    if (!parts_.engine.remove_volume(one.volume, parts_.abandon)) break;
  }
}

}  // namespace pawl
