// What is left of runs and attempts on disk: that it goes when it may, and not before.
#include <doctest/doctest.h>

#include <filesystem>

#include "exec/container_spec.h"
#include "unit/exec/runner_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;

struct Fixture : RunnerFixture {
  std::map<RunId, RunDetail> store;
  std::optional<Error> store_error;

  [[nodiscard]] WorkerPool::Settings with_store() const {
    WorkerPool::Settings settings = this->settings(1);
    settings.find_run = [this](RunId run) -> Result<RunDetail> {
      if (store_error) return *store_error;
      const auto found = store.find(run);
      if (found != store.end()) return found->second;
      return Error{ErrorKind::kNotFound, "no such run", {}};
    };
    return settings;
  }

  void add_run(std::uint64_t id, Status status, const std::vector<Status>& attempts) {
    RunDetail detail;
    detail.run.id = RunId{id};
    detail.run.status = status;
    for (const Status attempt_status : attempts) {
      Attempt attempt;
      attempt.key =
          AttemptKey{RunId{id}, 0, static_cast<std::uint32_t>(detail.attempts.size() + 1)};
      attempt.status = attempt_status;
      detail.attempts.push_back(attempt);
    }
    store[RunId{id}] = detail;
  }

  // As an agent leaves it that is killed between the removal of a container and of its workspace.
  std::string leave_workspace(std::uint64_t run) {
    RunAttempt order = this->order("echo");
    order.key.run = RunId{run};
    const ContainerSpec spec = whole_spec(kInstance, order);
    REQUIRE(engine.create(spec, {}));
    REQUIRE(engine.remove(spec.name, {}));
    const std::string workspace = workspace_name(kInstance, RunId{run});
    REQUIRE(engine.has_volume(workspace));
    return workspace;
  }

  [[nodiscard]] bool has_output(std::uint64_t run, std::uint32_t attempt) const {
    return std::filesystem::exists(directory / "outputs/" + std::to_string(run) + "-0-" +
                                   std::to_string(attempt));
  }
};

}  // namespace

TEST_CASE("a workspace goes after the last container that has it") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("echo");
  pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptEnded>());
  const std::string workspace = workspace_name(Fixture::kInstance, order.key.run);
  CHECK(fixture.engine.has_volume(workspace));
  SUBCASE("in this order") {
    pool.remove(RemoveContainer{order.key});
    pool.remove(RemoveWorkspace{order.key.run});
  }
  SUBCASE("although the container is stuck for a while") {
    fixture.engine.fail(Call::kRemove, {ErrorKind::kConflict, "in progress", {}}, 2);
    pool.remove(RemoveContainer{order.key});
    pool.remove(RemoveWorkspace{order.key.run});
  }
  SUBCASE("although the engine is away, or slow, for a while") {
    fixture.engine.fail(Call::kRemoveVolume, {ErrorKind::kUnavailable, "away", {}}, 12);
    fixture.engine.fail(Call::kRemoveVolume, {ErrorKind::kTimeout, "slow", {}}, 12);
    pool.remove(RemoveContainer{order.key});
    pool.remove(RemoveWorkspace{order.key.run});
  }
  REQUIRE(fixture.engine.wait_until_volume_gone(workspace));
  CHECK_FALSE(fixture.engine.exists(fixture.name(order)));
}

TEST_CASE("a workspace that a late container brings is removed after it") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("echo");
  const ContainerSpec spec = whole_spec(Fixture::kInstance, order);
  // The creation was given up, and is carried out only once both removals have found nothing.
  fixture.engine.before_next(Call::kList, [] {});
  fixture.engine.before_next(Call::kList, [&] { REQUIRE(fixture.engine.create(spec, {})); });
  pool.remove(RemoveContainer{order.key});
  pool.remove(RemoveWorkspace{order.key.run});
  REQUIRE(fixture.engine.wait_for_call(Call::kRemoveVolume, 2));
  REQUIRE(fixture.engine.wait_until_volume_gone(workspace_name(Fixture::kInstance, RunId{7})));
  CHECK(fixture.engine.calls(Call::kCreate) == 1);
  CHECK_FALSE(fixture.engine.exists(spec.name));
}

TEST_CASE("what has ended is removed a while later, or as the agent ends") {
  Fixture fixture;
  fixture.times.remove_later_ms = fixture.times.goodbye_ms = 3'600'000;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt first = fixture.order("echo");
  const RunAttempt second = fixture.order("echo");
  for (const RunAttempt& order : {first, second}) pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptEnded>(2));
  for (const RunAttempt& order : {first, second}) pool.remove(RemoveContainer{order.key});
  pool.remove(RemoveWorkspace{first.key.run});
  // Were the removals due, they would come before the list.
  pool.list_containers();
  REQUIRE(fixture.sink.wait_for<EngineListed>());
  CHECK(fixture.sink.events<EngineListed>()[0].containers.size() == 2);
  const std::string workspace = workspace_name(Fixture::kInstance, first.key.run);
  CHECK(fixture.engine.has_volume(workspace));
  bool is_stuck = false;
  SUBCASE("all of it") {}
  SUBCASE("one that is stuck does not keep the other") {
    is_stuck = true;
    fixture.engine.fail(Call::kRemove, {ErrorKind::kConflict, "in progress", {}});
  }
  pool.stop();
  CHECK(fixture.engine.exists(fixture.name(first)) == is_stuck);
  CHECK_FALSE(fixture.engine.exists(fixture.name(second)));
  CHECK(fixture.engine.has_volume(workspace) == is_stuck);
}

