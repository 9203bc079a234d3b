// A dockerd that is killed, stopped and restarted while a task runs: what is reported must be the truth.
#include <doctest/doctest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <thread>

#include "contract/engine/pool_fixture.h"
#include "exec/container_spec.h"
#include "support/own_dockerd.h"
#include "support/unix_server.h"

using namespace pawl;

namespace {

using Kind = AttemptOutcome::Kind;

// Answers SIGTERM with a clean exit, so that an engine that ends it says "exited (0)".
const std::string kPolite =
    "trap 'echo bye; exit 0' TERM; echo ready; while true; do sleep 0.1; done";

// The container's first process: it ends when the task does, whether there is an engine or not.
pid_t process_of(const OwnDockerd& dockerd, const std::string& container) {
  const Json state = dockerd.get("/containers/" + container + "/json")["State"];
  return static_cast<pid_t>(state["Pid"].as_integer());
}

// Its init hands the signal on.
void signal_process(pid_t pid, int signal) {
  REQUIRE(pid > 1);
  REQUIRE(::kill(pid, signal) == 0);
}

void await_process(pid_t pid) {
  while (std::filesystem::exists("/proc/" + std::to_string(pid))) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void restart(OwnDockerd& dockerd, int signal) {
  dockerd.send(signal);
  dockerd.await_end();
  dockerd.start();
}

}  // namespace

TEST_CASE("what a dockerd without live-restore says of a task that it cut off is not believed") {
  OwnDockerd dockerd(false);
  for (const bool through_proxy : {false, true}) {
    for (const int signal : {SIGKILL, SIGTERM}) {
      CAPTURE(through_proxy);
      CAPTURE(signal);
      const SocketProxy proxy(dockerd.socket());
      PoolFixture fixture(through_proxy ? proxy.path() : dockerd.socket(), dockerd.image());
      CHECK(fixture.engine->incarnation().empty() == through_proxy);
      RecordingSink sink;
      WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
      const RunAttempt order = fixture.order(kPolite);
      pool.run(order, {});
      REQUIRE(sink.wait_for_text("ready\n"));
      CHECK(sink.events<AttemptStarted>()[0].engine == fixture.engine->incarnation());
      restart(dockerd, signal);
      REQUIRE(sink.wait_for<AttemptEnded>());
      const AttemptOutcome outcome = outcome_of(sink);
      CHECK(outcome.kind == Kind::kMissing);
      CHECK(outcome.message.find("restarted") != std::string::npos);
      CHECK(outcome.log_incomplete);
      // This is what would have been believed.
      const auto said = fixture.engine->inspect(fixture.name(order), {});
      REQUIRE(said);
      CHECK(said->exit_code == 0);
    }
  }
}

TEST_CASE("an agent that comes back after the engine's restart does not believe it either") {
  OwnDockerd dockerd(false);
  PoolFixture fixture(dockerd.socket(), dockerd.image());
  RecordingSink first;
  RunAttempt cut_off = fixture.order(kPolite);
  RunAttempt collected = fixture.order("echo ready; exit 4");
  {
    WorkerPool pool(*fixture.engine, first, fixture.clock, fixture.settings);
    pool.run(cut_off, {});
    REQUIRE(first.wait_for_text("ready\n"));
    pool.stop();
  }
  const auto before = fixture.engine->info({});
  REQUIRE(before);
  CHECK_FALSE(before->live_restore);
  CHECK(before->incarnation == first.events<AttemptStarted>()[0].engine);
  restart(dockerd, SIGTERM);
  const std::string incarnation = fixture.engine->incarnation();
  CHECK_FALSE(incarnation.empty());
  CHECK(incarnation != before->incarnation);
  // Of one that ran under the present engine, while no agent was there, all is known.
  REQUIRE(fixture.engine->create(container_spec(fixture.instance, collected), {}));
  REQUIRE(fixture.engine->start(fixture.name(collected), {}));
  REQUIRE(fixture.engine->wait(fixture.name(collected), 60'000, {}));

  cut_off.engine = before->incarnation;
  collected.engine = incarnation;
  RecordingSink second;
  WorkerPool pool(*fixture.engine, second, fixture.clock, fixture.settings);
  for (RunAttempt* order : {&cut_off, &collected}) {
    order->recovered = order->expect_started = true;
    pool.run(*order, {});
  }
  REQUIRE(second.wait_for<AttemptEnded>(2));
  for (const AttemptEnded& ended : second.events<AttemptEnded>()) {
    const bool cut = ended.key == cut_off.key;
    CHECK(ended.outcome.kind == (cut ? Kind::kMissing : Kind::kExited));
    CHECK(ended.outcome.exit_code == (cut ? 0 : 4));
    CHECK(ended.outcome.log_incomplete == cut);
  }
}

TEST_CASE(
    "with live-restore a task outlives the engine: true exit code, and the log is whole or said "
    "not to be") {
  OwnDockerd dockerd(true);
  PoolFixture fixture(dockerd.socket(), dockerd.image());
  for (const int signal : {SIGKILL, SIGTERM}) {
    for (const bool ends_meanwhile : {false, true}) {
      CAPTURE(signal);
      CAPTURE(ends_meanwhile);
      RecordingSink sink;
      WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
      const RunAttempt order = fixture.order(
          "trap 'echo bye; exit 7' USR1; i=0; echo ready; "
          "while true; do sleep 0.05; i=$((i+1)); echo $i; done");
      pool.run(order, {});
      REQUIRE(sink.wait_for_text("ready\n1\n2\n"));
      const pid_t process = process_of(dockerd, fixture.name(order));
      dockerd.send(signal);
      dockerd.await_end();
      if (ends_meanwhile) {
        signal_process(process, SIGUSR1);
        await_process(process);
      }
      dockerd.start();
      if (!ends_meanwhile) {
        REQUIRE(sink.wait_for<AttemptStarted>(2));
        CHECK(sink.events<AttemptStarted>()[1].engine == fixture.engine->incarnation());
        signal_process(process, SIGUSR1);
      }
      REQUIRE(sink.wait_for<AttemptEnded>());
      const AttemptOutcome outcome = outcome_of(sink);
      CHECK(outcome.kind == Kind::kExited);
      CHECK(outcome.exit_code == 7);
      // What it printed while there was no engine goes with it if it ends before there is one.
      CHECK(outcome.log_incomplete == ends_meanwhile);
      // Every line, once, in order.
      const std::string output = sink.output();
      const std::string last = ends_meanwhile ? "" : "bye\n";
      std::string expected = "ready\n";
      for (int i = 1; expected.size() + last.size() < output.size(); ++i) {
        expected += std::to_string(i) + "\n";
      }
      CHECK(output == expected + last);
    }
  }
}

TEST_CASE("a dockerd that stands still for a while still tells the truth") {
  OwnDockerd dockerd(false);
  PoolFixture fixture(dockerd.socket(), dockerd.image());
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  const RunAttempt order =
      fixture.order("trap 'echo bye; exit 6' USR1; echo ready; while true; do sleep 0.1; done");
  pool.run(order, {});
  REQUIRE(sink.wait_for_text("ready\n"));
  const pid_t process = process_of(dockerd, fixture.name(order));
  dockerd.send(SIGSTOP);
  signal_process(process, SIGUSR1);
  await_process(process);
  dockerd.send(SIGCONT);
  REQUIRE(sink.wait_for<AttemptEnded>());
  CHECK(outcome_of(sink).kind == Kind::kExited);
  CHECK(outcome_of(sink).exit_code == 6);
  CHECK_FALSE(outcome_of(sink).log_incomplete);
  CHECK(sink.output() == "ready\nbye\n");
}
