#include "exec/disk_keeper.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "exec/container_spec.h"
#include "exec/lookups.h"
#include "exec/run_names.h"
#include "model/limits.h"

namespace pawl {
namespace {

using Steady = std::chrono::steady_clock;
constexpr std::int64_t kSoonMs = limits::kDiskLookMs / 10;

bool is_sandbox_image(const std::string& name) {
  return name.starts_with(std::string(kSandboxRepository) + ":");
}

std::string size_text(std::int64_t bytes) {
  constexpr std::int64_t kMiB = 1024 * 1024;
  return std::to_string((bytes + kMiB - 1) / kMiB) + " MiB";
}

const DiskUsage::Image* find_image(const DiskUsage& usage, const ImageLedger::Image& entry) {
  for (const DiskUsage::Image& image : usage.images) {
    const bool has_name =
        std::any_of(image.names.begin(), image.names.end(),
                    [&](const auto& name) { return is_same_image(name, entry.name); });
    if (entry.name.empty() ? image.id == entry.id : has_name) return &image;
  }
  return nullptr;
}

bool is_nameless(const DiskUsage& usage, const std::string& id) {
  const auto found = std::find_if(usage.images.begin(), usage.images.end(),
                                  [&](const DiskUsage::Image& image) { return image.id == id; });
  return found != usage.images.end() && found->names.empty();
}

std::int64_t total_bytes(const auto& owned) {
  std::int64_t sum = 0;
  std::vector<std::string> counted;  // an image may have several of our names
  for (const auto& image : owned) {
    if (std::find(counted.begin(), counted.end(), image.entry.id) != counted.end()) continue;
    counted.push_back(image.entry.id);
    sum += image.bytes;
  }
  return sum;
}

std::int64_t sandbox_bytes(const DiskUsage& usage) {
  std::int64_t sum = 0;
  for (const DiskUsage::Image& image : usage.images) {
    const bool is_one = std::any_of(image.names.begin(), image.names.end(), is_sandbox_image);
    if (is_one) sum += std::max<std::int64_t>(image.bytes, 0);
  }
  return sum;
}

std::vector<std::string> warnings_for(const DiskStatus& status) {
  const std::int64_t sum = status.store_bytes + status.image_bytes + status.workspace_bytes;
  if (status.max_bytes <= 0 || sum <= status.max_bytes) return {};
  return {"pawl takes " + size_text(sum) + " of the disk, state.max_size is " +
          size_text(status.max_bytes) + ": history and logs " + size_text(status.store_bytes) +
          ", images of pipelines in force " + size_text(status.image_bytes) + ", workspaces " +
          size_text(status.workspace_bytes) +
          "; raise state.max_size, keep less history (state.keep), or let pipelines use fewer or "
          "smaller images"};
}

}  // namespace

DiskKeeper::~DiskKeeper() { stop(); }

void DiskKeeper::start() {
  due_ = Steady::now();
  thread_ = std::make_unique<WorkerThread>("pawl-disk", [this] { run(); });
}

void DiskKeeper::stop() {
  stop_.request_stop();
  thread_.reset();
}

void DiskKeeper::run_ended() {
  {
    std::lock_guard lock(mutex_);
    due_ = std::min(due_, Steady::now() + std::chrono::milliseconds(kSoonMs));
  }
  changed_.notify_all();
}

void DiskKeeper::run() {
  const std::stop_token stop = stop_.get_token();
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (const SteadyTime due = due_; Steady::now() < due) {
      changed_.wait_until(lock, stop, due, [&] { return due_ < due; });
      continue;
    }
    due_ = Steady::now() + std::chrono::milliseconds(limits::kDiskLookMs);
    lock.unlock();
    // An engine that is away is the engine watch's to speak of.
    const bool looked = look(stop).ok();
    lock.lock();
    if (!looked) due_ = std::min(due_, Steady::now() + std::chrono::milliseconds(kSoonMs));
  }
}

Result<void> DiskKeeper::look(const std::stop_token& stop) {
  auto usage = parts_.engine.disk_usage(stop);
  // One that has no images and no volumes says that it cannot.
  if (!usage && usage.error().kind != ErrorKind::kInvalid) return usage.error();
  const DiskUsage counted = usage ? std::move(*usage) : DiskUsage{};
  std::vector<Owned> owned = own_images(counted);
  DiskStatus status;
  status.workspace_bytes = count_workspaces(counted);
  status.store_bytes = parts_.store_bytes();
  status.max_bytes = parts_.max_bytes;
  PAWL_CHECK(remove_useless(counted, owned, stop));
  const std::int64_t others = status.store_bytes + status.workspace_bytes + sandbox_bytes(counted);
  const std::int64_t excess = others + total_bytes(owned) - parts_.max_bytes;
  if (parts_.max_bytes > 0 && excess > 0) PAWL_CHECK(make_room(excess, owned, stop));
  status.image_bytes = total_bytes(owned) + sandbox_bytes(counted);
  status.counted_at = parts_.clock.wall();
  parts_.ledger.save();
  parts_.publish(status, warnings_for(status));
  return {};
}

