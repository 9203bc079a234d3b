// Where the tasks of a run meet, on the fake engine.
#include <doctest/doctest.h>

#include <set>
#include <thread>

#include "exec/run_names.h"
#include "exec/sandboxes.h"
#include "unit/exec/runner_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;

struct Fixture : RunnerFixture {
  std::set<RunId> over;
  FindRun find_run = [this](RunId run) -> Result<RunDetail> {
    RunDetail detail;
    detail.run.status = over.contains(run) ? Status::kSuccess : Status::kRunning;
    return detail;
  };
  SandboxSettings settings;

  Fixture() {
    engine.set_containers(true);
    engine.set_program("internal-sandbox", {{}, true});
  }

  // Two tasks, so that there is somebody to share a network with.
  RunAttempt order_of(std::uint64_t run, const std::string& network = "none") {
    RunAttempt order = this->order("echo");
    pipeline->tasks.back().network = network;
    Task other = pipeline->tasks.back();
    other.id += "b";
    pipeline->tasks.push_back(other);
    order.key.run = RunId{run};
    return order;
  }

  [[nodiscard]] std::unique_ptr<Sandboxes> make() {
    return std::make_unique<Sandboxes>(Sandboxes::Parts{engine, clock, kInstance, find_run},
                                       settings);
  }

  [[nodiscard]] Sandboxes::Place enter(Sandboxes& sandboxes, const RunAttempt& order) {
    const auto place = sandboxes.enter(order, {});
    REQUIRE(place);
    return *place;
  }

  // A task's container, as TaskRunner creates it.
  std::string create_task(const RunAttempt& order, const Sandboxes::Place& place) {
    ContainerSpec spec = container_spec(kInstance, order);
    complete(spec, place.volume, place.join, "");
    REQUIRE(engine.create(spec, {}));
    return spec.name;
  }

  // The sandbox that waits, once it does.
  std::string wait_for_warm(const Sandboxes& sandboxes) {
    while (sandboxes.waiting() == 0) std::this_thread::yield();
    const auto containers = engine.list("dev.pawl.instance", kInstance, {});
    for (const auto& container : *containers) {
      if (is_warm_name(kInstance, container.name) && container.running) return container.name;
    }
    FAIL("no warm sandbox");
    return {};
  }
};

}  // namespace

TEST_CASE("the tasks of a run share an open workspace and a network; runs share nothing") {
  Fixture fixture;
  const auto sandboxes = fixture.make();
  const RunAttempt order = fixture.order_of(7);
  const Sandboxes::Place first = fixture.enter(*sandboxes, order);
  CHECK(first.volume == "pawl-0123456789ab-7");
  CHECK(fixture.engine.is_open(first.volume));
  CHECK_FALSE(first.join.empty());
  const Sandboxes::Place second = fixture.enter(*sandboxes, order);
  CHECK(second.volume == first.volume);
  CHECK(second.join == first.join);
  CHECK(fixture.engine.calls(Call::kStart) == 1);

  const ContainerSpec spec = fixture.engine.spec("pawl-0123456789ab-7-sandbox");
  CHECK(spec.network == "none");
  CHECK(spec.read_only);
  CHECK(spec.user == "65534");
  CHECK(spec.memory_bytes == limits::kSandboxMemoryBytes);
  CHECK(spec.pids == limits::kSandboxPids);
  CHECK(spec.command == std::vector<std::string>{"/pawl", "internal-sandbox"});

  const Sandboxes::Place other = fixture.enter(*sandboxes, fixture.order_of(8));
  CHECK(other.volume != first.volume);
  CHECK(other.join != first.join);
}

TEST_CASE("each network of a run has a sandbox of its own, and the workspace is the same") {
  Fixture fixture;
  const auto sandboxes = fixture.make();
  const Sandboxes::Place none = fixture.enter(*sandboxes, fixture.order_of(7, "none"));
  const Sandboxes::Place bridge = fixture.enter(*sandboxes, fixture.order_of(7, "bridge"));
  CHECK(none.volume == bridge.volume);
  CHECK(none.join != bridge.join);
  CHECK(fixture.engine.spec("pawl-0123456789ab-7-sandbox-bridge").network == "bridge");
}

TEST_CASE(
    "a task that is alone in its network has one of its own, and so has every task with `sandbox: "
    "task`") {
  Fixture fixture;
  RunAttempt order = fixture.order_of(7);
  SUBCASE("alone") {
    fixture.pipeline->tasks.resize(1);
    order.key.task = 0;
  }
  SUBCASE("sandbox: task") { fixture.settings.share_network = false; }
  const auto sandboxes = fixture.make();
  const Sandboxes::Place place = fixture.enter(*sandboxes, order);
  CHECK(place.join.empty());
  CHECK(fixture.engine.is_open(place.volume));
  CHECK(fixture.engine.calls(Call::kStart) == 0);
}

