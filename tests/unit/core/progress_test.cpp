#include <doctest/doctest.h>

#include "unit/core/fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

Pipeline diamond() {
  return make_pipeline("diamond", {make_task("top"), make_task("left", {0}),
                                   make_task("right", {0}), make_task("bottom", {1, 2})});
}

}  // namespace

TEST_CASE("a diamond starts its middle tasks together and its last one after both") {
  Core core;
  core.publish({diamond()});
  core.trigger("diamond");
  CHECK(core.dispatched() == std::vector{key(1, 0)});
  core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == std::vector{key(1, 1), key(1, 2)});
  core.exited(key(1, 2), 0);
  CHECK(core.dispatched().empty());
  core.exited(key(1, 1), 0);
  CHECK(core.dispatched() == std::vector{key(1, 3)});
  core.exited(key(1, 3), 0);
  CHECK(core.last_run().status == Status::kSuccess);
  CHECK(core.state.runs.empty());
  CHECK(core.state.slots_used == 0);
}

TEST_CASE("never more attempts under way than workers, and the oldest run first") {
  Core core(2);
  core.publish({make_pipeline("wide", {make_task("a"), make_task("b"), make_task("c")})});
  core.trigger("wide", "one");
  CHECK(core.dispatched() == std::vector{key(1, 0), key(1, 1)});
  core.trigger("wide", "two");
  CHECK(core.dispatched().empty());
  core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == std::vector{key(1, 2)});
  core.exited(key(1, 1), 0);
  CHECK(core.dispatched() == std::vector{key(2, 0)});
}

TEST_CASE("a failed task skips what depends on it, and only that") {
  Core core;
  core.publish({diamond()});
  core.trigger("diamond");
  core.exited(key(1, 0), 0);
  core.exited(key(1, 1), 3);
  CHECK(core.last_task(1).status == Status::kFailed);
  CHECK(core.last_task(1).reason == Reason::kExitCode);
  CHECK(core.last_task(3).status == Status::kSkipped);
  CHECK(core.last_task(3).reason == Reason::kUpstream);
  CHECK(core.state.runs.size() == 1);  // `right` still runs
  core.exited(key(1, 2), 0);
  CHECK(core.last_run().status == Status::kFailed);
  CHECK(core.last_run().reason == Reason::kExitCode);
  CHECK(core.last_run().message == "task 'left': exit code 3");
}

TEST_CASE("the container goes after its end is stored, not before") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  core.trigger("p");
  core.started(key(1, 0));
  CHECK(all_of_type<RemoveContainer>(core.last).empty());
  core.exited(key(1, 0), 0);
  REQUIRE(all_of_type<SaveAttempt>(core.last).size() == 1);
  CHECK(all_of_type<SaveAttempt>(core.last)[0].attempt.status == Status::kSuccess);
  CHECK(all_of_type<RemoveContainer>(core.last).size() == 1);
}

