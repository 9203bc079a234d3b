// Podman's logs (4.3), through the collector: all of it, or marked as incomplete.
#include <doctest/doctest.h>

#include <csignal>
#include <functional>
#include <optional>
#include <string>

#include "contract/engine/pool_fixture.h"
#include "support/docker_daemon.h"

using namespace pawl;

namespace {

struct Fixture : PoolFixture {
  PodmanHarness podman;
  Fixture() : Fixture(PodmanHarness().daemon()) {}
  ~Fixture() { podman.daemon().remove_containers("dev.pawl.instance=" + instance); }

 private:
  explicit Fixture(DockerDaemon& daemon) : PoolFixture(daemon.socket(), daemon.image()) {}
};

std::string numbers(int count) {
  std::string text;
  for (int i = 1; i <= count; ++i) text += std::to_string(i) + "\n";
  return text;
}

}  // namespace

TEST_CASE("Podman: 200,000 lines of a task that is as fast as it can are all there") {
  Fixture fixture;
  for (const char* script : {"seq 1 200000", "echo 0; sleep 1; seq 1 200000; sleep 0.3"}) {
    CAPTURE(script);
    RecordingSink sink;
    WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
    pool.run(fixture.order(script), {});
    REQUIRE(sink.wait_for<AttemptEnded>());
    CHECK_FALSE(outcome_of(sink).log_incomplete);
    const bool all = sink.output() == (script[0] == 'e' ? "0\n" : "") + numbers(200'000);
    CHECK(all);
    pool.stop();
  }
}

TEST_CASE("Podman: a task that prints more than the engine keeps is marked") {
  Fixture fixture;
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  // Some 50 bytes a line in the engine's file of 32 MB.
  pool.run(fixture.order("seq 1 1500000"), {});
  REQUIRE(sink.wait_for<AttemptEnded>());
  const std::string output = sink.output();
  const bool all = output == numbers(1'500'000);
  CHECK_FALSE(all);
  CHECK(output.starts_with(numbers(10'000)));
  CHECK(output.ends_with("\n1500000\n"));
  CHECK(outcome_of(sink).log_incomplete);
  pool.stop();
}

TEST_CASE("Podman: a log is followed from a time after all that was printed so far") {
  PodmanHarness harness;
  ContainerEngine& engine = harness.engine();
  const ContainerSpec spec =
      harness.spec({"trap 'echo again' USR1; echo ready; while true; do sleep 0.1; done", {}});
  struct Sink : LogSink {
    std::string text;
    std::function<void()> at_wait = [] {};
    bool take(LogRecord&& record) override {
      text += record.text;
      return false;
    }
    std::optional<std::int64_t> before_wait() override {
      at_wait();
      return 200;
    }
  } first, later;
  REQUIRE(engine.create(spec, {}));
  REQUIRE(engine.start(spec.name, {}));
  CHECK(engine.follow_logs(spec.name, 0, first, {}).error().kind == ErrorKind::kCancelled);
  CHECK(first.text == "ready\n");
  const auto state = engine.inspect(spec.name, {});
  REQUIRE(state);
  later.at_wait = [&] { CHECK(engine.kill(spec.name, SIGUSR1, {})); };
  const std::int64_t since_ns = (state->started_at.ms + 2'000) * 1'000'000;
  CHECK(engine.follow_logs(spec.name, since_ns, later, {}).error().kind == ErrorKind::kCancelled);
  CHECK(later.text == "again\n");
}
