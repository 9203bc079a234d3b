// A task while the engine or the host is restarted, with and without an agent watching: a success is reported
// only where it is certain, and the output is called incomplete exactly where it is.
#include <doctest/doctest.h>

#include <string>
#include <thread>

#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Kind = AttemptOutcome::Kind;

// A task that is followed by a runner of its own until it has been reported.
struct Watched : TaskFixture {
  RunAttempt task = order("polite");
  std::thread runner;

  Watched() {
    // Answers SIGTERM with a clean exit.
    FakeEngine::Program program{{{LogStream::kStdout, "waiting\n"}}, true};
    program.term_code = 0;
    engine.set_program("polite", program);
  }
  void begin() {
    runner = std::thread([this] { run(task); });
    REQUIRE(engine.wait_for_call(Call::kFollow));
  }
  AttemptOutcome await_outcome() {
    runner.join();
    return outcome();
  }
};

RunAttempt attempt_before(TaskFixture& fixture, const std::string& program) {
  RunAttempt order = recovered(fixture.order(program), true);
  fixture.create_and_start(order);
  order.engine = fixture.engine.incarnation();
  return order;
}

}  // namespace

TEST_CASE("an engine that is restarted under a task: its word for a success is not taken") {
  Watched fixture;
  bool orderly = false;
  SUBCASE("killed") {}
  SUBCASE("in good order") { orderly = true; }
  SUBCASE("killed, behind a proxy") { fixture.engine.hide_incarnation(); }
  SUBCASE("in good order, behind a proxy") {
    fixture.engine.hide_incarnation();
    orderly = true;
  }
  fixture.begin();
  fixture.engine.go_down(orderly);
  fixture.engine.come_up(0);
  const AttemptOutcome outcome = fixture.await_outcome();
  CHECK(fixture.engine.inspect(fixture.name(fixture.task), {})->exit_code == 0);
  CHECK(outcome.kind == Kind::kMissing);
  CHECK(outcome.message.find("engine was restarted") != std::string::npos);
  CHECK(outcome.log_incomplete);
  CHECK(fixture.sink.output() == "waiting\n");
}

TEST_CASE("a task that ends by itself while the engine is away looks like one that was ended") {
  Watched fixture;
  fixture.begin();
  fixture.engine.go_down(false);
  fixture.engine.finish(fixture.name(fixture.task), 0);
  fixture.engine.come_up();
  CHECK(fixture.await_outcome().kind == Kind::kMissing);
}

TEST_CASE("with live-restore a task outlives its engine") {
  Watched fixture;
  fixture.engine.set_live_restore(true);
  fixture.begin();
  const std::string name = fixture.name(fixture.task);
  SUBCASE("and ends later") {
    fixture.engine.go_down(true);
    fixture.engine.print(name, {LogStream::kStdout, "more\n"});
    fixture.engine.come_up();
    REQUIRE(fixture.sink.wait_for<AttemptStarted>(2));
    CHECK(fixture.sink.events<AttemptStarted>()[1].engine == fixture.engine.incarnation());
    fixture.engine.finish(name, 5);
  }
  bool cut = false;
  SUBCASE("and ends meanwhile: what it then printed may be missing") {
    cut = true;
    fixture.engine.go_down(false);
    fixture.engine.print(name, {LogStream::kStdout, "more\n"});
    fixture.engine.finish(name, 5);
    fixture.engine.come_up();
  }
  const AttemptOutcome outcome = fixture.await_outcome();
  CHECK(outcome.kind == Kind::kExited);
  CHECK(outcome.exit_code == 5);
  CHECK(outcome.log_incomplete == cut);
  CHECK(fixture.sink.output() == "waiting\nmore\n");
}

TEST_CASE("with live-restore, exit code 255 of an end that no engine saw is not one") {
  Watched fixture;
  fixture.engine.set_live_restore(true);
  fixture.begin();
  SUBCASE("containerd's word for not knowing") {
    fixture.engine.go_down(false);
    fixture.engine.finish(fixture.name(fixture.task), 255);
    fixture.engine.come_up();
    const AttemptOutcome outcome = fixture.await_outcome();
    CHECK(outcome.kind == Kind::kMissing);
    CHECK(outcome.log_incomplete);
  }
  SUBCASE("seen by its engine, it is the task's own") {
    fixture.engine.finish(fixture.name(fixture.task), 255);
    const AttemptOutcome outcome = fixture.await_outcome();
    CHECK(outcome.kind == Kind::kExited);
    CHECK(outcome.exit_code == 255);
  }
}

