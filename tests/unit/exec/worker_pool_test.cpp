#include "exec/worker_pool.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <csignal>
#include <set>

#include "exec/container_spec.h"
#include "unit/exec/runner_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Fixture = RunnerFixture;

}  // namespace

TEST_CASE("the pool runs as many attempts at once as it has workers") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(3));
  std::vector<RunAttempt> orders;
  for (int i = 0; i < 3; ++i) orders.push_back(fixture.order("wait"));
  for (const RunAttempt& order : orders) pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptStarted>(3));
  CHECK(fixture.sink.events<AttemptEnded>().empty());
  for (const RunAttempt& order : orders) fixture.engine.finish(fixture.name(order), 0);
  REQUIRE(fixture.sink.wait_for<AttemptEnded>(3));
}

TEST_CASE("many short attempts all end once") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(4));
  std::vector<RunAttempt> orders;
  for (int i = 0; i < 100; ++i) orders.push_back(fixture.order(i % 2 == 0 ? "echo" : "fail"));
  for (const RunAttempt& order : orders) pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptEnded>(100));
  pool.stop();
  std::set<AttemptKey> keys;
  for (const AttemptEnded& ended : fixture.sink.events<AttemptEnded>()) {
    CHECK(keys.insert(ended.key).second);
    CHECK(ended.outcome.exit_code == (ended.key.task % 2 == 0 ? 0 : 3));
  }
  CHECK(keys.size() == 100);
  CHECK(fixture.sink.events<AttemptStarted>().size() == 100);
}

TEST_CASE("an order that is under way is not taken twice") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(2));
  const RunAttempt order = fixture.order("wait");
  pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptStarted>());
  pool.run(order, {});
  fixture.engine.finish(fixture.name(order), 0);
  REQUIRE(fixture.sink.wait_for<AttemptEnded>());
  pool.stop();
  CHECK(fixture.sink.events<AttemptEnded>().size() == 1);
  CHECK(fixture.engine.calls(Call::kCreate) == 1);
}

TEST_CASE("signals reach the running container: SIGTERM, then SIGKILL") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("wait");
  SUBCASE("a task that ends on SIGTERM") {
    pool.run(order, {});
    REQUIRE(fixture.sink.wait_for<AttemptStarted>());
    pool.signal({order.key, false});
    REQUIRE(fixture.sink.wait_for<AttemptEnded>());
    CHECK(fixture.outcome().exit_code == 128 + SIGTERM);
  }
  SUBCASE("SIGKILL") {
    pool.run(order, {});
    REQUIRE(fixture.sink.wait_for<AttemptStarted>());
    pool.signal({order.key, true});
    REQUIRE(fixture.sink.wait_for<AttemptEnded>());
    CHECK(fixture.outcome().exit_code == 128 + SIGKILL);
  }
  SUBCASE("nobody's attempt") {
    pool.signal({AttemptKey{RunId{1}, 1, 1}, true});
    pool.run(order, {});
    REQUIRE(fixture.sink.wait_for<AttemptStarted>());
    fixture.engine.finish(fixture.name(order), 0);
    REQUIRE(fixture.sink.wait_for<AttemptEnded>());
    CHECK(fixture.engine.calls(Call::kKill) == 0);
  }
}

TEST_CASE("a signal for an attempt that still waits for a worker calls it off") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt first = fixture.order("wait");
  const RunAttempt second = fixture.order("wait");
  pool.run(first, {});
  REQUIRE(fixture.sink.wait_for<AttemptStarted>());
  pool.run(second, {});
  pool.signal({second.key, false});
  fixture.engine.finish(fixture.name(first), 0);
  REQUIRE(fixture.sink.wait_for<AttemptEnded>(2));
  CHECK(fixture.sink.events<AttemptEnded>()[1].outcome.kind == AttemptOutcome::Kind::kNotStarted);
  CHECK_FALSE(fixture.engine.exists(fixture.name(second)));
}

TEST_CASE("an order with a stop ends what runs, and starts nothing") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  RunAttempt order = fixture.order("wait");
  order.recovered = true;
  order.stop = true;
  bool runs = false;
  SUBCASE("it runs") {
    runs = true;
    REQUIRE(fixture.engine.create(container_spec(Fixture::kInstance, order), {}));
    REQUIRE(fixture.engine.start(fixture.name(order), {}));
  }
  SUBCASE("it does not") {}
  pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptEnded>());
  using Kind = AttemptOutcome::Kind;
  CHECK(fixture.outcome().kind == (runs ? Kind::kExited : Kind::kNotStarted));
  CHECK(fixture.engine.calls(Call::kStart) == (runs ? 1 : 0));
}

TEST_CASE("removal takes the attempt's containers by their labels, and nobody else's") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("echo");
  const RunAttempt other = fixture.order("echo");
  ContainerSpec renamed = container_spec(Fixture::kInstance, order);
  renamed.name = "renamed";
  ContainerSpec foreign = container_spec("ffffffffffff", order);
  foreign.name = fixture.name(order);  // our name, another's label
  for (const ContainerSpec& spec : {renamed, foreign, container_spec(Fixture::kInstance, other)}) {
    REQUIRE(fixture.engine.create(spec, {}));
  }
  SUBCASE("at once") {}
  SUBCASE("once the engine is back") {
    fixture.engine.fail(Call::kList, {ErrorKind::kUnavailable, "away", {}}, 20);
    fixture.engine.fail(Call::kRemove, {ErrorKind::kTimeout, "slow", {}}, 3);
  }
  SUBCASE("although somebody else is removing it") {
    fixture.engine.fail(Call::kRemove, {ErrorKind::kConflict, "in progress", {}}, 2);
  }
  pool.remove({order.key});
  REQUIRE(fixture.engine.wait_until_gone("renamed"));
  CHECK(fixture.engine.exists(foreign.name));
  CHECK(fixture.engine.exists(fixture.name(other)));
}

