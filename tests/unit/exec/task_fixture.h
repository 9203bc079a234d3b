// One TaskRunner at a time, on the test's own thread or on one that the test makes.
#pragma once

#include <doctest/doctest.h>

#include <functional>
#include <stop_token>

#include "exec/task_runner.h"
#include "unit/exec/runner_fixture.h"

namespace pawl {

struct TaskFixture : RunnerFixture {
  LiveRestore live_restore{engine};
  FindRun find_run;
  Sandboxes sandboxes{{engine, clock, kInstance, find_run}, {}};
  Ahead ahead{{engine, kInstance, policy, sandboxes, files}};
  ImageLedger ledger{directory / "images.json", clock};
  // Each wait for a file of images takes no time; then this happens.
  std::function<void()> after_wait;
  std::int64_t waited_ms = 0;
  std::function<bool(const std::stop_token&, std::int64_t)> wait =
      [this](const std::stop_token& stop, std::int64_t ms) {
        waited_ms += ms;
        clock.advance_ms(ms);
        if (after_wait) after_wait();
        return !stop.stop_requested();
      };
  ImageFiles image_files{{engine, clock, ledger, directory / "images", {}, wait}};
  ImagePuller images{{engine, &ledger, &image_files, 1, 2}};
  AttemptControl control;
  std::stop_source shutdown;

  void run(const RunAttempt& order, const LogPosition& from = {}) {
    TaskRunner({engine, sink, clock, policy, kInstance, live_restore, times, sandboxes, ahead,
                files, read_secret, images, shutdown.get_token()},
               order, from, control, shutdown.get_token())
        .run();
  }
  // As an earlier agent left it.
  void create(const RunAttempt& order) { REQUIRE(engine.create(whole_spec(kInstance, order), {})); }
  void create_and_start(const RunAttempt& order) {
    create(order);
    REQUIRE(engine.start(name(order), {}));
  }
};

inline RunAttempt recovered(RunAttempt order, bool started) {
  order.recovered = true;
  order.expect_started = started;
  return order;
}

}  // namespace pawl
