// The agent's own parts, wired as agent.cpp wires them, on a fake store and a fake engine.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "agent/control_service.h"
#include "agent/loop.h"
#include "agent/source_pullers.h"
#include "support/fake_engine.h"
#include "support/fake_store.h"
#include "support/manual_clock.h"

namespace pawl::test {

// Hands out what the test prepared, one answer a pull; the last one again and again.
class FakeGit : public GitSource {
 public:
  Result<PullResult> pull(const SourceConfig&, const std::string& known_revision) override {
    std::lock_guard lock(mutex_);
    known_.push_back(known_revision);
    if (error_) return *error_;
    PullResult result = result_;
    result.unchanged = !known_revision.empty() && known_revision == result.revision;
    if (result.unchanged) result.files.clear();
    return result;
  }
  void set(PullResult result) {
    std::lock_guard lock(mutex_);
    result_ = std::move(result);
    error_.reset();
  }
  void fail(Error error) {
    std::lock_guard lock(mutex_);
    error_ = std::move(error);
  }
  [[nodiscard]] std::vector<std::string> known() const {
    std::lock_guard lock(mutex_);
    return known_;
  }

 private:
  mutable std::mutex mutex_;
  PullResult result_;
  std::optional<Error> error_;
  std::vector<std::string> known_;
};

inline HostConfig host_config() {
  HostConfig config;
  config.host_name = "test";
  config.policy.images = {"image:*"};
  config.policy.pull = "never";
  SourceConfig source;
  source.name = "fleet";
  source.url = "/srv/fleet";
  source.interval_ms = 3'600'000;
  config.sources.push_back(source);
  return config;
}

// One life of an agent on a store and an engine that outlive it.
class AgentLife {
 public:
  AgentLife(FakeStore& store, FakeEngine& engine, FakeGit& git)
      : store_(store),
        config_(host_config()),
        loop_(Loop::Parts{store, clock_, replies_, published_, changes_},
              CoreSettings{config_.workers}, {configured()}),
        workers_(engine, loop_, clock_,
                 WorkerPool::Settings{config_.workers, store.instance_id(), config_.policy}),
        pullers_({git, loop_, replies_, published_, clock_}, config_),
        control_({loop_, replies_, published_, changes_, pullers_, store, clock_, "/nonexistent"}) {
    REQUIRE(loop_.start(workers_));
    workers_.list_containers();
    pullers_.start();
  }
  ~AgentLife() {
    replies_.close();
    changes_.close();
    workers_.stop();
    loop_.stop();
    pullers_.stop();
  }

  [[nodiscard]] ControlService& control() { return control_; }
  [[nodiscard]] Loop& loop() { return loop_; }
  [[nodiscard]] ManualClock& clock() { return clock_; }

  [[nodiscard]] Run finished(RunId id) {
    std::uint64_t after = control_.wait_changes(0, 0).next;
    for (int i = 0; i < 60; ++i) {
      const auto detail = store_.run(id);
      REQUIRE(detail);
      if (is_final(detail->run.status)) return detail->run;
      after = control_.wait_changes(after, 1'000).next;
    }
    FAIL("the run did not end within a minute");
    return {};
  }

 private:
  static SourceState configured() {
    SourceState state;
    state.name = "fleet";
    return state;
  }

  FakeStore& store_;
  const HostConfig config_;
  ManualClock clock_{1'700'000'001'000};  // the fake engine's time
  Published published_;
  ChangeFeed changes_;
  Replies replies_;
  Loop loop_;
  WorkerPool workers_;
  SourcePullers pullers_;
  ControlService control_;
};

inline PullResult revision(const std::string& name, const std::string& yaml) {
  PullResult result;
  result.revision = name;
  result.files.push_back(PulledFile{"p.yaml", yaml});
  return result;
}

inline const char* const kTwoTasks =
    "name: p\n"
    "tasks:\n"
    "  - {id: a, image: image:1, command: [ok]}\n"
    "  - {id: b, image: image:1, command: [ok], depends_on: a}\n";

}  // namespace pawl::test