TEST_CASE("live-restore counts only if both engines had it") {
  Watched fixture;
  bool before = false;
  SUBCASE("switched on with the restart") {}
  SUBCASE("switched off with the restart") { before = true; }
  fixture.engine.set_live_restore(before);
  fixture.begin();
  fixture.engine.go_down(true);
  fixture.engine.set_live_restore(!before);
  fixture.engine.come_up();
  CHECK(fixture.await_outcome().kind == Kind::kMissing);
}

TEST_CASE("an engine is asked once whether its containers live on, not for each task") {
  Watched fixture;
  fixture.begin();
  fixture.engine.finish(fixture.name(fixture.task), 0);
  CHECK(fixture.await_outcome().kind == Kind::kExited);
  CHECK(fixture.engine.calls(Call::kInfo) == 2);  // and for the sandboxes
  const RunAttempt second = fixture.order("wait");
  AttemptControl control;
  fixture.engine.before_next(Call::kFollow,
                             [&] { fixture.engine.finish(fixture.name(second), 0); });
  TaskRunner({fixture.engine, fixture.sink, fixture.clock, fixture.policy, TaskFixture::kInstance,
              fixture.live_restore, fixture.times, fixture.sandboxes, fixture.ahead, fixture.files,
              fixture.read_secret, fixture.images},
             second, {}, control, {})
      .run();
  CHECK(fixture.sink.events<AttemptEnded>().size() == 2);
  CHECK(fixture.engine.calls(Call::kInfo) == 2);  // and for the sandboxes
}

TEST_CASE("an engine that stands still is the same one afterwards") {
  Watched fixture;
  SUBCASE("plain") {}
  SUBCASE("behind a proxy") { fixture.engine.hide_incarnation(); }
  fixture.begin();
  fixture.engine.set_stalled(true);
  fixture.engine.finish(fixture.name(fixture.task), 6);
  fixture.engine.set_stalled(false);
  const AttemptOutcome outcome = fixture.await_outcome();
  CHECK(outcome.kind == Kind::kExited);
  CHECK(outcome.exit_code == 6);
  CHECK_FALSE(outcome.log_incomplete);
}

TEST_CASE("a connection that breaks is no restart where the engine is known to be the same") {
  Watched fixture;
  bool known = true;
  SUBCASE("known") {}
  SUBCASE("not known: a task that is seen running afterwards was not cut off") { known = false; }
  if (!known) fixture.engine.hide_incarnation();
  fixture.begin();
  fixture.engine.break_streams();
  REQUIRE(fixture.engine.wait_for_call(Call::kFollow, 2));
  fixture.engine.finish(fixture.name(fixture.task), 0);
  CHECK(fixture.await_outcome().kind == Kind::kExited);
}

TEST_CASE("an end that was told before the engine went down stands") {
  Watched fixture;
  const std::string name = fixture.name(fixture.task);
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(name, 0); });
  fixture.engine.before_next(Call::kFollow, [&] {
    fixture.engine.go_down(true);
    fixture.engine.come_up();
  });
  fixture.run(fixture.task);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.sink.output() == "waiting\n");
}

