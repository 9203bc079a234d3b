// The engine is its directory; the object has nothing to remember but how to get there. What a real engine does with a daemon,
// each task's supervisor does for one task: there is nothing whose death ends them all, and nothing to keep running for none.
#include "process/process_engine.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <mutex>
#include <thread>

#include "base/digest.h"
#include "base/log.h"
#include "base/version.h"
#include "model/limits.h"
#include "process/cgroup.h"
#include "process/directory.h"
#include "process/log_follow.h"
#include "process/process_table.h"
#include "process/spawn.h"
#include "process/spec_check.h"
#include "process/supervisor.h"
#include "process/task_store.h"
#include "process/trash.h"
#include "process/volumes.h"
#include "process/wake.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

constexpr const char* kApiVersion = "1.0";  // of the records on the disk
constexpr std::size_t kIdBytes = 32;
constexpr std::int64_t kSettlePauseMs = 5;

// A thread has its own namespaces: this one's end is the end of what it made.
bool can_make_networks() {
  if (::geteuid() != 0) return false;
  bool can = false;
  std::thread([&] { can = ::unshare(CLONE_NEWNET) == 0; }).join();
  return can;
}

bool is_stopped(const std::stop_token& stop) { return stop.stop_requested(); }

Error cancelled() { return Error{ErrorKind::kCancelled, "stopped", {}}; }

class ProcessEngine : public ContainerEngine {
 public:
  struct Places {
    UniqueFd tasks;
    UniqueFd volumes;
    UniqueFd trash;
  };

  ProcessEngine(ProcessEngineOptions options, Places places)
      : options_(std::move(options)),
        boot_id_(boot_id()),
        cgroups_(CgroupHost::prepare()),
        abilities_{::geteuid(), can_make_networks(), cgroups_.why_not(), options_.best_effort_caps},
        trash_(std::move(places.trash)),
        tasks_(std::move(places.tasks), trash_),
        volumes_(std::move(places.volumes), options_.directory + "/volumes", trash_) {
    if (abilities_.best_effort && !abilities_.why_no_caps.empty()) {
      log_warning("tasks run without caps on cpus, memory and pids",
                  {{"reason", abilities_.why_no_caps}});
    }
  }

  Result<EngineInfo> info(const Stop& stop) override;
  std::string incarnation() override { return boot_id_; }
  Result<bool> has_image(const std::string&, const Stop&) override { return true; }
  Result<void> pull_image(const std::string&, const Progress&, const Stop&) override { return {}; }
  Result<std::vector<std::string>> load_images(const std::string& file, const Stop&) override {
    return Error{ErrorKind::kInvalid, "processes have no images", file};
  }
  Result<void> make_image(const std::string&, const std::string&, const Stop&) override {
    return {};
  }
  Result<void> remove_image(const std::string&, const Stop&) override { return {}; }

  Result<std::string> create(const ContainerSpec& spec, const Stop& stop) override;
  Result<void> start(const std::string& name, const Stop& stop) override;
  Result<ContainerState> inspect(const std::string& name, const Stop& stop) override;
  Result<void> follow_logs(const std::string& name, std::int64_t since_ns, LogSink& sink,
                           const Stop& stop) override;
  Result<ContainerState> wait(const std::string& name, std::int64_t timeout_ms,
                              const Stop& stop) override;
  Result<void> kill(const std::string& name, int signal, const Stop& stop) override;
  Result<void> remove(const std::string& name, const Stop& stop) override;
  Result<void> rename(const std::string& name, const std::string& new_name,
                      const Stop& stop) override;
  Result<ResourceUsage> usage(const std::string& name, const Stop& stop) override;
  Result<std::vector<ContainerSummary>> list(const std::string& label, const std::string& value,
                                             const Stop& stop) override;
  Result<void> remove_volume(const std::string& name, const Stop& stop) override;
  Result<std::vector<VolumeSummary>> list_volumes(const std::string& label,
                                                  const std::string& value,
                                                  const Stop& stop) override;
  Result<DiskUsage> disk_usage(const Stop& stop) override;

 private:
  [[nodiscard]] Result<void> make_group(ProcessSpec& spec) const;
  [[nodiscard]] Result<ContainerState> state_of(const TaskDirectory& task) const;
  [[nodiscard]] Result<void> start_locked(const TaskDirectory& task, const UniqueFd& lock,
                                          const Stop& stop) const;
  [[nodiscard]] Result<RunRecord> await_run_record(const TaskDirectory& task,
                                                   const Stop& stop) const;
  [[nodiscard]] Result<void> signal(const TaskDirectory& task, int number, const Stop& stop) const;
  [[nodiscard]] Result<UniqueFd> take(const TaskDirectory& task, const Stop& stop) const;

