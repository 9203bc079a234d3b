// The parts in the order of their dependence: store, engine, loop, pullers, listeners. A part that
// cannot start ends the start with a message; what was started is undone in reverse by destruction.
#include "agent/agent.h"

#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>

#include "agent/change_feed.h"
#include "agent/control_service.h"
#include "agent/engine_watch.h"
#include "agent/loop.h"
#include "agent/published.h"
#include "agent/replies.h"
#include "agent/secrets.h"
#include "agent/source_pullers.h"
#include "agent/system_clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/version.h"
#include "config/host_config_loader.h"
#include "docker/docker_engine.h"
#include "exec/disk_keeper.h"
#include "exec/image_files.h"
#include "exec/image_ledger.h"
#include "exec/worker_pool.h"
#include "git/pull_process.h"
#include "git/source_url.h"
#include "http/server.h"
#include "process/process_engine.h"
#include "store/lmdb_store.h"

namespace pawl {
namespace {

// Every thread inherits this mask; the main thread takes these signals with sigwait.
sigset_t block_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  return signals;
}

// A few threads that allocate little: two arenas and early trimming keep the heap small.
void keep_heap_small() {
  mallopt(M_ARENA_MAX, 2);
  mallopt(M_TRIM_THRESHOLD, 256 * 1024);
  mallopt(M_MMAP_THRESHOLD, 128 * 1024);
}

// Empty where the kernel does not say: then no restart of the host is noticed.
std::string read_boot_id() {
  auto text = read_file("/proc/sys/kernel/random/boot_id", 64);
  if (!text) return {};
  while (!text->empty() && text->back() == '\n') text->pop_back();
  return std::move(text).value();
}

std::vector<SourceState> unpulled(const std::vector<SourceConfig>& sources) {
  std::vector<SourceState> states;
  for (const SourceConfig& source : sources) {
    SourceState state;
    state.name = source.name;
    state.url = redact_urls(source.url);
    states.push_back(std::move(state));
  }
  return states;
}

// Beside the socket: that is the service's runtime directory, a tmpfs, so that secrets never reach a disk and are gone
// after a restart of the host; and it exists, for the listener is there before the first container.
std::string secret_files_directory(const HostConfig& config) {
  return config.http_socket.substr(0, config.http_socket.rfind('/')) + "/secrets";
}

Result<std::unique_ptr<ContainerEngine>> make_engine(const HostConfig& config) {
  if (config.engine.type != "process") return make_docker_engine(config.engine);
  ProcessEngineOptions options;
  options.directory = config.state_directory + "/processes";
  options.best_effort_caps = config.engine.best_effort_caps;
  return make_process_engine(options);
}

// What the files of the store take, as the filesystem counts it: its map is larger than what is in it.
std::int64_t store_bytes(const std::string& directory) {
  constexpr std::int64_t kBlockBytes = 512;
  std::int64_t sum = 0;
  std::error_code failed;
  std::filesystem::directory_iterator entries(directory, failed);
  while (!failed && entries != std::filesystem::directory_iterator()) {
    struct stat info {};
    if (::lstat(entries->path().c_str(), &info) == 0 && S_ISREG(info.st_mode)) {
      sum += info.st_blocks * kBlockBytes;
    }
    entries.increment(failed);
  }
  return sum;
}

// Nothing before the recovery: then no pipeline is in force yet.
std::optional<std::vector<std::string>> images_in_force(const AgentSnapshot& snapshot) {
  if (!snapshot.ready) return std::nullopt;
  std::vector<std::string> images;
  for (const PipelinePtr& pipeline : *snapshot.pipelines) {
    for (const Task& task : pipeline->tasks) images.push_back(task.image);
  }
  std::sort(images.begin(), images.end());
  images.erase(std::unique(images.begin(), images.end()), images.end());
  return images;
}

class Agent {
 public:
  Agent(HostConfig config, const Clock& clock) : config_(std::move(config)), clock_(clock) {}
  ~Agent() { stop(); }

  [[nodiscard]] Result<void> start();
  void stop();
  void pull_all() { pullers_->sync_all(); }
  // As in its containers' names and labels.
  [[nodiscard]] const std::string& instance_id() const { return store_->instance_id(); }

 private:
  void drop_unnamed_sources();
  void make_image_files();
  void make_disk_keeper();