// One that was brought or used after the engine began to count may be missing in what it says.
bool DiskKeeper::is_recent(const ImageLedger::Image& entry) const {
  return parts_.clock.wall().ms - entry.used_at.ms < limits::kDiskLookMs;
}

std::vector<DiskKeeper::Owned> DiskKeeper::own_images(const DiskUsage& usage) {
  std::vector<Owned> owned;
  parts_.ledger.update([&](std::vector<ImageLedger::Image>& entries) {
    std::vector<ImageLedger::Image> next;
    for (ImageLedger::Image entry : entries) {
      const DiskUsage::Image* found = find_image(usage, entry);
      const bool moved_on = found == nullptr || found->id != entry.id;
      if (!entry.name.empty() && moved_on && is_nameless(usage, entry.id)) {
        next.push_back({{}, entry.id, entry.used_at});
      }
      if (found == nullptr) {
        if (!entry.name.empty() && is_recent(entry)) next.push_back(entry);
        continue;
      }
      entry.id = found->id;
      next.push_back(entry);
    }
    entries = std::move(next);
    for (const ImageLedger::Image& entry : entries) {
      const DiskUsage::Image* found = find_image(usage, entry);
      if (found == nullptr) continue;
      owned.push_back(
          {entry, std::max<std::int64_t>(found->bytes, 0), found->containers, found->names.size()});
    }
  });
  return owned;
}

std::int64_t DiskKeeper::count_workspaces(const DiskUsage& usage) {
  std::int64_t sum = 0;
  for (const DiskUsage::Volume& volume : usage.volumes) {
    const auto instance = volume.labels.find(std::string(kLabelInstance));
    if (instance == volume.labels.end() || instance->second != parts_.instance_id) continue;
    sum += std::max<std::int64_t>(volume.bytes, 0);
    const auto run = run_of(volume.labels, parts_.instance_id);
    if (!run) continue;
    if (is_over(parts_.find_run, *run) && volume.name == workspace_name(parts_.instance_id, *run)) {
      parts_.remove_leftover(*run);
    }
  }
  return sum;
}

Result<void> DiskKeeper::remove_useless(const DiskUsage& usage, std::vector<Owned>& owned,
                                        const std::stop_token& stop) {
  for (auto image = owned.begin(); image != owned.end();) {
    bool removed = false;
    if (image->entry.name.empty() && image->containers <= 0) {
      PAWL_TRY(removed, remove(image->entry.id, stop));
    }
    if (removed) forget(image->entry);
    image = removed ? owned.erase(image) : image + 1;
  }
  const std::string current = parts_.sandbox_image ? parts_.sandbox_image() : std::string();
  if (current.empty()) return {};
  for (const DiskUsage::Image& image : usage.images) {
    for (const std::string& name : image.names) {
      if (!is_sandbox_image(name) || name == current) continue;
      PAWL_TRY([[maybe_unused]] const bool removed, remove(name, stop));
    }
  }
  return {};
}

Result<void> DiskKeeper::make_room(std::int64_t excess, std::vector<Owned>& owned,
                                   const std::stop_token& stop) {
  const auto in_force = parts_.images_in_force();
  if (!in_force) return {};
  std::stable_sort(owned.begin(), owned.end(), [](const Owned& a, const Owned& b) {
    return a.entry.used_at < b.entry.used_at;
  });
  std::map<std::string, std::size_t> names;  // by the image's id
  for (const Owned& image : owned) names[image.entry.id] = image.names;
  for (auto image = owned.begin(); image != owned.end() && excess > 0;) {
    const bool named = std::any_of(in_force->begin(), in_force->end(), [&](const auto& name) {
      return is_same_image(name, image->entry.name);
    });
    if (named || image->containers > 0 || image->entry.name.empty() || is_recent(image->entry)) {
      ++image;
      continue;
    }
    PAWL_TRY(const bool removed, remove(image->entry.name, stop));
    if (!removed) {
      ++image;
      continue;
    }
    log_info("an image that no pipeline names was removed, to stay within state.max_size",
             {{"image", image->entry.name}, {"bytes", std::to_string(image->bytes)}});
    if (--names[image->entry.id] == 0) excess -= image->bytes;
    forget(image->entry);
    image = owned.erase(image);
  }
  return {};
}

Result<bool> DiskKeeper::remove(const std::string& image, const std::stop_token& stop) {
  const auto removed = parts_.engine.remove_image(image, stop);
  if (removed) return true;
  switch (removed.error().kind) {
    case ErrorKind::kConflict:
    case ErrorKind::kInvalid:
    case ErrorKind::kDenied:
      return false;
    default:
      return removed.error();
  }
}

void DiskKeeper::forget(const ImageLedger::Image& entry) {
  parts_.ledger.update([&](std::vector<ImageLedger::Image>& entries) {
    std::erase_if(entries, [&](const ImageLedger::Image& known) {
      return known.name == entry.name && known.id == entry.id;
    });
  });
}

}  // namespace pawl
