#include "support/fake_engine.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

constexpr std::int64_t kNsPerMs = 1'000'000;

Error cancelled() { return Error{ErrorKind::kCancelled, "stopped", {}}; }
Error stalled() { return Error{ErrorKind::kTimeout, "the engine does not answer", {}}; }
Error away() { return Error{ErrorKind::kUnavailable, "no container engine answers", {}}; }

}  // namespace

FakeEngine::FakeEngine() : time_ns_(1'700'000'000'000'000'000) {}

Error FakeEngine::no_container(const std::string& name) {
  return Error{ErrorKind::kNotFound, "No such container: " + name, {}};
}

std::optional<FakeEngine::Failure> FakeEngine::enter(Lock& lock, Call call, const Stop& stop) {
  ++calls_[call];
  changed_.notify_all();
  if (auto& hooks = hooks_[call]; !hooks.empty()) {
    const auto hook = std::move(hooks.front());
    hooks.pop_front();
    lock.unlock();
    hook();
    lock.lock();
  }
  if (!changed_.wait(lock, stop, [&] { return held_.count(call) == 0; })) {
    return Failure{cancelled(), false};
  }
  if (stop.stop_requested()) return Failure{cancelled(), false};
  if (away_) return Failure{away(), false};
  if (stalled_) return Failure{stalled(), false};
  auto& failures = failures_[call];
  if (failures.empty()) return std::nullopt;
  Failure failure = std::move(failures.front());
  failures.pop_front();
  return failure;
}

template <typename T>
Result<T> FakeEngine::perform(Call call, const Stop& stop, const std::function<Result<T>()>& work) {
  Lock lock(mutex_);
  const auto failure = enter(lock, call, stop);
  if (failure && !failure->carried_out) return failure->error;
  auto result = work();
  changed_.notify_all();
  if (failure) return failure->error;
  return result;
}

FakeEngine::Container* FakeEngine::find(const std::string& name) {
  const auto found = containers_.find(name);
  if (found != containers_.end()) return &found->second;
  for (auto& [key, container] : containers_) {
    if (container.state.id == name) return &container;
  }
  return nullptr;
}

const FakeEngine::Container& FakeEngine::at(const std::string& name) const {
  const auto found = containers_.find(name);
  PAWL_ASSERT(found != containers_.end());
  return found->second;
}

void FakeEngine::append(Container& container, const Output& output, std::int64_t time_ns) {
  time_ns_ += kNsPerMs;
  container.log.push_back({output.stream, time_ns != 0 ? time_ns : time_ns_, output.text});
}

void FakeEngine::end(Container& container, std::int32_t exit_code) {
  container.state.phase = Phase::kExited;
  container.state.exit_code = exit_code;
  time_ns_ += kNsPerMs;
  container.state.ended_at = WallTime{time_ns_ / kNsPerMs};
}

void FakeEngine::end_all(std::int32_t exit_code) {
  for (auto& [name, container] : containers_) {
    if (container.state.phase == Phase::kRunning) end(container, exit_code);
  }
}

Result<EngineInfo> FakeEngine::info(const Stop& stop) {
  return perform<EngineInfo>(Call::kInfo, stop, [this]() -> Result<EngineInfo> {
    EngineInfo info;
    info.version = "fake";
    info.api_version = "1.41";
    info.cpus = 4;
    info.memory_bytes = 8LL << 30;
    info.incarnation = incarnation_locked();
    info.live_restore = live_restore_;
    info.containers = containers_engine_;
    return info;
  });
}

std::string FakeEngine::incarnation() {
  Lock lock(mutex_);
  return incarnation_locked();
}

std::string FakeEngine::incarnation_locked() const {
  return away_ || hidden_ ? std::string() : "fake/" + std::to_string(incarnation_);
}

Result<bool> FakeEngine::has_image(const std::string& image, const Stop& stop) {
  return perform<bool>(Call::kHasImage, stop,
                       [&]() -> Result<bool> { return images_.count(image) > 0; });
}