TEST_CASE("a host that lacks what a call takes is waited for, as an engine that is away") {
  Fixture fixture;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("echo");
  pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptEnded>());
  fixture.engine.fail(Call::kRemove, {ErrorKind::kExhausted, "Too many open files", {}},
                      2 * static_cast<int>(limits::kRemoveTries));
  pool.remove(RemoveContainer{order.key});
  CHECK(fixture.engine.wait_until_gone(fixture.name(order)));
}

TEST_CASE("the agent's end does not wait for an engine that is away, or hangs") {
  Fixture fixture;
  fixture.times.remove_later_ms = 3'600'000;
  SUBCASE("away") {
    fixture.times.goodbye_ms = 3'600'000;
    fixture.engine.set_away(true);
  }
  SUBCASE("hangs") {
    fixture.times.goodbye_ms = 1;
    fixture.engine.hold(Call::kList);
  }
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  for (std::uint32_t task = 0; task < 100; ++task) {
    pool.remove(RemoveContainer{AttemptKey{RunId{7}, task, 1}});
  }
  pool.stop();
  CHECK(fixture.engine.calls(Call::kList) == 1);
}

TEST_CASE("a container that was not found is not looked for again as the agent ends") {
  Fixture fixture;
  fixture.times.backoff_max_ms = 3'600'000;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  pool.remove(RemoveContainer{AttemptKey{RunId{7}, 0, 1}});
  REQUIRE(fixture.engine.wait_for_call(Call::kList));
  pool.stop();
  CHECK(fixture.engine.calls(Call::kList) == 1);
}

TEST_CASE("an attempt's files go with its container") {
  Fixture fixture;
  fixture.secrets["key"] = "s";
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.settings(1));
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().outputs = {"version"};
  fixture.pipeline->tasks.back().secrets = {{"key", "/key", ""}};
  pool.run(order, {});
  REQUIRE(fixture.sink.wait_for<AttemptEnded>());
  CHECK(fixture.has_output(7, 1));
  CHECK(std::filesystem::exists(fixture.directory / "secrets/7-0-1"));
  pool.remove(RemoveContainer{order.key});
  pool.remove(RemoveWorkspace{order.key.run});
  REQUIRE(fixture.engine.wait_until_volume_gone(workspace_name(Fixture::kInstance, RunId{7})));
  CHECK_FALSE(fixture.has_output(7, 1));
  CHECK_FALSE(std::filesystem::exists(fixture.directory / "secrets/7-0-1"));
}

TEST_CASE("at the start, what a killed agent left of ended runs goes, and nothing else") {
  Fixture fixture;
  fixture.add_run(1, Status::kSuccess, {Status::kSuccess});
  fixture.add_run(2, Status::kRunning, {Status::kFailed, Status::kRunning});
  const std::string ended = fixture.leave_workspace(1);
  const std::string under_way = fixture.leave_workspace(2);
  const std::string unknown = fixture.leave_workspace(3);
  for (const AttemptKey& key : {AttemptKey{RunId{1}, 0, 1}, AttemptKey{RunId{2}, 0, 1},
                                AttemptKey{RunId{2}, 0, 2}, AttemptKey{RunId{3}, 0, 1}}) {
    REQUIRE(fixture.files.make_output(key));
  }
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.with_store());
  SUBCASE("at once") {}
  SUBCASE("once the engine is back") {
    fixture.engine.fail(Call::kListVolumes, {ErrorKind::kUnavailable, "away", {}}, 3);
  }
  pool.list_containers();
  REQUIRE(fixture.engine.wait_until_volume_gone(ended));
  REQUIRE(fixture.engine.wait_until_volume_gone(unknown));
  pool.stop();
  CHECK(fixture.engine.has_volume(under_way));
  CHECK_FALSE(fixture.has_output(1, 1));
  CHECK_FALSE(fixture.has_output(2, 1));
  CHECK(fixture.has_output(2, 2));
  CHECK_FALSE(fixture.has_output(3, 1));
}

TEST_CASE("what the store cannot tell of stays") {
  Fixture fixture;
  fixture.store_error = Error{ErrorKind::kCorrupt, "damaged", {}};
  const std::string workspace = fixture.leave_workspace(1);
  REQUIRE(fixture.files.make_output(AttemptKey{RunId{1}, 0, 1}));
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, fixture.with_store());
  pool.list_containers();
  REQUIRE(fixture.engine.wait_for_call(Call::kListVolumes));
  pool.stop();
  CHECK(fixture.engine.has_volume(workspace));
  CHECK(fixture.has_output(1, 1));
}

TEST_CASE("volumes of other instances are left alone; of a former one they go") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  for (const char* instance : {"ffffffffffff", "eeeeeeeeeeee"}) {
    const ContainerSpec spec = whole_spec(instance, order);
    REQUIRE(fixture.engine.create(spec, {}));
    REQUIRE(fixture.engine.remove(spec.name, {}));
  }
  WorkerPool::Settings settings = fixture.with_store();
  settings.former_instances = {"ffffffffffff"};
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, settings);
  pool.list_containers();
  REQUIRE(fixture.engine.wait_until_volume_gone(workspace_name("ffffffffffff", RunId{7})));
  REQUIRE(fixture.engine.wait_for_call(Call::kListVolumes, 2));
  pool.stop();
  CHECK(fixture.engine.has_volume(workspace_name("eeeeeeeeeeee", RunId{7})));
}
