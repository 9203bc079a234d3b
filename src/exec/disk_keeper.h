// Counts what pawl has on the engine's disk and its own, and keeps it within state.max_size: history and logs (which the
// store bounds by itself), workspaces, and the images that pawl brought.
//
// What goes, and when:
//   images that lost their name to a newer one, sandbox images of other versions     at once
//   images that no pipeline in force names and no container has, oldest use first    while it is all too much
//   workspaces of runs that are over                                                 at once (the janitor removes them)
// Images that others brought, and those that pipelines in force name, are never touched: if it is still too much, that is
// said, with what takes the room.
//
// A thread of its own looks every limits::kDiskLookMs, and a tenth of that after a run's end. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "exec/image_ledger.h"
#include "exec/lookups.h"
#include "exec/worker_thread.h"
#include "ports/clock.h"
#include "ports/container_engine.h"
#include "ports/control.h"

namespace pawl {

class DiskKeeper {
 public:
  using Texts = std::vector<std::string>;
  // All functions are called on the keeper's thread, or look()'s.
  struct Parts {
    ContainerEngine& engine;
    const Clock& clock;
    ImageLedger& ledger;
    std::string instance_id{};
    std::int64_t max_bytes = 0;
    std::function<std::int64_t()> store_bytes{};
    std::function<std::optional<Texts>()> images_in_force{};  // nothing: not known yet
    std::function<std::string()> sandbox_image{};             // the one in use; empty: not known
    FindRun find_run{};
    std::function<void(RunId)> remove_leftover{};
    std::function<void(const DiskStatus&, Texts warnings)> publish{};
  };
  explicit DiskKeeper(Parts parts) : parts_(std::move(parts)) {}
  ~DiskKeeper();  // stop()

  void start();
  void stop();
  void run_ended();

  // Counts, removes and publishes. Errors: the engine's; what was counted before stands.
  [[nodiscard]] Result<void> look(const std::stop_token& stop);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  struct Owned {
    ImageLedger::Image entry;
    std::int64_t bytes = 0;
    std::int64_t containers = 0;  // negative: not known
    std::size_t names = 0;        // that the image has; it goes with the last one
  };

  void run();
  // Brings the ledger in line with what there is.
  [[nodiscard]] std::vector<Owned> own_images(const DiskUsage& usage);
  [[nodiscard]] std::int64_t count_workspaces(const DiskUsage& usage);
  [[nodiscard]] Result<void> remove_useless(const DiskUsage& usage, std::vector<Owned>& owned,
                                            const std::stop_token& stop);
  [[nodiscard]] Result<void> make_room(std::int64_t excess, std::vector<Owned>& owned,
                                       const std::stop_token& stop);
  // False: it stays, for a container has it.
  [[nodiscard]] Result<bool> remove(const std::string& image, const std::stop_token& stop);
  void forget(const ImageLedger::Image& entry);
  [[nodiscard]] bool is_recent(const ImageLedger::Image& entry) const;

  const Parts parts_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  SteadyTime due_;
  std::unique_ptr<WorkerThread> thread_;
};

}  // namespace pawl