Result<void> FakeEngine::pull_image(const std::string& image, const Progress& progress,
                                    const Stop& stop) {
  return perform<void>(Call::kPull, stop, [&]() -> Result<void> {
    if (remote_images_.count(image) == 0) {
      return Error{ErrorKind::kNotFound, "manifest for " + image + " not found", {}};
    }
    if (progress) progress("Pulling from " + image);
    images_.insert(image);
    return {};
  });
}

Result<std::vector<std::string>> FakeEngine::load_images(const std::string& file,
                                                         const Stop& stop) {
  using Names = std::vector<std::string>;
  return perform<Names>(Call::kLoad, stop, [&]() -> Result<Names> {
    const auto found = archives_.find(file);
    if (found == archives_.end()) {
      const bool is_there = std::filesystem::exists(file);
      return Error{is_there ? ErrorKind::kInvalid : ErrorKind::kNotFound, "no archive of images",
                   file};
    }
    images_.insert(found->second.begin(), found->second.end());
    return found->second;
  });
}

Result<void> FakeEngine::make_image(const std::string& name, const std::string& /*executable*/,
                                    const Stop& stop) {
  return perform<void>(Call::kMakeImage, stop, [&]() -> Result<void> {
    images_.insert(name);
    return {};
  });
}

Result<void> FakeEngine::remove_image(const std::string& image, const Stop& stop) {
  return perform<void>(Call::kRemoveImage, stop, [&]() -> Result<void> {
    for (const auto& [name, container] : containers_) {
      if (container.spec.image == image)
        return Error{ErrorKind::kConflict, "in use by " + name, {}};
    }
    images_.erase(image);
    return {};
  });
}

Result<std::string> FakeEngine::create(const ContainerSpec& spec, const Stop& stop) {
  return perform<std::string>(Call::kCreate, stop, [&]() -> Result<std::string> {
    if (images_.count(spec.image) == 0) {
      return Error{ErrorKind::kNotFound, "No such image: " + spec.image, {}};
    }
    if (containers_.count(spec.name) > 0) {
      return Error{ErrorKind::kConflict, "the name " + spec.name + " is in use", {}};
    }
    Container container;
    container.spec = spec;
    container.state.id = "fake" + std::to_string(next_id_++);
    container.state.labels = spec.labels;
    if (!spec.command.empty()) container.program = programs_[spec.command.back()];
    const std::string id = container.state.id;
    for (const Mount& mount : spec.mounts) {
      if (mount.kind == Mount::Kind::kVolume) {
        const auto [volume, is_new] =
            volumes_.try_emplace(mount.source, Volume{mount.labels, false});
        // make_image()'s has that directory for everyone.
        if (is_new && mount.copy_from_image) volume->second.open = true;
      } else if (!std::filesystem::exists(mount.source)) {
        return Error{ErrorKind::kInvalid, "bind source path does not exist: " + mount.source, {}};
      }
    }
    containers_[spec.name] = std::move(container);
    return id;
  });
}

Result<void> FakeEngine::start(const std::string& name, const Stop& stop) {
  return perform<void>(Call::kStart, stop, [&]() -> Result<void> {
    Container* container = find(name);
    if (container == nullptr) return no_container(name);
    if (container->state.phase == Phase::kRunning) return {};
    if (!container->spec.join_network.empty()) {
      const Container* joined = find(container->spec.join_network);
      if (joined == nullptr || joined->state.phase != Phase::kRunning) {
        return Error{ErrorKind::kConflict, "cannot join network of a non running container", {}};
      }
    }
    if (!container->program.refusal.empty()) {
      return Error{ErrorKind::kInvalid, container->program.refusal, {}};
    }
    ++container->starts;
    time_ns_ += kNsPerMs;
    container->state.phase = Phase::kRunning;
    container->state.started_at = WallTime{time_ns_ / kNsPerMs};
    for (const Output& output : container->program.output) append(*container, output, 0);
    container->state.oom_killed = container->program.oom_killed;
    if (!container->program.waits) end(*container, container->program.exit_code);
    return {};
  });
}

