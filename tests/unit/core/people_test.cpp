// What people ask for: suspensions, retries of whole runs, and the timeout of a run.
#include <doctest/doctest.h>

#include "fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

RunDetail ended_run(const Pipeline& pipeline, std::vector<Status> tasks) {
  RunDetail detail;
  detail.run.id = RunId{50};
  detail.run.pipeline = pipeline.name;
  detail.run.status = Status::kSuccess;
  for (const Status status : tasks) {
    if (status == Status::kFailed) detail.run.status = Status::kFailed;
  }
  for (std::uint32_t index = 0; index < tasks.size(); ++index) {
    TaskState task;
    task.run = detail.run.id;
    task.index = index;
    task.status = tasks[index];
    if (task.status == Status::kSkipped) task.reason = Reason::kUpstream;
    task.attempts = 1;
    detail.tasks.push_back(task);
  }
  return detail;
}

RetryRequested retry_of(const Pipeline& pipeline, const RunDetail& original, bool failed_only) {
  RetryRequested retry;
  retry.request = 7;
  retry.target = TriggerTarget{pipeline.name, {"retry:k"}, {}};
  retry.original = original;
  retry.definition = std::make_shared<const Pipeline>(pipeline);
  retry.failed_only = failed_only;
  retry.actor = "ann";
  return retry;
}

}  // namespace

TEST_CASE("a suspended pipeline has no ticks, and resuming it brings no burst") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "* * * * *");
  pipeline.triggers.emplace_back(WebhookTrigger{"p", {"s"}});
  core.publish({pipeline});
  core.send(SuspendRequested{7, "p", true, "ann"});
  CHECK(all_of_type<SaveSuspension>(core.last).size() == 1);
  CHECK(all_of_type<SaveAction>(core.last)[0].action.verb == "suspend");
  core.pass_ms(3'600'000);
  CHECK(all_of_type<SaveRun>(core.pass()).empty());

  core.send(WebhookReceived{8, {TriggerTarget{"p", {"webhook:1"}, {}}}});
  CHECK(core.last_run().status == Status::kSkipped);
  CHECK(core.last_run().reason == Reason::kCondition);
  CHECK(all_of_type<Reply>(core.last)[0].runs.size() == 1);
  core.trigger("p");
  CHECK(core.dispatched().size() == 1);

  core.send(SuspendRequested{7, "p", false, "ann"});
  CHECK(all_of_type<DeleteSuspension>(core.last).size() == 1);
  CHECK(all_of_type<SaveRun>(core.pass()).empty());
  core.pass_ms(60'000);
  CHECK(all_of_type<SaveTrigger>(core.pass()).size() == 1);
  // Neither says anything new.
  core.send(SuspendRequested{7, "p", false, "ann"});
  CHECK(all_of_type<SaveAction>(core.last).empty());
  core.send(SuspendRequested{7, "nobody", true, "ann"});
  CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kNotFound);
}

TEST_CASE("a suspension outlives a restart and a new revision") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "* * * * *");
  StoredWorld world;
  world.pipelines.push_back(std::make_shared<const Pipeline>(pipeline));
  world.schedule_marks.emplace_back("p", core.wall);
  world.suspensions.emplace_back("p", Suspension{core.wall, "ann"});
  static_cast<void>(recover(core.state, world, core.wall, core.mono));
  pipeline.description = "changed";
  core.publish({pipeline});
  core.pass_ms(600'000);
  CHECK(all_of_type<SaveRun>(core.pass()).empty());
  CHECK(all_of_type<SaveRun>(core.pass()).empty());
}

TEST_CASE(
    "a retry is a new run of the same definition; from the failed tasks on it keeps the rest") {
  const Pipeline pipeline =
      make_pipeline("p", {make_task("a"), make_task("b", {0}), make_task("c", {1})});
  const RunDetail original =
      ended_run(pipeline, {Status::kSuccess, Status::kFailed, Status::kSkipped});
  Core core;
  core.publish({pipeline});

  SUBCASE("whole") {
    core.send(retry_of(pipeline, original, false));
    CHECK(core.dispatched() == std::vector<AttemptKey>{key(1, 0)});
    CHECK(core.last_run().trigger.kind == TriggerKind::kRetry);
    CHECK(core.last_run().trigger.parent == RunId{50});
    CHECK(all_of_type<SaveAction>(core.last)[0].action.subject == "run 50 as 1");
  }
  SUBCASE("from the failed tasks on") {
    core.send(retry_of(pipeline, original, true));
    CHECK(core.dispatched() == std::vector<AttemptKey>{key(1, 1)});
    CHECK(core.last_task(0).status == Status::kSuccess);
    CHECK(core.last_task(0).message == "kept from run 50");
    core.exited(key(1, 1), 0);
    core.exited(key(1, 2), 0);
    CHECK(core.last_run().status == Status::kSuccess);
  }
  SUBCASE("what makes no sense is refused") {
    RunDetail running = original;
    running.run.status = Status::kRunning;
    core.send(retry_of(pipeline, running, false));
    CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kConflict);
    core.send(retry_of(pipeline,
                       ended_run(pipeline, {Status::kSuccess, Status::kSuccess, Status::kSuccess}),
                       true));
    CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kConflict);
    core.publish({make_pipeline("other", {make_task("a")})});
    core.send(retry_of(pipeline, original, false));
    CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kNotFound);
  }
}