TEST_CASE("an agent that was away: the engine's restart is seen by its incarnation") {
  TaskFixture fixture;
  RunAttempt order = attempt_before(fixture, "wait");
  const std::string name = fixture.name(order);
  Kind expected = Kind::kMissing;
  SUBCASE("the same engine") {
    fixture.engine.finish(name, 0);
    expected = Kind::kExited;
  }
  SUBCASE("another one") {
    fixture.engine.go_down(true);
    fixture.engine.come_up();
  }
  SUBCASE("another one, and the task had ended before, which nobody knows") {
    fixture.engine.finish(name, 0);
    fixture.engine.go_down(true);
    fixture.engine.come_up();
  }
  SUBCASE("one that hides now") {
    fixture.engine.finish(name, 0);
    fixture.engine.hide_incarnation();
  }
  SUBCASE("an attempt of which no incarnation is known") {
    fixture.engine.finish(name, 0);
    order.engine.clear();
    expected = Kind::kExited;
  }
  SUBCASE("the same, and no engine answers at first: it has been restarted") {
    order.engine.clear();
    fixture.engine.fail(Call::kInspect, {ErrorKind::kUnavailable, "away", {}}, 2);
    fixture.engine.finish(name, 0);
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == expected);
  CHECK(fixture.outcome().log_incomplete == (expected == Kind::kMissing));
  CHECK(fixture.sink.output() == "waiting\n");
  CHECK(fixture.engine.starts(name) == 1);
}

TEST_CASE("a start that was never recorded: the container says under which engine it was made") {
  TaskFixture fixture;
  const RunAttempt order = recovered(fixture.order("wait"), false);
  const std::string name = fixture.name(order);
  // An agent that dies right after the start.
  fixture.engine.before_next(Call::kInspect, [] {});
  fixture.engine.before_next(Call::kInspect, [&] {
    fixture.shutdown.request_stop();
    fixture.control.abandon();
  });
  fixture.run(order);
  CHECK(fixture.sink.items().empty());
  CHECK(fixture.engine.spec(name).labels.at("dev.pawl.engine") == fixture.engine.incarnation());
  bool restarted = false;
  SUBCASE("the same still") { fixture.engine.finish(name, 0); }
  SUBCASE("another one") {
    fixture.engine.go_down(false);
    fixture.engine.come_up(0);
    restarted = true;
  }
  AttemptControl control;
  TaskRunner({fixture.engine, fixture.sink, fixture.clock, fixture.policy, TaskFixture::kInstance,
              fixture.live_restore, fixture.times, fixture.sandboxes, fixture.ahead, fixture.files,
              fixture.read_secret, fixture.images},
             order, {}, control, {})
      .run();
  CHECK(fixture.outcome().kind == (restarted ? Kind::kMissing : Kind::kExited));
  CHECK(fixture.engine.starts(name) == 1);
}

TEST_CASE("a task that outlived an engine without live-restore has lost output") {
  TaskFixture fixture;
  const RunAttempt order = attempt_before(fixture, "wait");
  fixture.engine.set_live_restore(true);
  fixture.engine.go_down(false);
  fixture.engine.come_up();
  fixture.engine.set_live_restore(false);
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(fixture.name(order), 3); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.outcome().exit_code == 3);
  CHECK(fixture.outcome().log_incomplete);
  CHECK(fixture.sink.events<AttemptStarted>()[0].engine == fixture.engine.incarnation());
}

TEST_CASE("the host was restarted: what had been started is lost, whatever its exit code") {
  struct Row {
    std::int32_t code;
    bool recorded;  // the start
  };
  for (const Row& row : {Row{0, true}, Row{0, false}, Row{137, true}, Row{255, false}}) {
    CAPTURE(row.code);
    TaskFixture fixture;
    RunAttempt order = attempt_before(fixture, "wait");
    order.rebooted = true;
    if (!row.recorded) {
      order.expect_started = false;
      order.engine.clear();
    }
    fixture.engine.reboot(row.code);
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kMissing);
    CHECK(fixture.outcome().message == "the host was restarted while it ran");
    // Of an earlier boot, and so not to be taken for a start in this one.
    CHECK(fixture.sink.events<AttemptStarted>().empty());
    CHECK(fixture.outcome().log_incomplete);
    CHECK(fixture.sink.output() == "waiting\n");
    CHECK(fixture.engine.starts(fixture.name(order)) == 1);
  }
}

TEST_CASE("the host was restarted: what runs all the same is ended before it is called lost") {
  TaskFixture fixture;
  RunAttempt order = attempt_before(fixture, "wait");
  order.rebooted = true;
  // Whoever follows it alive comes to an end as well.
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(fixture.name(order), 0); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kMissing);
  CHECK(fixture.engine.calls(Call::kKill) == 1);
  const auto state = fixture.engine.inspect(fixture.name(order), {});
  REQUIRE(state);
  CHECK(state->phase == ContainerState::Phase::kExited);
  CHECK(fixture.sink.events<AttemptStarted>().empty());
}