Result<ContainerState> FakeEngine::inspect(const std::string& name, const Stop& stop) {
  return perform<ContainerState>(Call::kInspect, stop, [&]() -> Result<ContainerState> {
    const Container* container = find(name);
    if (container == nullptr) return no_container(name);
    return container->state;
  });
}

Result<void> FakeEngine::follow_logs(const std::string& name, std::int64_t since_ns, LogSink& sink,
                                     const Stop& stop) {
  Lock lock(mutex_);
  const std::uint64_t broken = broken_streams_;
  const std::uint64_t streams = ended_streams_;
  if (const auto failure = enter(lock, Call::kFollow, stop)) return failure->error;
  std::size_t next = 0;
  bool live = false;
  while (true) {
    Container* container = find(name);
    live = live || (container != nullptr && container->state.phase == Phase::kRunning);
    if (stop.stop_requested()) return cancelled();
    if (broken_streams_ != broken) {
      return Error{ErrorKind::kUnavailable, "the connection broke", {}};
    }
    if (stalled_) {
      changed_.wait(lock, stop, [&] { return !stalled_ || broken_streams_ != broken; });
      continue;
    }
    if (container == nullptr) return next == 0 ? Result<void>(no_container(name)) : Result<void>();
    const bool ended = container->state.phase != Phase::kRunning;
    const std::size_t missed = live ? missed_records_ : 0;
    if (next + missed < container->log.size()) {
      LogRecord record = container->log[next++];
      if (record.time_ns < since_ns) continue;
      lock.unlock();
      const bool more = sink.take(std::move(record));
      lock.lock();
      if (!more) return cancelled();
      continue;
    }
    if (ended || ended_streams_ != streams) return {};
    lock.unlock();
    const auto wait_ms = sink.before_wait();
    lock.lock();
    if (!wait_ms) return cancelled();
    const auto something = [&] {
      const Container* now = find(name);
      return stalled_ || broken_streams_ != broken || ended_streams_ != streams || now == nullptr ||
             next + missed_records_ < now->log.size() || now->state.phase != Phase::kRunning;
    };
    if (*wait_ms < 0) {
      changed_.wait(lock, stop, something);
    } else {
      changed_.wait_for(lock, stop, std::chrono::milliseconds(*wait_ms), something);
    }
  }
}

Result<ContainerState> FakeEngine::wait(const std::string& name, std::int64_t timeout_ms,
                                        const Stop& stop) {
  Lock lock(mutex_);
  if (const auto failure = enter(lock, Call::kWait, stop)) return failure->error;
  const auto ended = [&] {
    const Container* container = find(name);
    return away_ || stalled_ || container == nullptr || container->state.phase != Phase::kRunning;
  };
  const bool in_time = changed_.wait_for(lock, stop, std::chrono::milliseconds(timeout_ms), ended);
  if (stop.stop_requested()) return cancelled();
  if (away_) return away();
  if (stalled_) return stalled();
  const Container* container = find(name);
  if (container == nullptr) return no_container(name);
  if (!in_time) return Error{ErrorKind::kTimeout, "it still runs", {}};
  return container->state;
}

Result<void> FakeEngine::kill(const std::string& name, int signal, const Stop& stop) {
  return perform<void>(Call::kKill, stop, [&]() -> Result<void> {
    Container* container = find(name);
    if (container == nullptr || container->state.phase != Phase::kRunning) return {};
    container->signals.push_back(signal);
    if (signal == SIGTERM) end(*container, container->program.term_code);
    if (signal == SIGKILL) end(*container, 128 + SIGKILL);
    return {};
  });
}

Result<void> FakeEngine::remove(const std::string& name, const Stop& stop) {
  return perform<void>(Call::kRemove, stop, [&]() -> Result<void> {
    if (const Container* container = find(name)) containers_.erase(container->spec.name);
    return {};
  });
}

