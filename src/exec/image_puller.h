// Where images come from: one pull for all tasks that wait for an image, and the drop directory (image_files.h) for
// those that no registry has.
//
// A pull has a thread of its own, so that whoever asked first may leave. It goes on while anybody waits for it; with
// the last one it ends. A registry that fails is asked again, with growing waits, limits::kPullTries times in all; an
// engine that is away is the waiters' business.
//
// Thread-safe. At most one pull per waiting thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "exec/image_files.h"
#include "exec/image_ledger.h"
#include "exec/worker_thread.h"
#include "ports/container_engine.h"

namespace pawl {

class ImagePuller {
 public:
  using Note = std::function<void(const std::string&)>;
  struct Parts {
    ContainerEngine& engine;
    ImageLedger* ledger;  // may be null: it is not kept which images were pulled
    ImageFiles* files;    // may be null: there is no drop directory
    std::int64_t retry_ms;
    std::int64_t retry_max_ms;
  };
  explicit ImagePuller(const Parts& parts) : parts_(parts) {}
  // Nobody may be waiting any more.
  ~ImagePuller();

  // Blocks until it is pulled, also by a pull that another task began. `note` gets lines for the task's log, on the
  // caller's thread. Errors: the engine's; kConflict once the registry has failed too often.
  [[nodiscard]] Result<void> pull(const std::string& image, const Note& note,
                                  const std::stop_token& stop);
  // Loads what the drop directory has: ImageFiles::look_for().
  [[nodiscard]] Result<ImageFiles::Found> load(const std::string& image, const Note& note,
                                               const std::stop_token& stop);
  // A task was started with it.
  void used(const std::string& image);

 private:
  struct Pull {
    explicit Pull(std::string name) : image(std::move(name)) {}
    const std::string image;
    std::stop_source stop;
    std::size_t waiters = 0;
    std::vector<std::string> lines;  // kPullTries times the engine's bound at most
    bool joinable = true;            // by more waiters
    bool over = false;
    Result<void> result;
    std::unique_ptr<WorkerThread> thread;
  };
  using Place = std::list<Pull>::iterator;

  void carry_out(Pull& pull);
  [[nodiscard]] Result<void> pull_with_retries(Pull& pull);
  void add_line(Pull& pull, const std::string& line);
  void leave(std::unique_lock<std::mutex>& lock, Place pull);

  const Parts parts_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::list<Pull> pulls_;
};

}  // namespace pawl
