// The worker pool on the real engine.
#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <map>

#include "contract/engine/pool_fixture.h"
#include "support/docker_daemon.h"
#include "support/unix_server.h"

using namespace pawl;

namespace {

constexpr int kLines = 2000;

// Prints kLines lines, then one more at each SIGUSR1, and waits to be killed.
const std::string kPrintAndWait = "trap 'echo again' USR1; i=1; while [ $i -le " +
                                  std::to_string(kLines) +
                                  " ]; do echo line $i; i=$((i+1)); done; "
                                  "while true; do sleep 0.1; done";

std::string all_lines() {
  std::string text;
  for (int i = 1; i <= kLines; ++i) text += "line " + std::to_string(i) + "\n";
  return text;
}

const std::string kLastLine = "line " + std::to_string(kLines) + "\n";

struct Proxied {
  SocketProxy proxy{DockerDaemon::instance().socket()};
};

struct Fixture : Proxied, PoolFixture {
  Fixture() : PoolFixture(proxy.path(), DockerDaemon::instance().image()) {}
  ~Fixture() { DockerDaemon::instance().remove_containers("dev.pawl.instance=" + instance); }

  // Of tasks.
  [[nodiscard]] std::size_t containers() {
    const auto list = engine->list("dev.pawl.instance", instance, {});
    REQUIRE(list);
    return static_cast<std::size_t>(
        std::count_if(list->begin(), list->end(), [](const ContainerSummary& container) {
          return container.labels.contains("dev.pawl.run");
        }));
  }
};

}  // namespace

TEST_CASE("tasks run, their output comes in, and their containers go when told") {
  Fixture fixture;
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  const RunAttempt order = fixture.order(
      "echo $PAWL_RUN_ID $PAWL_PIPELINE $PAWL_TASK $PAWL_ATTEMPT $PAWL_PARAM_LEVEL; exit 7");
  pool.run(order, {});
  REQUIRE(sink.wait_for<AttemptEnded>());
  CHECK(outcome_of(sink).kind == AttemptOutcome::Kind::kExited);
  CHECK(outcome_of(sink).exit_code == 7);
  CHECK(sink.output() == "5 demo task0 1 full\n");
  CHECK(fixture.containers() == 1);
  pool.remove({order.key});
  pool.list_containers();
  REQUIRE(sink.wait_for<EngineListed>());
  CHECK(sink.events<EngineListed>()[0].containers.empty());
  CHECK(fixture.containers() == 0);
}

TEST_CASE("four at once, one of them over its memory, one cancelled") {
  Fixture fixture;
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  const RunAttempt good = fixture.order("exit 0");
  const RunAttempt bad = fixture.order("/no/such/program");
  const RunAttempt hungry = fixture.order("tail /dev/zero");
  const RunAttempt endless = fixture.order("exec sleep 1000");
  for (const RunAttempt& order : {good, bad, hungry, endless}) pool.run(order, {});
  REQUIRE(sink.wait_for<AttemptStarted>(4));
  pool.signal({endless.key, true});
  REQUIRE(sink.wait_for<AttemptEnded>(4));
  std::map<AttemptKey, AttemptOutcome> outcomes;
  for (const AttemptEnded& ended : sink.events<AttemptEnded>()) outcomes[ended.key] = ended.outcome;
  CHECK(outcomes.at(good.key).exit_code == 0);
  CHECK(outcomes.at(bad.key).exit_code == 127);
  CHECK(outcomes.at(hungry.key).oom_killed);
  CHECK(outcomes.at(endless.key).exit_code == 137);
  CHECK_FALSE(outcomes.at(endless.key).oom_killed);
}

TEST_CASE("an agent that comes back finds its container and goes on with its output") {
  Fixture fixture;
  const RunAttempt order = fixture.order(kPrintAndWait);
  RecordingSink first;
  {
    WorkerPool pool(*fixture.engine, first, fixture.clock, fixture.settings);
    pool.run(order, {});
    REQUIRE(first.wait_for_text("line 1\n"));
    pool.stop();
  }
  CHECK(first.events<AttemptEnded>().empty());
  LogPosition position;
  for (const LogRecord& record : first.records()) {
    if (record.stream == LogStream::kPawl) continue;
    const bool same = record.time_ns == position.last_time_ns;
    position = {record.time_ns, same ? position.records_at_last + 1 : 1};
  }
  RecordingSink second;
  WorkerPool pool(*fixture.engine, second, fixture.clock, fixture.settings);
  RunAttempt again = order;
  again.recovered = true;
  again.expect_started = true;
  pool.run(again, position);
  while (first.output() + second.output() != all_lines()) {
    REQUIRE(second.wait_for_more());
  }
  pool.signal({order.key, true});
  REQUIRE(second.wait_for<AttemptEnded>());
  CHECK(outcome_of(second).exit_code == 128 + SIGKILL);
  CHECK(first.output() + second.output() == all_lines());
  CHECK(fixture.containers() == 1);
}

TEST_CASE("connections that break again and again cost nothing but time") {
  Fixture fixture;
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  const RunAttempt order = fixture.order(kPrintAndWait);
  pool.run(order, {});
  for (const std::string& text : {std::string("line 1\n"), std::string("line 700\n"), kLastLine}) {
    REQUIRE(sink.wait_for_text(text));
    fixture.proxy.cut();
  }
  // Behind this proxy no engine can be told from the next one: that it was not restarted is only known once the
  // task was seen alive.
  REQUIRE(fixture.engine->kill(fixture.name(order), SIGUSR1, {}));
  REQUIRE(sink.wait_for_text("again\n"));
  pool.signal({order.key, true});
  REQUIRE(sink.wait_for<AttemptEnded>());
  CHECK(outcome_of(sink).exit_code == 128 + SIGKILL);
  CHECK_FALSE(outcome_of(sink).log_incomplete);
  CHECK(sink.output() == all_lines() + "again\n");
}

TEST_CASE("the last words of a task arrive, however fast it ends") {
  Fixture fixture;
  for (int i = 0; i < 20; ++i) {
    RecordingSink sink;
    WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
    pool.run(fixture.order("echo first; printf last"), {});
    REQUIRE(sink.wait_for<AttemptEnded>());
    CHECK(sink.output() == "first\nlast");
  }
}

TEST_CASE("an image that nobody has fails its task with the reason") {
  Fixture fixture;
  fixture.settings.policy.images = {"*"};
  fixture.settings.policy.pull = "missing";
  RecordingSink sink;
  WorkerPool pool(*fixture.engine, sink, fixture.clock, fixture.settings);
  RunAttempt order = fixture.order("true");
  fixture.pipeline->tasks[0].image = "127.0.0.1:1/none:1";
  pool.run(order, {});
  REQUIRE(sink.wait_for<AttemptEnded>());
  CHECK(outcome_of(sink).kind == AttemptOutcome::Kind::kNotStarted);
  CHECK(outcome_of(sink).failure == Reason::kImage);
  CHECK(outcome_of(sink).message.find("127.0.0.1:1") != std::string::npos);
  CHECK(fixture.containers() == 0);
}