TEST_CASE("a container that comes to be only after its removal was ordered goes as well") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  const ContainerSpec late = container_spec(Fixture::kInstance, order);
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  fixture.engine.before_next(Call::kList, [] {});
  fixture.engine.before_next(Call::kList, [&] { CHECK(fixture.engine.create(late, {})); });
  pool.remove({order.key});
  REQUIRE(fixture.engine.wait_for_call(Call::kRemove));
  REQUIRE(fixture.engine.wait_until_gone(late.name));
}

TEST_CASE("the list names this store's containers, once, as soon as the engine answers") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("echo");
  ContainerSpec foreign = container_spec("ffffffffffff", order);
  foreign.name = "foreign";
  ContainerSpec odd = container_spec(Fixture::kInstance, order);
  odd.name = "odd";
  odd.labels["dev.pawl.attempt"] = "first";
  for (const ContainerSpec& spec : {foreign, odd, container_spec(Fixture::kInstance, order)}) {
    REQUIRE(fixture.engine.create(spec, {}));
  }
  fixture.engine.fail(Call::kList, {ErrorKind::kUnavailable, "away", {}}, 3);
  pool.list_containers();
  REQUIRE(fixture.sink.wait_for<EngineListed>());
  pool.stop();
  const auto listed = fixture.sink.events<EngineListed>();
  REQUIRE(listed.size() == 1);
  REQUIRE(listed[0].containers.size() == 1);
  CHECK(listed[0].containers[0].key == order.key);
  CHECK(listed[0].containers[0].name == fixture.name(order));
  CHECK(fixture.engine.calls(Call::kList) == 4);
}

TEST_CASE(
    "containers of the store before it was restored are removed, running or not, and no others") {
  Fixture fixture;
  WorkerPool::Settings settings = fixture.settings(1);
  // One that names the present instance, or nobody, must do no harm.
  settings.former_instances = {"ffffffffffff", Fixture::kInstance, "", "eeeeeeeeeeee"};
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, settings);
  const RunAttempt order = fixture.order("wait");
  ContainerSpec odd = container_spec("eeeeeeeeeeee", order);
  odd.labels.erase("dev.pawl.run");
  const ContainerSpec stranger = container_spec("dddddddddddd", order);
  const ContainerSpec own = container_spec(Fixture::kInstance, order);
  ContainerSpec former = container_spec("ffffffffffff", order);
  ContainerSpec stuck = former;
  stuck.name = "a";  // comes first
  for (const ContainerSpec& spec : {odd, stranger, own, former, stuck}) {
    REQUIRE(fixture.engine.create(spec, {}));
    REQUIRE(fixture.engine.start(spec.name, {}));
  }
  SUBCASE("at once") {}
  SUBCASE("once the engine is back") {
    fixture.engine.fail(Call::kList, {ErrorKind::kUnavailable, "away", {}}, 3);
  }
  SUBCASE("although one of them is stuck for a while") {
    fixture.engine.fail(Call::kRemove, {ErrorKind::kConflict, "in progress", {}}, 1);
  }
  pool.list_containers();
  REQUIRE(fixture.engine.wait_until_gone(former.name));
  REQUIRE(fixture.engine.wait_until_gone(odd.name));
  REQUIRE(fixture.engine.wait_until_gone(stuck.name));
  REQUIRE(fixture.sink.wait_for<EngineListed>());
  pool.stop();
  CHECK(fixture.engine.exists(stranger.name));
  CHECK(fixture.engine.exists(own.name));
  REQUIRE(fixture.sink.events<EngineListed>().size() == 1);
  REQUIRE(fixture.sink.events<EngineListed>()[0].containers.size() == 1);
  CHECK(fixture.sink.events<EngineListed>()[0].containers[0].name == own.name);
}

TEST_CASE("stop() ends every thread at once and leaves the containers as they are") {
  Fixture fixture;
  const RunAttempt following = fixture.order("wait");
  const RunAttempt queued = fixture.order("wait");
  SUBCASE("idle") {
    WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(8));
    pool.stop();
    pool.stop();
  }
  SUBCASE("following a log") {
    WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
    pool.run(following, {});
    pool.run(queued, {});
    REQUIRE(fixture.engine.wait_for_call(Call::kFollow));
    pool.stop();
    CHECK(fixture.engine.inspect(fixture.name(following), {})->phase ==
          ContainerState::Phase::kRunning);
    CHECK_FALSE(fixture.engine.exists(fixture.name(queued)));
  }
  SUBCASE("pulling, waiting for the engine, and removing") {
    fixture.times.backoff_ms = fixture.times.backoff_max_ms = 3'600'000;
    WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(2));
    const RunAttempt pulling = fixture.order("wait");
    fixture.pipeline->tasks.back().image = "alpine:edge";
    fixture.engine.hold(Call::kPull);
    pool.run(pulling, {});
    REQUIRE(fixture.engine.wait_for_call(Call::kPull));
    fixture.engine.set_away(true);
    pool.run(following, {});
    pool.remove({queued.key});
    pool.list_containers();
    REQUIRE(fixture.engine.wait_for_call(Call::kList, 2));
    REQUIRE(fixture.sink.wait_for_text("waiting for the container engine"));
    pool.stop();
  }
  CHECK(fixture.sink.events<AttemptEnded>().empty());
  CHECK(fixture.engine.calls(Call::kKill) == 0);
  CHECK(fixture.engine.calls(Call::kRemove) == 0);
}