TEST_CASE("the host was restarted before a container was made: the attempt is made now") {
  TaskFixture fixture;
  RunAttempt order = recovered(fixture.order("echo"), false);
  order.rebooted = true;
  SUBCASE("at once") {}
  SUBCASE("with a create whose answer is lost") {
    fixture.engine.fail(Call::kCreate, {ErrorKind::kTimeout, "slow", {}}, 1, true);
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
}

TEST_CASE("a container that may have run is not started, although the engine says it never was") {
  TaskFixture fixture;
  RunAttempt order = fixture.order("wait");
  SUBCASE("its start was recorded") {
    order = attempt_before(fixture, "wait");
    fixture.engine.forget_start(fixture.name(order));
  }
  SUBCASE("the host was restarted") {
    order = recovered(order, false);
    order.rebooted = true;
    fixture.create(order);
  }
  SUBCASE("the engine was restarted during the start") {
    fixture.engine.fail(Call::kStart, {ErrorKind::kUnavailable, "broke", {}}, 1, true);
    fixture.engine.before_next(Call::kInspect, [&] {
      fixture.engine.go_down(false);
      fixture.engine.come_up();
      fixture.engine.forget_start(fixture.name(order));
    });
  }
  SUBCASE("the start was not answered, and its request may still be before the engine") {
    fixture.engine.fail(Call::kStart, {ErrorKind::kTimeout, "slow", {}}, 1, false);
  }
  SUBCASE("the engine was restarted right after it") {
    fixture.engine.before_next(Call::kInspect, [&] {
      fixture.engine.go_down(false);
      fixture.engine.come_up();
      fixture.engine.forget_start(fixture.name(order));
    });
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kMissing);
  CHECK(fixture.engine.starts(fixture.name(order)) <= 1);
  CHECK(fixture.sink.output().empty());
}

TEST_CASE("a start that an earlier agent asked for is not asked for again while it is under way") {
  TaskFixture fixture;
  const RunAttempt order = recovered(fixture.order("echo"), false);
  fixture.create(order);
  // At the first look it has not begun; at the second it is over.
  fixture.engine.before_next(Call::kInspect, [] {});
  fixture.engine.before_next(Call::kInspect,
                             [&] { CHECK(fixture.engine.start(fixture.name(order), {})); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
}

TEST_CASE("an engine that is restarted between create and start starts the same container, once") {
  TaskFixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.engine.before_next(Call::kStart, [&] {
    fixture.engine.go_down(false);
    fixture.engine.come_up();
  });
  SUBCASE("unnoticed") {}
  SUBCASE("after a create whose answer was lost") {
    fixture.engine.fail(Call::kCreate, {ErrorKind::kTimeout, "slow", {}}, 1, true);
  }
  fixture.run(order);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
  CHECK(fixture.sink.events<AttemptEnded>().size() == 1);
}

TEST_CASE("a stored log whose end the engine has dropped goes on with a gap, and says so") {
  TaskFixture fixture;
  const RunAttempt order = attempt_before(fixture, "wait");
  const std::string name = fixture.name(order);
  for (const char* text : {"1\n", "2\n", "3\n"}) {
    fixture.engine.print(name, {LogStream::kStdout, text});
  }
  // "waiting" and "1" are stored.
  const LogPosition stored{1'700'000'000'003 * 1'000'000, 1};
  bool gap = true;
  std::string rest = "3\n";
  SUBCASE("dropped, and more") { fixture.engine.drop_log(name, 3); }
  SUBCASE("all of it") {
    fixture.engine.drop_log(name, 4);
    rest.clear();
  }
  SUBCASE("not dropped") {
    fixture.engine.drop_log(name, 1);
    gap = false;
    rest = "2\n3\n";
  }
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(name, 0); });
  fixture.run(order, stored);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.sink.output() == rest);
  CHECK(fixture.outcome().log_incomplete == gap);
  CHECK((fixture.sink.notes().find("is missing here") != std::string::npos) == gap);
}
