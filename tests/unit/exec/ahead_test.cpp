// Containers created ahead: with Ahead alone, and with the pool that uses them.
#include <doctest/doctest.h>

#include <thread>

#include "exec/ahead.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Kind = AttemptOutcome::Kind;

}  // namespace

TEST_CASE("a container that was created ahead is started as it is") {
  TaskFixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.ahead.prepare(order);
  REQUIRE(fixture.engine.wait_for_call(Call::kCreate));
  SUBCASE("even while it is still being created") {}
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.calls(Call::kCreate) == 1);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
}

TEST_CASE(
    "an attempt that is ordered waits for the creation that is under way, and does not ask twice") {
  TaskFixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.engine.hold(Call::kCreate);
  fixture.ahead.prepare(order);
  REQUIRE(fixture.engine.wait_for_call(Call::kCreate));
  std::jthread runner([&] { fixture.run(order); });
  fixture.engine.release(Call::kCreate);
  runner.join();
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.calls(Call::kCreate) == 1);
}

TEST_CASE("what goes wrong ahead is met again, and told, by the attempt") {
  TaskFixture fixture;
  const RunAttempt order = fixture.order("echo");
  SUBCASE("policy") {
    fixture.policy.images = {};
    fixture.ahead.prepare(order);
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kPolicy);
    CHECK(fixture.engine.calls(Call::kCreate) == 0);
  }
  SUBCASE("engine") {
    fixture.engine.fail(Call::kCreate, {ErrorKind::kInvalid, "no", {}});
    fixture.ahead.prepare(order);
    REQUIRE(fixture.engine.wait_for_call(Call::kCreate));
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
  }
  SUBCASE("an image that is pulled each time") {
    fixture.policy.pull = "always";
    fixture.engine.add_remote_image("alpine:3");
    fixture.ahead.prepare(order);
    fixture.run(order);
    CHECK(fixture.engine.calls(Call::kPull) == 1);
    CHECK(fixture.outcome().kind == Kind::kExited);
  }
}

TEST_CASE("what is not needed after all goes") {
  TaskFixture fixture;
  const RunAttempt order = fixture.order("echo");
  bool whole_run = false;
  SUBCASE("by its attempt") {}
  SUBCASE("by its run") { whole_run = true; }
  bool under_way = false;
  SUBCASE("created") {}
  SUBCASE("still being created") { under_way = true; }
  if (under_way) fixture.engine.hold(Call::kCreate);
  fixture.ahead.prepare(order);
  REQUIRE(fixture.engine.wait_for_call(Call::kCreate));
  whole_run ? fixture.ahead.discard(order.key.run) : fixture.ahead.discard(order.key);
  fixture.engine.release(Call::kCreate);
  REQUIRE(fixture.engine.wait_for_call(Call::kRemove));
  REQUIRE(fixture.engine.wait_until_gone(fixture.name(order)));
  CHECK_FALSE(fixture.ahead.take(order.key));
}

TEST_CASE("one that an earlier agent created ahead is made anew") {
  TaskFixture fixture;
  const RunAttempt order = fixture.order("echo");
  RunAttempt stale = order;
  stale.env = {{"STALE", "yes"}};
  fixture.create(stale);
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.calls(Call::kCreate) == 3);
  for (const auto& [name, value] : fixture.engine.spec(fixture.name(order)).env) {
    CHECK(name != "STALE");
  }
}

TEST_CASE(
    "a start that is refused because the sandbox has ended is asked for again once that runs") {
  TaskFixture fixture;
  fixture.engine.set_containers(true);
  fixture.engine.set_program("internal-sandbox", {{}, true});
  const RunAttempt order = fixture.order("echo");
  (void)fixture.order("echo");  // somebody to share the network with
  const std::string sandbox = sandbox_name(TaskFixture::kInstance, order.key.run);
  SUBCASE("it ended") {
    fixture.engine.before_next(Call::kStart, [] {});
    fixture.engine.before_next(Call::kStart, [&] { fixture.engine.finish(sandbox, 0); });
  }
  SUBCASE("it is gone") {
    fixture.engine.before_next(Call::kStart, [] {});
    fixture.engine.before_next(Call::kStart, [&] { REQUIRE(fixture.engine.remove(sandbox, {})); });
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
  CHECK_FALSE(fixture.engine.spec(fixture.name(order)).join_network.empty());
}