TEST_CASE("where sandboxes cannot run, tasks have networks of their own") {
  Fixture fixture;
  fixture.engine.set_program("internal-sandbox", {{}, false, 0, false, "exec format error"});
  const auto sandboxes = fixture.make();
  const Sandboxes::Place place = fixture.enter(*sandboxes, fixture.order_of(7));
  CHECK(place.join.empty());
  CHECK(fixture.engine.is_open(place.volume));
}

TEST_CASE("a sandbox that ends at once is not joined") {
  Fixture fixture;
  const auto sandboxes = fixture.make();
  const RunAttempt order = fixture.order_of(7);
  bool everywhere = false;
  SUBCASE("for the engine's machine cannot execute it") {
    fixture.engine.set_program("internal-sandbox", {{}, false, 127});
    everywhere = true;
  }
  SUBCASE("for reasons of its own") {
    fixture.engine.set_program("internal-sandbox", {{}, false, 1});
  }
  const Sandboxes::Place place = fixture.enter(*sandboxes, order);
  auto revived = sandboxes->revive(RunId{7}, place.join, false, {});
  REQUIRE(revived);
  if (*revived) revived = sandboxes->revive(RunId{7}, place.join, true, {});
  REQUIRE(revived);
  CHECK_FALSE(*revived);
  const Sandboxes::Place elsewhere = fixture.enter(*sandboxes, order);
  CHECK(elsewhere.join.empty());
  CHECK(elsewhere.volume == place.volume);
  CHECK(fixture.enter(*sandboxes, fixture.order_of(8)).join.empty() == everywhere);
}

TEST_CASE("an engine without containers is asked for none") {
  Fixture fixture;
  fixture.engine.set_containers(false);
  const auto sandboxes = fixture.make();
  const Sandboxes::Place place = fixture.enter(*sandboxes, fixture.order_of(7));
  CHECK(place.volume == "pawl-0123456789ab-7");
  CHECK(place.join.empty());
  CHECK(fixture.engine.calls(Call::kCreate) == 0);
}

TEST_CASE("errors of the engine are the caller's, and the next try goes on") {
  Fixture fixture;
  const auto sandboxes = fixture.make();
  const RunAttempt order = fixture.order_of(7);
  const Error away{ErrorKind::kUnavailable, "away", {}};
  for (const Call call :
       {Call::kInfo, Call::kList, Call::kCreate, Call::kMakeImage, Call::kStart}) {
    fixture.engine.fail(call, away);
    CHECK(sandboxes->enter(order, {}).error().kind == ErrorKind::kUnavailable);
  }
  CHECK_FALSE(fixture.enter(*sandboxes, order).join.empty());
  SUBCASE("a creation whose answer was lost is found again") {
    fixture.engine.fail(Call::kCreate, away, 1, true);
    const RunAttempt other = fixture.order_of(8);
    CHECK(sandboxes->enter(other, {}).error().kind == ErrorKind::kUnavailable);
    CHECK(fixture.engine.is_open(fixture.enter(*sandboxes, other).volume));
  }
}

TEST_CASE("with the run its sandboxes and its workspace go") {
  Fixture fixture;
  const auto sandboxes = fixture.make();
  const RunAttempt order = fixture.order_of(7);
  const Sandboxes::Place place = fixture.enter(*sandboxes, order);
  const std::string task = fixture.create_task(order, place);
  CHECK(sandboxes->remove(RunId{7}, {}).error().kind == ErrorKind::kConflict);
  REQUIRE(fixture.engine.remove(task, {}));
  REQUIRE(sandboxes->remove(RunId{7}, {}));
  CHECK_FALSE(fixture.engine.exists("pawl-0123456789ab-7-sandbox"));
  CHECK_FALSE(fixture.engine.has_volume(place.volume));
  REQUIRE(sandboxes->remove(RunId{7}, {}));
}