Result<void> FakeEngine::rename(const std::string& name, const std::string& new_name,
                                const Stop& stop) {
  return perform<void>(Call::kRename, stop, [&]() -> Result<void> {
    const Container* found = find(name);
    if (found == nullptr) return no_container(name);
    if (containers_.count(new_name) > 0) {
      return Error{ErrorKind::kConflict, "the name " + new_name + " is in use", {}};
    }
    auto node = containers_.extract(found->spec.name);
    node.key() = new_name;
    node.mapped().spec.name = new_name;
    containers_.insert(std::move(node));
    return {};
  });
}

Result<ResourceUsage> FakeEngine::usage(const std::string& name, const Stop& stop) {
  return perform<ResourceUsage>(Call::kUsage, stop, [&]() -> Result<ResourceUsage> {
    const Container* container = find(name);
    if (container == nullptr) return no_container(name);
    if (container->state.phase != Phase::kRunning) {
      return Error{ErrorKind::kConflict, "it does not run", {}};
    }
    return container->usage;
  });
}

Result<DiskUsage> FakeEngine::disk_usage(const Stop& stop) {
  return perform<DiskUsage>(Call::kDiskUsage, stop, [&]() -> Result<DiskUsage> {
    DiskUsage usage = disk_usage_;
    for (const std::string& image : images_) {
      const bool told =
          std::any_of(usage.images.begin(), usage.images.end(), [&](const DiskUsage::Image& one) {
            return std::find(one.names.begin(), one.names.end(), image) != one.names.end();
          });
      if (!told) usage.images.push_back({image, {image}, -1, -1});
    }
    for (const auto& [name, volume] : volumes_) {
      const bool told =
          std::any_of(usage.volumes.begin(), usage.volumes.end(),
                      [&, &key = name](const DiskUsage::Volume& one) { return one.name == key; });
      if (!told) usage.volumes.push_back({name, volume.labels, -1});
    }
    return usage;
  });
}

Result<std::vector<ContainerSummary>> FakeEngine::list(const std::string& label,
                                                       const std::string& value, const Stop& stop) {
  using Summaries = std::vector<ContainerSummary>;
  return perform<Summaries>(Call::kList, stop, [&]() -> Result<Summaries> {
    Summaries found;
    for (const auto& [name, container] : containers_) {
      const auto has = container.spec.labels.find(label);
      if (has == container.spec.labels.end() || has->second != value) continue;
      ContainerSummary summary;
      summary.id = container.state.id;
      summary.name = name;
      summary.labels = container.spec.labels;
      summary.image = container.spec.image;
      summary.join_network = container.spec.join_network;
      summary.running = container.state.phase == Phase::kRunning;
      for (const Mount& mount : container.spec.mounts) {
        if (mount.kind == Mount::Kind::kVolume) summary.volumes.push_back(mount.source);
      }
      found.push_back(std::move(summary));
    }
    return found;
  });
}

Result<void> FakeEngine::remove_volume(const std::string& name, const Stop& stop) {
  return perform<void>(Call::kRemoveVolume, stop, [&]() -> Result<void> {
    for (const auto& [container_name, container] : containers_) {
      for (const Mount& mount : container.spec.mounts) {
        if (mount.kind == Mount::Kind::kVolume && mount.source == name) {
          return Error{ErrorKind::kConflict, "volume is in use - " + container_name, {}};
        }
      }
    }
    volumes_.erase(name);
    return {};
  });
}

Result<std::vector<VolumeSummary>> FakeEngine::list_volumes(const std::string& label,
                                                            const std::string& value,
                                                            const Stop& stop) {
  using Summaries = std::vector<VolumeSummary>;
  return perform<Summaries>(Call::kListVolumes, stop, [&]() -> Result<Summaries> {
    Summaries found;
    for (const auto& [name, volume] : volumes_) {
      const auto has = volume.labels.find(label);
      if (has != volume.labels.end() && has->second == value)
        found.push_back({name, volume.labels});
    }
    return found;
  });
}

}  // namespace pawl