TEST_CASE("retries wait with backoff, without a slot, up to the limit") {
  Core core;
  Task task = make_task("a");
  task.retries.limit = 2;
  task.retries.delay_ms = 10'000;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.exited(key(1, 0, 1), 1);
  CHECK(core.last_task(0).status == Status::kPending);
  CHECK(core.last_task(0).retry_at == core.wall.plus_ms(10'000));
  CHECK(core.state.slots_used == 0);
  core.pass_ms(9'999);
  core.pass();
  CHECK(core.dispatched().empty());
  core.pass_ms(1);
  core.pass();
  CHECK(core.dispatched() == std::vector{key(1, 0, 2)});
  core.exited(key(1, 0, 2), 1);
  CHECK(core.last_task(0).retry_at == core.wall.plus_ms(20'000));
  core.pass_ms(20'000);
  core.pass();
  CHECK(core.dispatched() == std::vector{key(1, 0, 3)});
  core.exited(key(1, 0, 3), 1);
  CHECK(core.last_run().status == Status::kFailed);
}

TEST_CASE("only the failures that the rule names are tried again") {
  Core core;
  Task task = make_task("a");
  task.retries.limit = 5;
  task.retries.on = RetryOn{true, false, false, true};
  core.publish({make_pipeline("p", {task})});
  SUBCASE("memory") {
    core.trigger("p");
    core.exited(key(1, 0), 137, true);
    CHECK(core.last_run().status == Status::kFailed);
    CHECK(core.last_run().reason == Reason::kOom);
  }
  SUBCASE("lost") {
    core.trigger("p");
    AttemptOutcome outcome;
    outcome.kind = AttemptOutcome::Kind::kMissing;
    core.send(AttemptEnded{key(1, 0), outcome});
    CHECK(core.last_task(0).status == Status::kPending);
    CHECK(core.last_task(0).reason == Reason::kLost);
  }
  SUBCASE("policy is never tried again") {
    core.trigger("p");
    AttemptOutcome outcome;
    outcome.kind = AttemptOutcome::Kind::kNotStarted;
    outcome.failure = Reason::kPolicy;
    core.send(AttemptEnded{key(1, 0), outcome});
    CHECK(core.last_run().reason == Reason::kPolicy);
  }
}

TEST_CASE("a timeout counts from the container's start: SIGTERM, then SIGKILL after the grace") {
  Core core;
  Task task = make_task("a");
  task.timeout_ms = 60'000;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.pass_ms(500'000);  // a slow image pull
  core.started(key(1, 0));
  core.pass_ms(59'999);
  core.pass();
  CHECK(all_of_type<SignalAttempt>(core.last).empty());
  core.pass_ms(1);
  core.pass();
  REQUIRE(all_of_type<SignalAttempt>(core.last).size() == 1);
  CHECK_FALSE(all_of_type<SignalAttempt>(core.last)[0].kill);
  core.pass_ms(limits::kKillGraceMs);
  core.pass();
  REQUIRE(all_of_type<SignalAttempt>(core.last).size() == 1);
  CHECK(all_of_type<SignalAttempt>(core.last)[0].kill);
  core.pass_ms(limits::kKillRepeatMs);
  core.pass();
  CHECK(all_of_type<SignalAttempt>(core.last).size() == 1);  // said again until it is gone
  core.exited(key(1, 0), 137);
  CHECK(core.last_run().reason == Reason::kTimeout);
  CHECK(core.state.timers.empty());
}

TEST_CASE("a fresh start has its whole time, whatever the engine's clock says") {
  Core core;
  Task task = make_task("a");
  task.timeout_ms = 60'000;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.send(AttemptStarted{key(1, 0), "c", WallTime{86'400'000}});  // a host that booted in 1970
  REQUIRE(core.state.next_timer());
  CHECK(core.state.next_timer()->ms - core.mono.ms == 60'000);
}

TEST_CASE("an attempt that ended in time is not timed out because its report came late") {
  Core core;
  Task task = make_task("a");
  task.timeout_ms = 1'000;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.started(key(1, 0));
  const WallTime end = core.wall.plus_ms(900);
  core.pass_ms(5'000);
  AttemptOutcome outcome;
  outcome.ended_at = end;
  core.send(AttemptEnded{key(1, 0), outcome});
  CHECK(core.last_run().status == Status::kSuccess);
}

TEST_CASE("a cancel ends waiting tasks at once and stops running ones with a grace") {
  Core core;
  core.publish({diamond()});
  core.trigger("diamond");
  core.started(key(1, 0));
  core.send(CancelRequested{9, RunId{1}, "ann"});
  REQUIRE(all_of_type<Reply>(core.last).size() == 1);
  CHECK_FALSE(all_of_type<Reply>(core.last)[0].error);
  CHECK(all_of_type<SignalAttempt>(core.last).size() == 1);
  CHECK(core.last_task(3).status == Status::kCancelled);
  CHECK(core.state.runs.size() == 1);
  core.exited(key(1, 0), 143);
  CHECK(core.last_run().status == Status::kCancelled);
  CHECK(core.last_run().message == "cancelled by ann");
  core.send(CancelRequested{9, RunId{1}, "ann"});
  REQUIRE(all_of_type<Reply>(core.last).size() == 1);
  CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kConflict);
}

TEST_CASE("cancelling a run that waits for its retry ends it") {
  Core core;
  Task task = make_task("a");
  task.retries.limit = 1;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.exited(key(1, 0), 1);
  core.send(CancelRequested{0, RunId{1}, ""});
  CHECK(core.last_run().status == Status::kCancelled);
  CHECK(core.state.timers.empty());
  CHECK(core.state.runs.empty());
}

TEST_CASE("reports about anything but the live attempt change nothing") {
  Core core;
  Task task = make_task("a");
  task.retries.limit = 1;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.exited(key(1, 0, 1), 1);
  core.exited(key(1, 0, 1), 0);  // the same report again, and another verdict
  CHECK(all_of_type<SaveTask>(core.last).empty());
  CHECK(all_of_type<SaveAttempt>(core.last).empty());
  core.started(key(99, 3));
  core.exited(key(99, 3), 0);
  CHECK(all_of_type<SaveAttempt>(core.last).empty());
}

TEST_CASE("containers that belong to no live attempt are removed") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  core.trigger("p");
  core.send(EngineListed{{{key(1, 0), "mine"}, {key(1, 0, 7), "old"}, {key(55, 0), "older"}}});
  const auto removals = all_of_type<RemoveContainer>(core.last);
  REQUIRE(removals.size() == 2);
  CHECK(removals[0].key == key(1, 0, 7));
  CHECK(removals[1].key == key(55, 0));
}