TEST_CASE(
    "a warm sandbox waits, is given away, gets its run's name, and goes with an orderly end") {
  Fixture fixture;
  fixture.settings.warm = 1;
  auto sandboxes = fixture.make();
  sandboxes->start();
  const std::string warm = fixture.wait_for_warm(*sandboxes);
  CHECK(fixture.engine.is_open(warm));
  SUBCASE("given away, also to a run of one task") {
    RunAttempt order = fixture.order("echo");
    order.key.run = RunId{7};
    const Sandboxes::Place place = fixture.enter(*sandboxes, order);
    CHECK(place.volume == warm);
    CHECK_FALSE(place.join.empty());
    REQUIRE(fixture.engine.wait_until_gone(warm));
    CHECK(fixture.engine.exists("pawl-0123456789ab-7-sandbox"));
    // Another one takes its place.
    REQUIRE(fixture.engine.wait_for_call(Call::kStart, 2));
    sandboxes->stop();
    CHECK(fixture.engine.exists("pawl-0123456789ab-7-sandbox"));
    CHECK(fixture.engine.has_volume(warm));
  }
  SUBCASE("an orderly end") {
    sandboxes->stop();
    CHECK_FALSE(fixture.engine.exists(warm));
    CHECK_FALSE(fixture.engine.has_volume(warm));
  }
}

TEST_CASE("the next agent finds what belongs to which run") {
  Fixture fixture;
  fixture.settings.warm = 1;
  const RunAttempt order = fixture.order_of(7);
  auto sandboxes = fixture.make();
  Sandboxes::Place place;
  SUBCASE("by the sandbox's name") { place = fixture.enter(*sandboxes, order); }
  SUBCASE(
      "by what the task's container joins, where the agent died before the sandbox had its name") {
    sandboxes->start();
    const std::string warm = fixture.wait_for_warm(*sandboxes);
    // It never comes to the renaming.
    fixture.engine.fail(Call::kRename, {ErrorKind::kUnavailable, "away", {}}, 1'000);
    place = fixture.enter(*sandboxes, order);
    CHECK(place.volume == warm);
  }
  (void)fixture.create_task(order, place);
  sandboxes.reset();
  fixture.settings.warm = 0;
  sandboxes = fixture.make();
  const Sandboxes::Place again = fixture.enter(*sandboxes, order);
  CHECK(again.volume == place.volume);
  CHECK(again.join == place.join);
}

TEST_CASE("what a killed agent left goes: of runs that are over, and warm ones that nobody needs") {
  Fixture fixture;
  const RunAttempt order = fixture.order_of(7);
  fixture.settings.warm = 1;
  {
    // Killed: nothing of it is removed.
    auto killed = fixture.make();
    (void)fixture.enter(*killed, order);
    (void)fixture.enter(*killed, fixture.order_of(8));
  }
  ContainerSpec warm = fixture.engine.spec("pawl-0123456789ab-7-sandbox");
  warm.name = warm_name(Fixture::kInstance, "old");
  warm.mounts.front().source = warm.name;
  warm.mounts.front().labels = {{"dev.pawl.instance", Fixture::kInstance}};
  REQUIRE(fixture.engine.create(warm, {}));  // never started
  fixture.over.insert(RunId{7});

  const auto sandboxes = fixture.make();
  REQUIRE(sandboxes->clear({}));
  CHECK_FALSE(fixture.engine.exists("pawl-0123456789ab-7-sandbox"));
  CHECK_FALSE(fixture.engine.has_volume("pawl-0123456789ab-7"));
  CHECK_FALSE(fixture.engine.exists(warm.name));
  CHECK_FALSE(fixture.engine.has_volume(warm.name));
  CHECK(fixture.engine.exists("pawl-0123456789ab-8-sandbox"));
  CHECK(fixture.engine.has_volume("pawl-0123456789ab-8"));
}

TEST_CASE("a sandbox that ended with the engine is started again; one that is gone is made anew") {
  Fixture fixture;
  const auto sandboxes = fixture.make();
  const RunAttempt order = fixture.order_of(7);
  const Sandboxes::Place place = fixture.enter(*sandboxes, order);
  SUBCASE("ended") {
    fixture.engine.go_down(true);
    fixture.engine.come_up();
    const auto revived = sandboxes->revive(RunId{7}, place.join, false, {});
    REQUIRE(revived);
    CHECK(*revived);
    CHECK(fixture.enter(*sandboxes, order).join == place.join);
  }
  SUBCASE("gone") {
    REQUIRE(fixture.engine.remove(place.join, {}));
    const auto revived = sandboxes->revive(RunId{7}, place.join, false, {});
    REQUIRE(revived);
    CHECK_FALSE(*revived);
    const Sandboxes::Place anew = fixture.enter(*sandboxes, order);
    CHECK(anew.volume == place.volume);
    CHECK(anew.join != place.join);
    CHECK_FALSE(anew.join.empty());
  }
}
