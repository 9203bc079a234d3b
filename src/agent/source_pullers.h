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
#include "model/host_config.h"
#include "ports/clock.h"
#include "ports/event_sink.h"
#include "ports/git_source.h"

namespace pawl {

class SourcePullers {
 public:
  // All references must outlive stop().
  SourcePullers(GitSource& git, EventSink& sink, const Published& published, const Clock& clock,
                const HostConfig& config);
  ~SourcePullers();

  void start();
  void stop();

  // Pulls now. With `wait`, returns once the pull that began after this call is committed: the
  // source's state, or the pull's error. kNotFound: no such source; kUnavailable: stopping;
  // kTimeout.
  [[nodiscard]] Result<SourceState> sync(const std::string& source, bool wait);
  void sync_all();
  // The loop published: a waiting sync looks whether its pull is in force.
  void on_published();

 private:
  struct Puller {
    SourceConfig config;
    std::thread thread;
    std::uint64_t wanted = 0;  // syncs asked for
    std::uint64_t done = 0;    // the newest of them that a finished pull covers
    WallTime posted_at;        // `attempted_at` of the last pull handed to the loop
    std::uint32_t failures = 0;
    bool pulled_once = false;
  };

  void run(Puller& puller);
  [[nodiscard]] std::int64_t wait_ms(const Puller& puller);
  // One pull, parsed; nothing of it is in force yet.
  [[nodiscard]] Event pull(Puller& puller);
  [[nodiscard]] Puller* find(const std::string& name);
  [[nodiscard]] std::optional<SourceState> published_state(const std::string& name) const;

  GitSource& git_;
  EventSink& sink_;
  const Published& published_;
  const Clock& clock_;
  const HostConfig& config_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::unique_ptr<Puller>> pullers_;
  bool stopping_ = false;
};

}  // namespace pawl