  const ProcessEngineOptions options_;
  const std::string boot_id_;
  const CgroupHost cgroups_;
  const HostAbilities abilities_;
  Trash trash_;
  TaskStore tasks_;
  Volumes volumes_;
  // Held while a volume is given to a task, and while one that no task has is removed.
  std::mutex volumes_mutex_;
};

Result<EngineInfo> ProcessEngine::info(const Stop&) {
  EngineInfo info;
  info.version = kVersion;
  info.api_version = kApiVersion;
  info.cpus = ::sysconf(_SC_NPROCESSORS_ONLN);
  info.memory_bytes =
      static_cast<std::int64_t>(::sysconf(_SC_PHYS_PAGES)) * ::sysconf(_SC_PAGESIZE);
  info.incarnation = boot_id_;
  info.live_restore = true;
  info.engine = "process";
  info.containers = false;
  return info;
}

// Made already now, although only the start needs it: what cannot be enforced is to be known before that.
Result<void> ProcessEngine::make_group(ProcessSpec& spec) const {
  if (spec.cpus_milli <= 0 && spec.memory_bytes <= 0 && spec.pids <= 0) return {};
  spec.cgroup = cgroups_.paths_of(spec.id);
  const Cgroup group(spec.cgroup);
  auto made = group.make({spec.cpus_milli, spec.memory_bytes, spec.pids});
  if (!made) (void)group.remove();
  return made;
}

Result<std::string> ProcessEngine::create(const ContainerSpec& asked, const Stop& stop) {
  if (is_stopped(stop)) return cancelled();
  PAWL_TRY(ProcessSpec spec, process_spec(asked, abilities_));
  spec.id = random_hex(kIdBytes);
  if (!spec.output_path.empty() && ::access(spec.output_path.c_str(), F_OK) != 0) {
    return Error{ErrorKind::kInvalid,
                 "the file " + spec.output_path + " cannot be used: " + std::strerror(errno),
                 {}};
  }
  const std::lock_guard lock(volumes_mutex_);
  if (tasks_.find(asked.name)) {
    return Error{ErrorKind::kConflict, "there is a task of this name already", asked.name};
  }
  if (!spec.volume.empty()) {
    const auto mount = std::find_if(asked.mounts.begin(), asked.mounts.end(), [](const Mount& one) {
      return one.kind == Mount::Kind::kVolume;
    });
    PAWL_TRY(spec.volume_path, volumes_.make(spec.volume, mount->labels));
  }
  PAWL_CHECK(make_group(spec));
  auto added = tasks_.add(asked.name, spec, asked.env);
  if (added) return spec.id;
  (void)Cgroup(spec.cgroup).remove();
  return std::move(added).error();
}

Result<void> ProcessEngine::start(const std::string& name, const Stop& stop) {
  PAWL_TRY(const TaskDirectory task, tasks_.find(name));
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kEngineCallMs);
  while (true) {
    if (is_stopped(stop)) return cancelled();
    const Phase phase = task.phase();
    if (phase == Phase::kExited) {
      return Error{ErrorKind::kConflict, "it has run already, and is not run again", name};
    }
    if (phase == Phase::kRunning) {
      PAWL_TRY([[maybe_unused]] const RunRecord record, await_run_record(task, stop));
      return {};
    }
    const auto lock = task.lock();
    // Asked again with the lock: it may have run in between.
    if (lock && task.phase() == Phase::kCreated) return start_locked(task, *lock, stop);
    if (!lock && lock.error().kind != ErrorKind::kConflict) return lock.error();
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{ErrorKind::kConflict, "somebody else is about to start or remove it", name};
    }
    const StopWake wake(stop);
    wait_for(wake.fd(), -1, -1, kSettlePauseMs);
  }
}

Result<void> ProcessEngine::start_locked(const TaskDirectory& task, const UniqueFd& lock,
                                         const Stop& stop) const {
  PAWL_CHECK(task.mark_started());
  auto started = start_supervisor({options_.executable, task.name(), task.fd(), lock.get()}, stop);
  if (started) return {};
  const ErrorKind kind = started.error().kind;
  if (kind == ErrorKind::kNotFound || kind == ErrorKind::kDenied || kind == ErrorKind::kExhausted) {
    task.unmark_started();
    // For the caller a task that is not there is something else.
    if (kind != ErrorKind::kExhausted) {
      return Error{ErrorKind::kInvalid, started.error().message, started.error().context};
    }
  }
  return started;
}

