// Images for hosts that reach no registry: files in a directory (*.tar, *.tar.gz, *.tgz, as `docker save` makes them) are
// loaded into the engine, each once; again when it has changed, or when an image of it is wanted and gone.
//
// A file that may still be written is left for later: it is loaded once it has not changed for limits::kImageLookMs; who
// wants an image waits for that, a while. One that cannot be loaded is said so once, and is tried again when it has
// changed. Rejected: inotify, which is silent on network filesystems and still does not tell when a copy is complete.
//
// A thread of its own looks every limits::kImageLookMs. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include "base/result.h"
#include "exec/image_ledger.h"
#include "exec/pause.h"
#include "exec/worker_thread.h"
#include "ports/clock.h"
#include "ports/container_engine.h"

namespace pawl {

class ImageFiles {
 public:
  struct Parts {
    ContainerEngine& engine;
    const Clock& clock;
    ImageLedger& ledger;
    std::string directory;  // need not exist
    // Told what people should know, whenever it has changed: all of it. Any thread.
    std::function<void(std::vector<std::string>)> warn;
    // False when the stop came first. Tests have a clock of their own.
    std::function<bool(const std::stop_token& stop, std::int64_t ms)> wait = pause;
  };
  using Note = std::function<void(const std::string&)>;
  struct Found {
    bool is_there = false;     // in the engine; or what was loaded may be it
    std::string incomplete{};  // a file that was waited for, in vain
  };
  explicit ImageFiles(Parts parts);
  ~ImageFiles();  // stop()

  void start();
  void stop();

  // Loads what is new. Returns how many files were loaded. kUnavailable, kTimeout: the engine is away; kCancelled.
  [[nodiscard]] Result<std::size_t> look(const std::stop_token& stop);
  // Likewise, and the files that are known to hold that image, if the engine has it no more. While a file is there that
  // may still be written, and may hold it, it is waited for, about a minute at most; `note` is told, on the caller's
  // thread.
  [[nodiscard]] Result<Found> look_for(const std::string& image, const Note& note,
                                       const std::stop_token& stop);

 private:
  struct Seen {
    std::int64_t bytes = 0;
    std::int64_t changed_ns = 0;
    MonoTime since;       // it has been like that
    std::string trouble;  // it cannot be loaded
    [[nodiscard]] bool is_like(const Seen& other) const {
      return bytes == other.bytes && changed_ns == other.changed_ns;
    }
  };
  // One look at a time.
  class Turn;
  // What one look has come to.
  struct Round {
    bool is_there = false;  // the wanted image
    std::size_t loaded = 0;
    std::string unsettled{};  // a file that may still be written
    std::int64_t settles_ms = 0;
  };

  void run();
  // `image` may be empty.
  [[nodiscard]] Result<Round> look_once(const std::string& image, const std::stop_token& stop);
  [[nodiscard]] Result<bool> has(const std::string& image, const std::stop_token& stop);
  void list_files();
  [[nodiscard]] std::int64_t settles_in_ms(const Seen& seen) const;
  [[nodiscard]] Result<void> load_new(const std::string& image, Round& round,
                                      const std::stop_token& stop);
  [[nodiscard]] Result<void> load(const std::string& name, const std::string& image, Round& round,
                                  const std::stop_token& stop);
  void tell();

  const Parts parts_;
  std::stop_source stop_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  bool looking_ = false;
  // What follows belongs to whoever has the turn.
  std::map<std::string, Seen> seen_;  // by name
  bool too_many_ = false;
  std::vector<std::string> told_;
  std::unique_ptr<WorkerThread> thread_;
};

}  // namespace pawl