  const HostConfig config_;
  const Clock& clock_;
  Published published_;
  ChangeFeed changes_;
  Replies replies_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<ContainerEngine> engine_;
  std::unique_ptr<ImageLedger> image_ledger_;
  std::unique_ptr<ImageFiles> image_files_;
  std::unique_ptr<PullProcess> git_;
  std::unique_ptr<Loop> loop_;
  std::unique_ptr<WorkerPool> workers_;
  std::unique_ptr<DiskKeeper> disk_keeper_;
  std::unique_ptr<SourcePullers> pullers_;
  std::unique_ptr<ControlService> control_;
  std::unique_ptr<EngineWatch> engine_watch_;
  std::unique_ptr<HttpServers> servers_;
};

Result<void> Agent::start() {
  StoreOptions options;
  options.directory = config_.state_directory;
  options.map_bytes = static_cast<std::size_t>(config_.state_max_bytes);
  options.log_limit_bytes = config_.log_limit_bytes;
  PAWL_TRY(store_, open_store(options));
  PAWL_TRY(engine_, make_engine(config_));
  make_image_files();
  PullProcess::Options pull_options;
  pull_options.cache_directory = config_.state_directory + "/sources";
  git_ = std::make_unique<PullProcess>(pull_options);

  loop_ = std::make_unique<Loop>(
      Loop::Parts{*store_, clock_, replies_, published_, changes_},
      CoreSettings{config_.workers, read_boot_id(), config_.host_name, config_.labels},
      unpulled(config_.sources), KeepRules{config_.keep_age_ms, config_.keep_runs_per_pipeline});
  workers_ = std::make_unique<WorkerPool>(
      *engine_, *loop_, clock_,
      WorkerPool::Settings{
          config_.workers,
          store_->instance_id(),
          config_.policy,
          {},
          store_->former_instances(),
          AttemptFiles(config_.state_directory + "/outputs", secret_files_directory(config_)),
          [this](const std::string& name) { return read_secret(config_.secrets_directory, name); },
          SandboxSettings{config_.engine.sandbox_per_run, limits::kWarmSandboxes,
                          config_.policy.max_workspace_bytes},
          [this](RunId run) { return store_->run(run); },
          image_ledger_.get(),
          image_files_.get(),
          [this] { disk_keeper_->run_ended(); }});
  make_disk_keeper();
  pullers_ = std::make_unique<SourcePullers>(
      SourcePullers::Parts{*git_, *loop_, replies_, published_, clock_}, config_);
  control_ = std::make_unique<ControlService>(
      ControlService::Parts{*loop_, replies_, published_, changes_, *pullers_, *store_, clock_,
                            config_.secrets_directory});
  published_.update([&](AgentSnapshot& snapshot) {
    snapshot.host_name = config_.host_name;
    snapshot.started_at = clock_.wall();
    snapshot.workers = config_.workers;
    snapshot.sources = std::make_shared<const std::vector<SourceState>>(unpulled(config_.sources));
  });
  // The addresses before the recovery: a second agent must fail before it touches a container.
  PAWL_TRY(servers_, HttpServers::start(config_, *control_, *store_));
  PAWL_CHECK(loop_->start(*workers_));
  workers_->list_containers();
  drop_unnamed_sources();
  pullers_->start();
  engine_watch_ = std::make_unique<EngineWatch>(*engine_, published_);
  engine_watch_->start();
  if (config_.engine.type == "docker") image_files_->start();
  disk_keeper_->start();
  return {};
}

void Agent::make_image_files() {
  const std::string& named = config_.engine.image_directory;
  image_ledger_ = std::make_unique<ImageLedger>(config_.state_directory + "/images.json", clock_);
  image_files_ = std::make_unique<ImageFiles>(ImageFiles::Parts{
      *engine_, clock_, *image_ledger_, named.empty() ? config_.state_directory + "/images" : named,
      [this](std::vector<std::string> warnings) {
        published_.warn("image files", std::move(warnings));
      }});
}

void Agent::make_disk_keeper() {
  DiskKeeper::Parts parts{*engine_, clock_, *image_ledger_, store_->instance_id(),
                          config_.state_max_bytes};
  parts.store_bytes = [this] { return store_bytes(config_.state_directory); };
  parts.images_in_force = [this] { return images_in_force(*published_.get()); };
  parts.sandbox_image = [this] { return workers_->sandbox_image(); };
  parts.find_run = [this](RunId run) { return store_->run(run); };
  parts.remove_leftover = [this](RunId run) { workers_->remove_leftover(run); };
  parts.publish = [this](const DiskStatus& status, std::vector<std::string> warnings) {
    published_.update([&](AgentSnapshot& snapshot) { snapshot.disk = status; });
    published_.warn("disk", std::move(warnings));
  };
  disk_keeper_ = std::make_unique<DiskKeeper>(std::move(parts));
}

void Agent::drop_unnamed_sources() {
  const auto known = store_->sources();
  if (!known) return;
  for (const SourceState& source : *known) {
    const bool named = std::any_of(config_.sources.begin(), config_.sources.end(),
                                   [&](const auto& config) { return config.name == source.name; });
    if (named) continue;
    log_info("a source is no longer in the host config; its pipelines are taken out of force",
             {{"source", source.name}});
    Event event;
    event.body = SourceRemoved{source.name};
    loop_->post(std::move(event));
  }
}

void Agent::stop() {
  // Callers first, so that they get an answer; the loop last, so that every report is committed.
  replies_.close();
  changes_.close();
  servers_.reset();
  if (git_) git_->stop();
  if (engine_watch_) engine_watch_->stop();
  if (disk_keeper_) disk_keeper_->stop();
  if (image_files_) image_files_->stop();
  if (workers_) workers_->stop();
  if (loop_) loop_->stop();
  if (pullers_) pullers_->stop();
}

}  // namespace

int run_agent(const std::string& config_path, const Clock& clock) {
  keep_heap_small();
  const sigset_t signals = block_signals();
  HostConfigResult loaded = load_host_config(config_path, read_host_environment());
  if (!loaded.problems.empty()) {
    for (const Problem& problem : loaded.problems) log_error(problem.text());
    log_error("the host config is not usable; the agent does not start");
    return 1;
  }
  Agent agent(std::move(loaded.config), clock);
  if (auto started = agent.start(); !started) {
    log_error("the agent cannot start", {{"reason", started.error().text()}});
    return 1;
  }
  log_info("pawl is running", {{"version", kVersion}, {"instance", agent.instance_id()}});
  while (true) {
    int number = 0;
    if (sigwait(&signals, &number) != 0) continue;
    if (number == SIGHUP) {
      agent.pull_all();
      continue;
    }
    log_info("stopping; running containers go on and are taken up again at the next start");
    return 0;
  }
}

int run_agent(const std::string& config_path) {
  const SystemClock clock;
  return run_agent(config_path, clock);
}

}  // namespace pawl
