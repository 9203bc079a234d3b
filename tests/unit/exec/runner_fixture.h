// What the tests of exec/ share: a fake engine, a clock, a sink, and a pipeline of small tasks.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "exec/container_spec.h"
#include "exec/run_names.h"
#include "exec/runner_times.h"
#include "exec/worker_pool.h"
#include "support/fake_engine.h"
#include "support/manual_clock.h"
#include "support/recording_sink.h"
#include "support/temp_directory.h"

namespace pawl {

// As a task's container is asked for where it has no sandbox.
inline ContainerSpec whole_spec(const std::string& instance, const RunAttempt& order) {
  ContainerSpec spec = container_spec(instance, order);
  complete(spec, workspace_name(instance, order.key.run), "", "");
  return spec;
}

struct RunnerFixture {
  static inline const std::string kInstance = "0123456789ab";

  FakeEngine engine;
  ManualClock clock;
  RecordingSink sink;
  HostPolicy policy;
  RunnerTimes times{.backoff_ms = 1,
                    .backoff_max_ms = 2,
                    .settle_ms = 1,
                    .remove_later_ms = 0,
                    .pull_retry_ms = 1,
                    .pull_retry_max_ms = 2};
  TempDirectory directory;
  AttemptFiles files{directory / "outputs", directory / "secrets"};
  std::map<std::string, std::string> secrets;
  ReadSecret read_secret = [this](const std::string& name) -> Result<std::string> {
    const auto found = secrets.find(name);
    if (found != secrets.end()) return found->second;
    return Error{ErrorKind::kNotFound, "No such file or directory", "/etc/pawl/secrets/" + name};
  };
  std::shared_ptr<Pipeline> pipeline = std::make_shared<Pipeline>();

  RunnerFixture() {
    engine.add_image("alpine:3");
    // Then a task's container is the only one of its run; sandboxes have tests of their own.
    engine.set_containers(false);
    policy.images = {"alpine:*"};
    pipeline->name = "demo";
    engine.set_program("echo", {{{LogStream::kStdout, "out\n"}, {LogStream::kStderr, "err\n"}}});
    engine.set_program("fail", {{{LogStream::kStdout, "bad\n"}}, false, 3});
    engine.set_program("oom", {{}, false, 137, true});
    engine.set_program("wait", {{{LogStream::kStdout, "waiting\n"}}, true});
  }

  // An order for a new task that runs that program.
  RunAttempt order(const std::string& program, std::uint32_t attempt = 1) {
    Task task;
    task.id = "task" + std::to_string(pipeline->tasks.size());
    task.image = "alpine:3";
    task.command = {"sh", "-c", program};
    pipeline->tasks.push_back(task);
    RunAttempt order;
    order.key =
        AttemptKey{RunId{7}, static_cast<std::uint32_t>(pipeline->tasks.size() - 1), attempt};
    order.definition = pipeline;
    order.command = task.command;
    return order;
  }

  [[nodiscard]] std::string name(const RunAttempt& order) const {
    return container_name(kInstance, order.key, order.definition->tasks.at(order.key.task).id);
  }

  [[nodiscard]] WorkerPool::Settings settings(std::uint32_t workers) const {
    return WorkerPool::Settings{workers, kInstance, policy, times, {}, files, read_secret};
  }

  // The only end that was posted, after everything else.
  [[nodiscard]] AttemptOutcome outcome() const {
    const auto ended = sink.events<AttemptEnded>();
    PAWL_ASSERT(ended.size() == 1);
    const auto items = sink.items();
    const auto* last = std::get_if<Event>(&items.back());
    PAWL_ASSERT(last != nullptr && std::holds_alternative<AttemptEnded>(last->body));
    return ended.front().outcome;
  }
};

}  // namespace pawl
