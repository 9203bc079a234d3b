// The part of Sandboxes that finds out, once the engine answers, what an earlier agent had: by the names of sandboxes, and
// by what the containers of tasks name.
#include <algorithm>
#include <utility>

#include "exec/container_spec.h"
#include "exec/engine_error.h"
#include "exec/run_names.h"
#include "exec/sandboxes.h"

namespace pawl {

Result<void> Sandboxes::load(const std::stop_token& stop) {
  {
    Lock lock(mutex_);
    if (!changed_.wait(lock, stop, [this] { return loaded_ || !loading_; })) {
      return stopped();
    }
    if (loaded_) return {};
    loading_ = true;
  }
  auto done = load_now(stop);
  std::lock_guard lock(mutex_);
  loading_ = false;
  loaded_ = done.ok();
  changed_.notify_all();
  return done;
}

Result<void> Sandboxes::load_now(const std::stop_token& stop) {
  PAWL_TRY(const EngineInfo info, parts_.engine.info(stop));
  std::vector<ContainerSummary> containers;
  if (info.containers) {
    PAWL_TRY(containers, parts_.engine.list(std::string(kLabelInstance), parts_.instance_id, stop));
  }
  std::lock_guard lock(mutex_);
  has_containers_ = info.containers;
  sort_in(containers);
  return {};
}

void Sandboxes::sort_in(const std::vector<ContainerSummary>& containers) {
  const std::string label(kLabelSandbox);
  for (const ContainerSummary& container : containers) {
    const auto network = container.labels.find(label);
    if (network != container.labels.end()) sort_in_sandbox(container, network->second);
  }
  for (const ContainerSummary& container : containers) {
    if (!container.labels.contains(label)) sort_in_task(container);
  }
  std::erase_if(warm_, [&](const Warm& warm) {
    return std::find(leftovers_.begin(), leftovers_.end(), warm.id) != leftovers_.end();
  });
}

void Sandboxes::sort_in_sandbox(const ContainerSummary& container, const std::string& network) {
  const auto run = run_of_sandbox(parts_.instance_id, container.name);
  const std::string volume = container.volumes.empty() ? "" : container.volumes.front();
  if (run) {
    if (is_over(parts_.find_run, *run)) {
      leftovers_.push_back(container.id);
      return;
    }
    auto& home = homes_[*run];
    if (!home) home = std::make_shared<Home>();
    if (home->volume.empty()) home->volume = volume;
    home->by_network[network] = Sandbox{container.id, container.running, true};
    return;
  }
  // It may be the home of a run, which the containers of its tasks tell.
  warm_.push_back(Warm{container.id, volume});
  const bool is_ready = container.running == settings_.share_network && container.image == image_ &&
                        !volume.empty() && warm_.size() <= settings_.warm;
  if (!is_ready) leftovers_.push_back(container.id);
}

void Sandboxes::sort_in_task(const ContainerSummary& container) {
  const auto run = run_of(container.labels, parts_.instance_id);
  if (!run) return;
  const auto found = std::find_if(warm_.begin(), warm_.end(), [&](const Warm& warm) {
    return warm.id == container.join_network ||
           std::find(container.volumes.begin(), container.volumes.end(), warm.volume) !=
               container.volumes.end();
  });
  if (found == warm_.end()) return;
  auto& home = homes_[*run];
  if (!home) home = std::make_shared<Home>();
  home->volume = found->volume;
  home->by_network["none"] = Sandbox{found->id, settings_.share_network, true};
  std::erase(leftovers_, found->id);
  renamings_.push_back(Renaming{found->id, *run});
  warm_.erase(found);
}

bool Sandboxes::is_in_use(const std::string& volume) const {
  return std::any_of(homes_.begin(), homes_.end(),
                     [&](const auto& entry) { return entry.second->volume == volume; }) ||
         std::any_of(warm_.begin(), warm_.end(),
                     [&](const Warm& warm) { return warm.volume == volume; });
}

Result<void> Sandboxes::clear(const std::stop_token& stop) {
  PAWL_CHECK(load(stop));
  PAWL_TRY(const auto volumes,
           parts_.engine.list_volumes(std::string(kLabelInstance), parts_.instance_id, stop));
  std::vector<std::string> containers;
  {
    std::lock_guard lock(mutex_);
    containers = leftovers_;
  }
  for (const std::string& id : containers) {
    PAWL_CHECK(parts_.engine.remove(id, stop));
    std::lock_guard lock(mutex_);
    std::erase(leftovers_, id);
  }
  Result<void> result;
  for (const VolumeSummary& volume : volumes) {
    const auto run = run_of(volume.labels, parts_.instance_id);
    {
      std::lock_guard lock(mutex_);
      if (is_in_use(volume.name)) continue;
    }
    const bool is_ours = is_warm_name(parts_.instance_id, volume.name) ||
                         (run && volume.name == workspace_name(parts_.instance_id, *run));
    if (!is_ours || (run && !is_over(parts_.find_run, *run))) continue;
    auto removed = parts_.engine.remove_volume(volume.name, stop);
    if (!removed) result = std::move(removed);
  }
  return result;
}

}  // namespace pawl