// Of one that runs: there is none while it is being started.
Result<RunRecord> ProcessEngine::await_run_record(const TaskDirectory& task,
                                                  const Stop& stop) const {
  const StopWake wake(stop);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kEngineStartMs);
  while (true) {
    if (auto record = task.run_record()) return std::move(*record);
    if (is_stopped(stop)) return cancelled();
    if (task.phase() != Phase::kRunning) {
      return Error{ErrorKind::kConflict, "it does not run", task.name()};
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return Error{ErrorKind::kTimeout, "its start takes too long", task.name()};
    }
    wait_for(wake.fd(), -1, -1, kSettlePauseMs);
  }
}

Result<ContainerState> ProcessEngine::state_of(const TaskDirectory& task) const {
  PAWL_TRY(ContainerState state, task.state());
  // Nobody looks after what is left of it.
  if (state.phase == Phase::kExited && !state.ended_at.is_set()) end_strays(task);
  return state;
}

Result<ContainerState> ProcessEngine::inspect(const std::string& name, const Stop&) {
  PAWL_TRY(const TaskDirectory task, tasks_.find(name));
  return state_of(task);
}

Result<void> ProcessEngine::follow_logs(const std::string& name, std::int64_t since_ns,
                                        LogSink& sink, const Stop& stop) {
  PAWL_TRY(const TaskDirectory task, tasks_.find(name));
  return follow_task_log(task, since_ns, sink, stop);
}

Result<ContainerState> ProcessEngine::wait(const std::string& name, std::int64_t timeout_ms,
                                           const Stop& stop) {
  PAWL_TRY(const TaskDirectory task, tasks_.find(name));
  PAWL_CHECK(await_task_end(task, timeout_ms, stop));
  return state_of(task);
}

Result<void> ProcessEngine::kill(const std::string& name, int number, const Stop& stop) {
  if (is_stopped(stop)) return cancelled();
  const auto task = tasks_.find(name);
  if (!task) return task.error().kind == ErrorKind::kNotFound ? Result<void>() : task.error();
  return signal(*task, number, stop);
}

Result<void> ProcessEngine::signal(const TaskDirectory& task, int number, const Stop& stop) const {
  if (task.phase() != Phase::kRunning) return {};
  const auto record = await_run_record(task, stop);
  if (!record) {
    return record.error().kind == ErrorKind::kConflict ? Result<void>() : record.error();
  }
  const UniqueFd supervisor = watch_process(record->supervisor);
  // With the lock held after the handle was got, the handle is the supervisor's.
  if (task.phase() != Phase::kRunning) return {};
  if (queue_signal(supervisor, record->supervisor, supervisor_signal(), number)) return {};
  if (errno == ESRCH) return {};
  return file_error(errno, "its supervisor cannot be told");
}

// The lock of one that does not run (any more).
Result<UniqueFd> ProcessEngine::take(const TaskDirectory& task, const Stop& stop) const {
  const StopWake wake(stop);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kEngineCallMs);
  while (true) {
    if (is_stopped(stop)) return cancelled();
    PAWL_CHECK(signal(task, SIGKILL, stop));
    const auto ended = await_task_end(task, limits::kEngineCallMs, stop);
    if (!ended) return ended.error();
    auto lock = task.lock();
    if (lock || lock.error().kind != ErrorKind::kConflict) return lock;
    if (std::chrono::steady_clock::now() > deadline) return lock;
    wait_for(wake.fd(), -1, -1, kSettlePauseMs);
  }
}

Result<void> ProcessEngine::remove(const std::string& name, const Stop& stop) {
  const auto task = tasks_.find(name);
  if (!task) return task.error().kind == ErrorKind::kNotFound ? Result<void>() : task.error();
  const auto lock = take(*task, stop);
  // Its directory has been emptied meanwhile: somebody else was quicker.
  if (!lock) return lock.error().kind == ErrorKind::kNotFound ? Result<void>() : lock.error();
  const auto state = task->state();
  if (state && state->phase == Phase::kExited && !state->ended_at.is_set()) end_strays(*task);
  if (const auto spec = task->spec()) (void)Cgroup(spec->cgroup).remove();
  return tasks_.remove(task->name());
}

