// A worker pool's surroundings on a real engine: real clocks, and orders for small shell scripts.
#pragma once

#include <doctest/doctest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "base/digest.h"
#include "contract/engine/harness.h"
#include "docker/docker_engine.h"
#include "exec/worker_pool.h"
#include "support/recording_sink.h"
#include "support/temp_directory.h"

namespace pawl {

// Output must be flushed while the task runs.
class RealClock : public Clock {
 public:
  [[nodiscard]] WallTime wall() const override {
    return WallTime{ms_of(std::chrono::system_clock::now())};
  }
  [[nodiscard]] MonoTime mono() const override {
    return MonoTime{ms_of(std::chrono::steady_clock::now())};
  }
  [[nodiscard]] bool synchronised() const override { return true; }

 private:
  template <typename Time>
  static std::int64_t ms_of(Time time) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count();
  }
};

struct PoolFixture {
  std::string instance = random_hex(6);
  std::string image;
  std::shared_ptr<Pipeline> pipeline = std::make_shared<Pipeline>();
  std::unique_ptr<ContainerEngine> engine;
  RealClock clock;
  TempDirectory directory;
  std::map<std::string, std::string> secrets;
  WorkerPool::Settings settings{4,
                                instance,
                                {},
                                {1, 100, 60'000, 1, 0},
                                {},
                                AttemptFiles(directory / "outputs", directory / "secrets"),
                                [this](const std::string& name) -> Result<std::string> {
                                  const auto found = secrets.find(name);
                                  if (found != secrets.end()) return found->second;
                                  return Error{ErrorKind::kNotFound, "No such file or directory",
                                               "/etc/pawl/secrets/" + name};
                                }};

  PoolFixture(const std::string& socket, std::string image_name)
      : image(std::move(image_name)),
        engine(make_docker_engine(EngineConfig{.host = "unix://" + socket}).value()) {
    pipeline->name = "demo";
    settings.policy.images = {image};
  }

  RunAttempt order(const std::string& script) {
    Task task;
    task.id = "task" + std::to_string(pipeline->tasks.size());
    task.image = image;
    task.command = {"sh", "-c", script};
    task.memory_bytes = kTestMemory;
    pipeline->tasks.push_back(task);
    RunAttempt order;
    order.key = AttemptKey{RunId{5}, static_cast<std::uint32_t>(pipeline->tasks.size() - 1), 1};
    order.definition = pipeline;
    order.command = task.command;
    order.params = {{"level", "full"}};
    return order;
  }

  [[nodiscard]] std::string name(const RunAttempt& order) const {
    return container_name(instance, order.key, order.definition->tasks.at(order.key.task).id);
  }
};

inline AttemptOutcome outcome_of(const RecordingSink& sink) {
  const auto ended = sink.events<AttemptEnded>();
  REQUIRE(ended.size() == 1);
  return ended[0].outcome;
}

}  // namespace pawl
