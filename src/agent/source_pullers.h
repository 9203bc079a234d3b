// One thread a source: pulls it at its interval (with jitter, so that a fleet does not knock at once)
// or when asked to, backs off while it fails, parses what came, and hands it to the loop.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "agent/published.h"
#include "agent/replies.h"
#include "model/host_config.h"
#include "ports/clock.h"
#include "ports/event_sink.h"
#include "ports/git_source.h"

namespace pawl {

class SourcePullers {
 public:
  // All references must outlive stop().
  struct Parts {
    GitSource& git;
    EventSink& sink;
    Replies& replies;
    const Published& published;
    const Clock& clock;
  };
  SourcePullers(Parts parts, const HostConfig& config);
  ~SourcePullers();

  void start();
  void stop();

  // Pulls now. With `wait`, returns once the pull that began after this call is committed: the
  // source's state, or the pull's error. kNotFound: no such source; kUnavailable: stopping;
  // kTimeout.
  [[nodiscard]] Result<SourceState> sync(const std::string& source, bool wait);
  void sync_all();

 private:
  struct Puller {
    SourceConfig config;
    std::thread thread;
    std::uint64_t wanted = 0;  // syncs asked for
    std::uint64_t done = 0;    // the newest of them whose pull is in force
    std::uint32_t failures = 0;
    bool pulled_once = false;
  };

  void run(Puller& puller);
  [[nodiscard]] std::int64_t wait_ms(const Puller& puller);
  // One pull, parsed; nothing of it is in force yet.
  [[nodiscard]] SourcePulled pull(Puller& puller);
  [[nodiscard]] Puller* find(const std::string& name);
  [[nodiscard]] std::optional<SourceState> published_state(const std::string& name) const;

  const Parts parts_;
  const HostConfig& config_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Puller>> pullers_;
  bool stopping_ = false;
};

}  // namespace pawl
