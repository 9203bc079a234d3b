#include "exec/usage_watch.h"

#include <doctest/doctest.h>

#include <thread>

#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;

struct Watched : TaskFixture {
  RunAttempt running = order("wait");
  UsageWatch watch{engine, clock};
  Watched() { create_and_start(running); }
  std::int64_t look() { return watch.look(name(running), {}).ms - clock.mono().ms; }
};

}  // namespace

TEST_CASE("of each number the highest is kept, whatever order they come in") {
  Watched fixture;
  CHECK_FALSE(fixture.watch.highest());
  fixture.engine.set_usage(fixture.name(fixture.running), {100, 5, 0});
  (void)fixture.look();
  fixture.engine.set_usage(fixture.name(fixture.running), {50, 9, 2});
  (void)fixture.look();
  fixture.engine.set_usage(fixture.name(fixture.running), {60, 7, 1});
  (void)fixture.look();
  CHECK(fixture.watch.highest() == ResourceUsage{100, 9, 2});
}

TEST_CASE("a look that fails changes nothing and is not repeated at once") {
  Watched fixture;
  fixture.engine.set_usage(fixture.name(fixture.running), {100, 5, 0});
  fixture.engine.fail(Call::kUsage, {ErrorKind::kTimeout, "slow", {}});
  CHECK(fixture.look() == limits::kUsageEveryMs);
  CHECK_FALSE(fixture.watch.highest());
  (void)fixture.look();
  fixture.engine.fail(Call::kUsage, {ErrorKind::kConflict, "it does not run", {}});
  CHECK(fixture.look() == limits::kUsageEveryMs);
  CHECK(fixture.watch.highest() == ResourceUsage{100, 5, 0});
}

TEST_CASE("often at first, then seldom") {
  Watched fixture;
  CHECK(fixture.watch.first().ms - fixture.clock.mono().ms == limits::kUsageFirstMs);
  for (std::uint32_t i = 1; i < limits::kUsageSlowAfter; ++i) {
    CHECK(fixture.look() == limits::kUsageEveryMs);
  }
  CHECK(fixture.look() == limits::kUsageSlowMs);
}

TEST_CASE("what an attempt used comes with its end; a short one has none") {
  TaskFixture fixture;
  SUBCASE("long enough for a look") {
    const RunAttempt order = fixture.order("wait");
    std::jthread other([&] {
      REQUIRE(fixture.engine.wait_for_call(Call::kFollow));
      const std::string name = fixture.name(order);
      fixture.engine.set_usage(name, {4096, 12, 3});
      fixture.clock.advance_ms(limits::kUsageFirstMs);
      fixture.engine.print(name, {LogStream::kStdout, "go on\n"});
      REQUIRE(fixture.engine.wait_for_call(Call::kUsage));
      fixture.engine.finish(name, 0);
    });
    fixture.run(order);
    CHECK(fixture.outcome().usage == ResourceUsage{4096, 12, 3});
  }
  SUBCASE("over before the first") {
    fixture.run(fixture.order("echo"));
    CHECK_FALSE(fixture.outcome().usage);
    CHECK(fixture.engine.calls(Call::kUsage) == 0);
  }
}