TEST_CASE("a run's timeout stops what runs, skips what waits, and fails the run") {
  Pipeline pipeline = make_pipeline("p", {make_task("a"), make_task("b", {0})});
  pipeline.timeout_ms = 60'000;
  pipeline.tasks[0].retries.limit = 3;
  pipeline.tasks[0].retries.on.timeout = true;
  Core core;
  core.publish({pipeline});
  core.trigger("p");
  core.started(key(1, 0));
  core.pass_ms(59'999);
  core.pass();
  CHECK(all_of_type<SignalAttempt>(core.last).empty());
  core.pass_ms(1);
  core.pass();
  REQUIRE(all_of_type<SignalAttempt>(core.last).size() == 1);
  CHECK(core.last_task(1).status == Status::kSkipped);
  CHECK(core.last_task(1).reason == Reason::kTimeout);
  core.exited(key(1, 0), 143);
  CHECK(core.last_task(0).status == Status::kFailed);
  CHECK(core.last_run().status == Status::kFailed);
  CHECK(core.last_run().reason == Reason::kTimeout);
  CHECK(core.last_run().message == "the run took longer than 1m");
  CHECK(core.state.timers.empty());
}

TEST_CASE("a container that was started in this boot is this boot's, whoever had asked for it") {
  Core core;
  core.state.settings.boot_id = "boot-2";
  core.publish({make_pipeline("p", {make_task("a")})});
  core.trigger("p");
  core.state.runs.at(RunId{1}).tasks[0].live->boot_id = "boot-1";
  core.started(key(1, 0));
  CHECK(all_of_type<SaveAttempt>(core.last)[0].attempt.boot_id == "boot-2");
}

TEST_CASE("a container that outlived a restart of the engine is the new engine's") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  core.trigger("p");
  core.send(AttemptStarted{key(1, 0), "c", core.wall, "engine-1"});
  core.send(AttemptStarted{key(1, 0), "c", core.wall, "engine-1"});
  CHECK(core.last.empty());
  core.send(AttemptStarted{key(1, 0), "c", core.wall, "engine-2"});
  REQUIRE(all_of_type<SaveAttempt>(core.last).size() == 1);
  CHECK(all_of_type<SaveAttempt>(core.last)[0].attempt.engine == "engine-2");
}

TEST_CASE("an attempt of another boot is handed out as cut off, one of this boot keeps its time") {
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  pipeline.tasks[0].timeout_ms = 60'000;
  Core core;
  StoredWorld world;
  world.pipelines.push_back(std::make_shared<const Pipeline>(pipeline));
  RunDetail detail = ended_run(pipeline, {Status::kRunning});
  detail.run.status = Status::kRunning;
  Attempt attempt;
  attempt.key = key(50, 0);
  attempt.status = Status::kRunning;
  attempt.boot_id = "boot-1";
  attempt.engine = "engine-1";
  attempt.started_at = core.wall.plus_ms(-10'000'000);  // the engine's clock was set since
  attempt.started_mono = core.mono.plus_ms(-500);
  detail.attempts.push_back(attempt);
  world.unfinished.push_back(detail);
  world.unfinished_definitions.push_back(world.pipelines[0]);
  for (const char* boot : {"boot-1", "boot-2"}) {
    State state(CoreSettings{4, boot});
    const Commands commands = recover(state, world, core.wall, core.mono);
    const auto orders = all_of_type<RunAttempt>(commands);
    REQUIRE(orders.size() == 1);
    CHECK(orders[0].rebooted == (std::string(boot) == "boot-2"));
    CHECK(orders[0].engine == "engine-1");
    if (!orders[0].rebooted) CHECK(state.timers.begin()->at == core.mono.plus_ms(59'500));
  }
}
