#include <doctest/doctest.h>

#include "unit/core/fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

// A stored run of `pipeline` with one task state each and the attempts given.
StoredWorld world_of(const Pipeline& pipeline, std::vector<TaskState> tasks,
                     std::vector<Attempt> attempts) {
  StoredWorld world;
  world.last_run = RunId{7};
  world.pipelines.push_back(std::make_shared<const Pipeline>(pipeline));
  RunDetail detail;
  detail.run.id = RunId{7};
  detail.run.pipeline = pipeline.name;
  detail.run.status = Status::kRunning;
  detail.tasks = std::move(tasks);
  detail.attempts = std::move(attempts);
  world.unfinished.push_back(std::move(detail));
  world.unfinished_definitions.push_back(world.pipelines.back());
  return world;
}

TaskState task_state(std::uint32_t index, Status status, std::uint32_t attempts = 0) {
  TaskState task;
  task.run = RunId{7};
  task.index = index;
  task.status = status;
  task.attempts = attempts;
  return task;
}

Attempt attempt_of(std::uint32_t task, Status status, WallTime started_at = {}) {
  Attempt attempt;
  attempt.key = key(7, task, 1);
  attempt.status = status;
  attempt.started_at = started_at;
  return attempt;
}

const WallTime kNow{1'800'000'000'000};
const MonoTime kMono{5'000};

}  // namespace

TEST_CASE("what was under way is handed to a worker again, and only a started one must exist") {
  const Pipeline pipeline = make_pipeline("p", {make_task("a"), make_task("b")});
  State state(CoreSettings{4});
  const Commands commands = recover(
      state,
      world_of(pipeline, {task_state(0, Status::kRunning, 1), task_state(1, Status::kRunning, 1)},
               {attempt_of(0, Status::kRunning, kNow), attempt_of(1, Status::kPending)}),
      kNow, kMono);
  const auto orders = all_of_type<RunAttempt>(commands);
  REQUIRE(orders.size() == 2);
  CHECK(orders[0].key == key(7, 0));
  CHECK(orders[0].expect_started);
  CHECK_FALSE(orders[1].expect_started);
  CHECK(state.slots_used == 2);
}

TEST_CASE("a recovered attempt has the rest of its time, whatever the wall clock did") {
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  pipeline.tasks[0].timeout_ms = 60'000;
  const auto deadline_after = [&](WallTime started_at) {
    State state(CoreSettings{4});
    static_cast<void>(recover(state,
                              world_of(pipeline, {task_state(0, Status::kRunning, 1)},
                                       {attempt_of(0, Status::kRunning, started_at)}),
                              kNow, kMono));
    REQUIRE(state.next_timer());
    return state.next_timer()->ms - kMono.ms;
  };
  CHECK(deadline_after(kNow.plus_ms(-20'000)) == 40'000);
  CHECK(deadline_after(kNow.plus_ms(-3'600'000)) == 0);
  CHECK(deadline_after(kNow.plus_ms(3'600'000)) == 60'000);
}

TEST_CASE("a recovered run has the rest of its own time as well") {
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  pipeline.timeout_ms = 60'000;
  StoredWorld world = world_of(pipeline, {task_state(0, Status::kRunning, 1)},
                               {attempt_of(0, Status::kRunning, kNow.plus_ms(-20'000))});
  world.unfinished[0].run.started_at = kNow.plus_ms(-20'000);
  State state(CoreSettings{4});
  static_cast<void>(recover(state, world, kNow, kMono));
  const auto pass = [&](std::int64_t ms) {
    return all_of_type<SignalAttempt>(
        step(state, Event{kNow.plus_ms(ms), kMono.plus_ms(ms), TimePassed{}}));
  };
  CHECK(pass(39'999).empty());
  CHECK(pass(40'000).size() == 1);
}

TEST_CASE("tasks that became ready in the last commit start") {
  const Pipeline pipeline = make_pipeline("p", {make_task("a"), make_task("b", {0})});
  State state(CoreSettings{4});
  const Commands commands = recover(
      state,
      world_of(pipeline, {task_state(0, Status::kSuccess, 1), task_state(1, Status::kPending)},
               {attempt_of(0, Status::kSuccess)}),
      kNow, kMono);
  const auto orders = all_of_type<RunAttempt>(commands);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].key == key(7, 1));
}

TEST_CASE("a run whose tasks are all final is ended") {
  const Pipeline pipeline = make_pipeline("p", {make_task("a")});
  State state(CoreSettings{4});
  const Commands commands =
      recover(state, world_of(pipeline, {task_state(0, Status::kSuccess, 1)}, {}), kNow, kMono);
  REQUIRE(all_of_type<SaveRun>(commands).size() == 1);
  CHECK(all_of_type<SaveRun>(commands)[0].run.status == Status::kSuccess);
  CHECK(state.runs.empty());
}

TEST_CASE("a cancelled run's attempts are stopped again") {
  const Pipeline pipeline = make_pipeline("p", {make_task("a")});
  StoredWorld world = world_of(pipeline, {task_state(0, Status::kRunning, 1)},
                               {attempt_of(0, Status::kRunning, kNow)});
  world.unfinished[0].run.stop = RunStop::kCancel;
  State state(CoreSettings{4});
  const Commands commands = recover(state, world, kNow, kMono);
  REQUIRE(all_of_type<RunAttempt>(commands).size() == 1);
  CHECK(all_of_type<RunAttempt>(commands)[0].stop);
  CHECK(all_of_type<SignalAttempt>(commands).size() == 1);
}

TEST_CASE("a run whose definition is damaged fails as lost and holds up no other") {
  const Pipeline pipeline = make_pipeline("p", {make_task("a")});
  StoredWorld world = world_of(pipeline, {task_state(0, Status::kRunning, 1)},
                               {attempt_of(0, Status::kRunning, kNow)});
  world.unfinished_definitions[0] = nullptr;
  State state(CoreSettings{4});
  const Commands commands = recover(state, world, kNow, kMono);
  CHECK(all_of_type<SaveRun>(commands)[0].run.reason == Reason::kLost);
  CHECK(all_of_type<RemoveContainer>(commands).size() == 1);
  CHECK(state.runs.empty());
  CHECK(state.slots_used == 0);
}

TEST_CASE("ticks missed while the agent was down: the latest runs, once") {
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "0 * * * *");
  StoredWorld world;
  world.pipelines.push_back(std::make_shared<const Pipeline>(pipeline));
  world.schedule_marks.emplace_back("p", kNow.plus_ms(-5 * 3'600'000));
  State state(CoreSettings{4});
  static_cast<void>(recover(state, world, kNow, kMono));
  // The first step says that the clock can be trusted: ticks are dealt with from the next one on.
  CHECK(due_ticks(state, kNow, kMono).empty());
  static_cast<void>(step(state, Event{kNow, kMono, TimePassed{}}));
  const Commands commands =
      step(state, Event{kNow, kMono, TimePassed{due_ticks(state, kNow, kMono)}});
  const auto runs = all_of_type<SaveRun>(commands);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].run.trigger.scheduled_at == kNow);
}