Result<void> ProcessEngine::rename(const std::string& name, const std::string& new_name,
                                   const Stop&) {
  return tasks_.rename(name, new_name);
}

Result<ResourceUsage> ProcessEngine::usage(const std::string& name, const Stop&) {
  PAWL_TRY(const TaskDirectory task, tasks_.find(name));
  const auto run = task.run_record();
  if (task.phase() != Phase::kRunning || !run) {
    return Error{ErrorKind::kConflict, "it does not run", name};
  }
  PAWL_TRY(const ProcessSpec spec, task.spec());
  if (!spec.cgroup.controllers.empty()) return Cgroup(spec.cgroup).usage();
  return usage_of(run->task);
}

Result<std::vector<ContainerSummary>> ProcessEngine::list(const std::string& label,
                                                          const std::string& value, const Stop&) {
  PAWL_TRY(const auto tasks, tasks_.all());
  std::vector<ContainerSummary> found;
  for (const TaskDirectory& task : tasks) {
    // Removed at this moment, or damaged: nobody's.
    auto spec = task.spec();
    if (!spec) continue;
    const auto labelled = spec->labels.find(label);
    if (labelled == spec->labels.end() || labelled->second != value) continue;
    ContainerSummary summary;
    summary.id = spec->id;
    summary.name = task.name();
    summary.labels = std::move(spec->labels);
    summary.image = spec->image;
    if (!spec->volume.empty()) summary.volumes = {spec->volume};
    summary.running = task.phase() == Phase::kRunning;
    found.push_back(std::move(summary));
  }
  return found;
}

Result<void> ProcessEngine::remove_volume(const std::string& name, const Stop& stop) {
  if (is_stopped(stop)) return cancelled();
  const std::lock_guard lock(volumes_mutex_);
  PAWL_TRY(const auto tasks, tasks_.all());
  for (const TaskDirectory& task : tasks) {
    const auto spec = task.spec();
    if (spec && spec->volume == name) {
      return Error{ErrorKind::kConflict, "task " + task.name() + " has this volume", name};
    }
  }
  return volumes_.remove(name);
}

Result<std::vector<VolumeSummary>> ProcessEngine::list_volumes(const std::string& label,
                                                               const std::string& value,
                                                               const Stop&) {
  PAWL_TRY(auto volumes, volumes_.list());
  std::erase_if(volumes, [&](const VolumeSummary& volume) {
    const auto labelled = volume.labels.find(label);
    return labelled == volume.labels.end() || labelled->second != value;
  });
  return volumes;
}

Result<DiskUsage> ProcessEngine::disk_usage(const Stop& stop) {
  DiskUsage usage;
  PAWL_TRY(usage.volumes, volumes_.sizes(stop));
  return usage;
}

// What a killed agent had not finished making.
Result<void> clear_drafts(int directory, int trash) {
  PAWL_TRY(const auto names, entries_of(directory, limits::kProcessTasks));
  for (const std::string& name : names) {
    if (is_object_name(name)) continue;
    if (::renameat(directory, name.c_str(), trash, random_hex(16).c_str()) != 0) {
      return file_error(errno, name);
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<ContainerEngine>> make_process_engine(const ProcessEngineOptions& options) {
  PAWL_TRY(const UniqueFd top, make_directory(AT_FDCWD, options.directory, 0700));
  // A supervisor has another working directory.
  const std::unique_ptr<char, void (*)(void*)> path(::realpath(options.directory.c_str(), nullptr),
                                                    ::free);
  if (!path) return file_error(errno, options.directory);
  ProcessEngineOptions absolute = options;
  absolute.directory = path.get();
  ProcessEngine::Places places;
  PAWL_TRY(places.tasks, make_directory(top.get(), "tasks", 0700));
  PAWL_TRY(places.volumes, make_directory(top.get(), "volumes", 0711));
  PAWL_TRY(places.trash, make_directory(top.get(), "trash", 0700));
  PAWL_CHECK(clear_drafts(places.tasks.get(), places.trash.get()));
  PAWL_CHECK(clear_drafts(places.volumes.get(), places.trash.get()));
  auto engine = std::make_unique<ProcessEngine>(std::move(absolute), std::move(places));
  return std::unique_ptr<ContainerEngine>(std::move(engine));
}

}  // namespace pawl
