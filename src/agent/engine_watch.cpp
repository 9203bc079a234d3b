#include "agent/engine_watch.h"

#include <chrono>

#include "base/log.h"

namespace pawl {

EngineWatch::EngineWatch(ContainerEngine& engine, Published& published)
    : engine_(engine), published_(published) {}

EngineWatch::~EngineWatch() { stop(); }

void EngineWatch::start() {
  thread_ = std::thread([this] { run(); });
}

void EngineWatch::stop() {
  {
    std::lock_guard lock(mutex_);
    stop_.request_stop();
  }
  stop_requested_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void EngineWatch::run() {
  bool first = true;
  bool was_reachable = false;
  while (true) {
    EngineStatus status;
    if (const auto info = engine_.info(stop_.get_token())) {
      status = EngineStatus{true, info->version, info->api_version, {}, info->engine};
    } else {
      if (info.error().kind == ErrorKind::kCancelled) return;
      status.error = info.error().text();
    }
    if (first || status.reachable != was_reachable) {
      if (status.reachable) {
        log_info("the container engine answers",
                 {{"version", status.version}, {"api", status.api_version}});
      } else {
        log_warning("no container engine answers; tasks wait for it", {{"reason", status.error}});
      }
    }
    first = false;
    was_reachable = status.reachable;
    published_.update([&](AgentSnapshot& snapshot) { snapshot.engine = status; });

    std::unique_lock lock(mutex_);
    const std::int64_t pause_ms =
        status.reachable ? limits::kEngineCheckMs : limits::kEngineCheckAwayMs;
    if (stop_requested_.wait_for(lock, std::chrono::milliseconds(pause_ms),
                                 [&] { return stop_.stop_requested(); })) {
      return;
    }
  }
}

}  // namespace pawl
