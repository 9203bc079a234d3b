#include <doctest/doctest.h>

#include <csignal>
#include <thread>

#include "exec/container_spec.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Kind = AttemptOutcome::Kind;

const Error kAway{ErrorKind::kUnavailable, "no container engine answers", {}};
const Error kSlow{ErrorKind::kTimeout, "did not answer in time", {}};

using Fixture = TaskFixture;

}  // namespace

TEST_CASE("a task runs: started, its output, its end") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.run(order);
  const AttemptOutcome outcome = fixture.outcome();
  CHECK(outcome.kind == Kind::kExited);
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.failure == Reason::kNone);
  CHECK(outcome.container_id == "fake1");
  CHECK(outcome.started_at.is_set());
  CHECK(outcome.ended_at.ms >= outcome.started_at.ms);
  CHECK(fixture.sink.output() == "out\nerr\n");
  const auto started = fixture.sink.events<AttemptStarted>();
  REQUIRE(started.size() == 1);
  CHECK(started[0].key == order.key);
  CHECK(started[0].container_id == "fake1");
  CHECK(started[0].started_at == outcome.started_at);
  CHECK(started[0].engine == fixture.engine.incarnation());
  CHECK_FALSE(outcome.log_incomplete);
  CHECK(std::holds_alternative<Event>(fixture.sink.items().front()));
  CHECK(fixture.engine.spec(fixture.name(order)).labels.at("dev.pawl.run") == "7");
  CHECK(fixture.engine.exists(fixture.name(order)));  // removal is the core's to order
}

TEST_CASE("exit codes and memory kills are reported as they are") {
  Fixture failing;
  failing.run(failing.order("fail"));
  CHECK(failing.outcome().exit_code == 3);
  CHECK_FALSE(failing.outcome().oom_killed);
  Fixture hungry;
  hungry.run(hungry.order("oom"));
  CHECK(hungry.outcome().exit_code == 137);
  CHECK(hungry.outcome().oom_killed);
}

TEST_CASE("the host policy is asked before the engine") {
  Fixture fixture;
  RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks[0].image = "evil:1";
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kPolicy);
  CHECK(fixture.engine.calls(Call::kCreate) == 0);
}

TEST_CASE("a container that was created before the policy was tightened is not started") {
  Fixture fixture;
  const RunAttempt order = recovered(fixture.order("echo"), false);
  fixture.create(order);
  fixture.policy.networks.clear();
  fixture.run(order);
  CHECK(fixture.outcome().failure == Reason::kPolicy);
  CHECK(fixture.engine.starts(fixture.name(order)) == 0);
}

TEST_CASE("pull policy") {
  Fixture fixture;
  RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks[0].image = "alpine:edge";
  SUBCASE("missing: pulled when it is not there") {
    fixture.engine.add_remote_image("alpine:edge");
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
    CHECK(fixture.engine.calls(Call::kPull) == 1);
    CHECK(
        fixture.sink.notes().starts_with("pulling image alpine:edge\nPulling from alpine:edge\n"));
  }
  SUBCASE("missing: not pulled when it is there") {
    fixture.engine.add_image("alpine:edge");
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
    CHECK(fixture.engine.calls(Call::kPull) == 0);
  }
  SUBCASE("missing: a pull that fails is the image's failure, with the registry's words") {
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kNotStarted);
    CHECK(fixture.outcome().failure == Reason::kImage);
    CHECK(fixture.outcome().message ==
          "image 'alpine:edge' cannot be pulled: manifest for alpine:edge not found");
    CHECK(fixture.engine.calls(Call::kPull) == 1);
  }
  SUBCASE("never") {
    fixture.policy.pull = "never";
    fixture.engine.add_remote_image("alpine:edge");
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kImage);
    CHECK(fixture.engine.calls(Call::kPull) == 0);
  }
  SUBCASE("always: pulled although it is there") {
    fixture.policy.pull = "always";
    fixture.engine.add_image("alpine:edge");
    fixture.engine.add_remote_image("alpine:edge");
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
    CHECK(fixture.engine.calls(Call::kPull) == 1);
  }
  SUBCASE("always: what is there does not replace a pull that fails") {
    fixture.policy.pull = "always";
    fixture.engine.add_image("alpine:edge");
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kImage);
  }
  SUBCASE("a pull that takes too long is not begun again") {
    fixture.engine.fail(Call::kPull, kSlow);
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kImage);
    CHECK(fixture.engine.calls(Call::kPull) == 1);
  }
  SUBCASE("a create that is refused although the image is there is no image failure") {
    fixture.engine.add_image("alpine:edge");
    fixture.engine.fail(Call::kCreate, {ErrorKind::kNotFound, "network x not found", {}});
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kEngine);
    CHECK(fixture.outcome().message == "network x not found");
  }
}

TEST_CASE("a container that cannot be started") {
  Fixture fixture;
  fixture.engine.set_program("bad", {{}, false, 0, false, "exec: \"bad\": not found"});
  fixture.run(fixture.order("bad"));
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kEngine);
  CHECK(fixture.outcome().message == "the container cannot be started: exec: \"bad\": not found");
  CHECK(fixture.sink.events<AttemptStarted>().empty());
}

TEST_CASE("adoption by name") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  const std::string name = fixture.name(order);
  SUBCASE("created, not started: it is started, once") {
    fixture.create(order);
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
  }
  SUBCASE("exited: it is collected, not run again") {
    fixture.create_and_start(order);
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
    CHECK(fixture.sink.events<AttemptStarted>().size() == 1);
  }
  SUBCASE("recovered and exited") {
    fixture.create_and_start(order);
    fixture.run(recovered(order, true));
    CHECK(fixture.outcome().kind == Kind::kExited);
    CHECK(fixture.engine.calls(Call::kCreate) == 1);
  }
  SUBCASE("recovered, and it never came to be") {
    fixture.run(recovered(order, false));
    CHECK(fixture.outcome().kind == Kind::kExited);
  }
  CHECK(fixture.sink.output() == "out\nerr\n");
  CHECK(fixture.engine.starts(name) == 1);
}

TEST_CASE("a running container is followed from where the stored log ends") {
  Fixture fixture;
  const RunAttempt order = recovered(fixture.order("wait"), true);
  fixture.create_and_start(order);
  fixture.engine.print(fixture.name(order), {LogStream::kStdout, "more\n"});
  const std::int64_t first = 1'700'000'000'002 * 1'000'000;
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(fixture.name(order), 5); });
  fixture.run(order, LogPosition{first, 1});
  CHECK(fixture.outcome().exit_code == 5);
  CHECK(fixture.sink.output() == "more\n");
  CHECK_FALSE(fixture.outcome().log_incomplete);
}

TEST_CASE("a container that was started and is gone is missing, and not created anew") {
  Fixture fixture;
  fixture.run(recovered(fixture.order("echo"), true));
  CHECK(fixture.outcome().kind == Kind::kMissing);
  CHECK(fixture.outcome().log_incomplete);
  CHECK(fixture.engine.calls(Call::kCreate) == 0);
}

TEST_CASE("somebody else's container under our name is left alone") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  ContainerSpec foreign = container_spec("ffffffffffff", order);
  foreign.name = fixture.name(order);
  REQUIRE(fixture.engine.create(foreign, {}));
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kEngine);
  CHECK(fixture.outcome().message.find(foreign.name) != std::string::npos);
  CHECK(fixture.engine.starts(foreign.name) == 0);
}

TEST_CASE("a container that is removed while it runs is missing") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  fixture.engine.before_next(Call::kWait,
                             [&] { CHECK(fixture.engine.remove(fixture.name(order), {})); });
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(fixture.name(order), 0); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kMissing);
  CHECK(fixture.sink.output() == "waiting\n");
}

TEST_CASE("a container that vanishes before its start is made anew, but not for ever") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  const auto vanish = [&] { CHECK(fixture.engine.remove(fixture.name(order), {})); };
  fixture.engine.before_next(Call::kStart, vanish);
  SUBCASE("once") {
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
  }
  SUBCASE("always") {
    for (int i = 0; i < 10; ++i) fixture.engine.before_next(Call::kStart, vanish);
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kEngine);
  }
}

TEST_CASE("an engine that is away at first is waited for") {
  Fixture fixture;
  fixture.engine.fail(Call::kCreate, kAway, 3);
  fixture.run(fixture.order("echo"));
  CHECK(fixture.outcome().kind == Kind::kExited);
  const std::string notes = fixture.sink.notes();
  CHECK(
      notes.starts_with("waiting for the container engine: no container engine answers\n"
                        "the container engine answers again\n"));
}

TEST_CASE("an engine that stays away ends an attempt that cannot have started") {
  Fixture fixture;
  fixture.engine.set_away(true);
  for (int i = 0; i < 7; ++i) {
    fixture.engine.before_next(Call::kInfo, [&] { fixture.clock.advance_ms(10'000); });
  }
  fixture.run(fixture.order("echo"));
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kEngine);
  CHECK(fixture.outcome().message == "its workspace cannot be made: no container engine answers");
  CHECK(fixture.engine.calls(Call::kInfo) == 6);
}

TEST_CASE("an engine that is away says nothing about a recovered attempt") {
  Fixture fixture;
  bool started = false;
  SUBCASE("whose start was recorded") { started = true; }
  SUBCASE("whose start was not") {}
  RunAttempt order = recovered(fixture.order("wait"), started);
  fixture.create_and_start(order);
  order.engine = fixture.engine.incarnation();
  fixture.engine.set_away(true);
  for (int i = 0; i < 20; ++i) {
    fixture.engine.before_next(Call::kInspect, [&] { fixture.clock.advance_ms(10'000); });
  }
  fixture.engine.before_next(Call::kInspect, [&] {
    fixture.engine.set_away(false);
    fixture.engine.finish(fixture.name(order), 4);
  });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.outcome().exit_code == 4);
}

TEST_CASE("a create whose answer was lost is not done twice") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.engine.fail(Call::kCreate, kSlow, 1, true);
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
}

TEST_CASE("a start whose answer was lost") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  SUBCASE("was carried out: the task is not run again, although it has ended") {
    fixture.engine.fail(Call::kStart, kAway, 1, true);
  }
  SUBCASE("is carried out late: the second look sees it") {
    fixture.engine.fail(Call::kStart, kSlow, 1, false);
    fixture.engine.before_next(Call::kInspect, [] {});
    fixture.engine.before_next(Call::kInspect,
                               [&] { CHECK(fixture.engine.start(fixture.name(order), {})); });
  }
  SUBCASE("and the engine stays away for long") {
    fixture.engine.fail(Call::kStart, kAway, 1, true);
    fixture.engine.fail(Call::kInspect, kAway, 5);
    for (int i = 0; i < 5; ++i) {
      fixture.engine.before_next(Call::kInspect, [&] { fixture.clock.advance_ms(100'000); });
    }
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
  CHECK(fixture.sink.output() == "out\nerr\n");
}

TEST_CASE("a start that was never sent is asked for again") {
  Fixture fixture;
  const RunAttempt order = fixture.order("echo");
  fixture.engine.fail(Call::kStart, Error{ErrorKind::kExhausted, "too many open files", {}}, 3);
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.engine.calls(Call::kStart) == 4);
  CHECK(fixture.engine.starts(fixture.name(order)) == 1);
  CHECK(
      fixture.sink.notes().starts_with("waiting for the container engine: too many open files\n"));
}

TEST_CASE("a connection that breaks while the task runs") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  const std::string name = fixture.name(order);
  const auto go_on = [&](int line) {
    fixture.engine.print(name, {LogStream::kStdout, std::to_string(line) + "\n"});
  };
  std::thread runner([&] { fixture.run(order); });
  REQUIRE(fixture.sink.wait_for<AttemptStarted>());
  for (int line = 1; line <= 3; ++line) {
    REQUIRE(fixture.engine.wait_for_call(Call::kFollow, line));
    go_on(line);
    fixture.engine.break_streams();
  }
  REQUIRE(fixture.engine.wait_for_call(Call::kFollow, 4));
  fixture.engine.set_away(true);
  go_on(4);
  const int asked = fixture.engine.calls(Call::kInspect);
  REQUIRE(fixture.engine.wait_for_call(Call::kInspect, asked + 3));
  CHECK(fixture.sink.events<AttemptEnded>().empty());
  fixture.engine.finish(name, 9);
  fixture.engine.set_away(false);
  runner.join();
  CHECK(fixture.outcome().exit_code == 9);
  CHECK(fixture.sink.output() == "waiting\n1\n2\n3\n4\n");
  CHECK_FALSE(fixture.outcome().log_incomplete);
  CHECK(fixture.engine.starts(name) == 1);
}

TEST_CASE("a log that ends while the container lives is followed again") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  // As an engine that restarts ends it: cleanly, and the state still says running.
  fixture.engine.fail(Call::kWait, kSlow);
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.end_streams(); });
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(fixture.name(order), 0); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.sink.output() == "waiting\n");
}

TEST_CASE("what a follower missed at the end is read after the end") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  const std::string name = fixture.name(order);
  fixture.engine.miss_last_records(2);
  std::thread runner([&] { fixture.run(order); });
  REQUIRE(fixture.sink.wait_for<AttemptStarted>());
  for (const char* text : {"1\n", "2\n", "3"}) {
    fixture.engine.print(name, {LogStream::kStdout, text});
  }
  fixture.engine.finish(name, 0);
  runner.join();
  CHECK(fixture.outcome().exit_code == 0);
  CHECK(fixture.sink.output() == "waiting\n1\n2\n3");
}

TEST_CASE("a container that is removed before the rest of its log was read has still ended") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  const std::string name = fixture.name(order);
  fixture.engine.before_next(Call::kFollow, [&] { fixture.engine.finish(name, 3); });
  fixture.engine.before_next(Call::kFollow, [&] { CHECK(fixture.engine.remove(name, {})); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kExited);
  CHECK(fixture.outcome().exit_code == 3);
  CHECK(fixture.outcome().log_incomplete);
  CHECK(fixture.sink.notes().find("could not be read") != std::string::npos);
}

TEST_CASE("a log that cannot be read does not hide the exit code") {
  Fixture fixture;
  const RunAttempt order = fixture.order("fail");
  fixture.engine.fail(Call::kFollow, {ErrorKind::kCorrupt, "invalid character", {}}, 100);
  fixture.run(order);
  CHECK(fixture.outcome().exit_code == 3);
  CHECK(fixture.outcome().log_incomplete);
  CHECK(fixture.sink.notes().find("could not be read: invalid character") != std::string::npos);
  CHECK(fixture.engine.calls(Call::kFollow) == 3);
}

TEST_CASE("an engine that does not know how the container ended has lost it") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  fixture.engine.before_next(Call::kFollow,
                             [&] { fixture.engine.finish_unknown(fixture.name(order)); });
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kMissing);
}

TEST_CASE("a stop before the start calls it off, wherever it comes") {
  Fixture fixture;
  RunAttempt order = fixture.order("echo");
  const auto stop = [&] { CHECK_FALSE(fixture.control.request_stop(false)); };
  SUBCASE("before anything") { stop(); }
  SUBCASE("while it is created") { fixture.engine.before_next(Call::kCreate, stop); }
  SUBCASE("during the pull") {
    fixture.pipeline->tasks[0].image = "alpine:edge";
    fixture.engine.hold(Call::kPull);
    fixture.engine.before_next(Call::kPull, stop);
  }
  SUBCASE("while the engine is away") {
    fixture.engine.set_away(true);
    fixture.engine.before_next(Call::kInfo, stop);
  }
  SUBCASE("decided by an earlier agent, which had created it") {
    order.recovered = true;
    fixture.create(order);
    stop();
  }
  SUBCASE("decided by an earlier agent, which had not") {
    order.recovered = true;
    stop();
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == Kind::kNotStarted);
  CHECK(fixture.outcome().failure == Reason::kNone);
  CHECK(fixture.engine.calls(Call::kStart) == 0);
}

TEST_CASE("a stop during the start is sent as a signal right after it") {
  for (const bool kill : {false, true}) {
    Fixture fixture;
    const RunAttempt order = fixture.order("wait");
    fixture.engine.before_next(Call::kStart,
                               [&] { CHECK_FALSE(fixture.control.request_stop(kill)); });
    fixture.run(order);
    CHECK(fixture.outcome().kind == Kind::kExited);
    CHECK(fixture.engine.signals(fixture.name(order)) ==
          std::vector<int>{kill ? SIGKILL : SIGTERM});
  }
}

TEST_CASE("a stop between the start's answer and its report is not lost") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  fixture.engine.before_next(Call::kInspect,
                             [&] { CHECK_FALSE(fixture.control.request_stop(false)); });
  fixture.run(order);
  CHECK(fixture.engine.signals(fixture.name(order)) == std::vector<int>{SIGTERM});
}

TEST_CASE("after the report of the start, whoever stops the task sends the signal") {
  Fixture fixture;
  const RunAttempt order = fixture.order("wait");
  fixture.engine.before_next(Call::kFollow, [&] {
    CHECK(fixture.control.request_stop(false) == fixture.name(order));
    CHECK(fixture.control.request_stop(true) == fixture.name(order));
    fixture.engine.finish(fixture.name(order), 143);
  });
  fixture.run(order);
  CHECK(fixture.engine.signals(fixture.name(order)).empty());
}

TEST_CASE("a recovered attempt that is to stop, and runs, gets its signal") {
  Fixture fixture;
  const RunAttempt order = recovered(fixture.order("wait"), true);
  fixture.create_and_start(order);
  CHECK_FALSE(fixture.control.request_stop(false));
  fixture.run(order);
  CHECK(fixture.outcome().exit_code == 128 + SIGTERM);
}

TEST_CASE("when the agent stops, nothing is touched and nothing more is posted") {
  for (const Call call :
       {Call::kPull, Call::kCreate, Call::kStart, Call::kInspect, Call::kFollow, Call::kWait}) {
    CAPTURE(static_cast<int>(call));
    Fixture fixture;
    const RunAttempt order = fixture.order("wait");
    if (call == Call::kPull) fixture.pipeline->tasks[0].image = "alpine:edge";
    if (call == Call::kWait) {
      fixture.engine.before_next(Call::kFollow,
                                 [&] { fixture.engine.finish(fixture.name(order), 0); });
    }
    fixture.engine.before_next(call, [&] {
      fixture.shutdown.request_stop();
      fixture.control.abandon();
    });
    fixture.run(order);
    CHECK(fixture.sink.events<AttemptEnded>().empty());
    CHECK(fixture.engine.calls(Call::kKill) == 0);
    CHECK(fixture.engine.calls(Call::kRemove) == 0);
  }
}

TEST_CASE("a sink that takes nothing any more ends the runner") {
  Fixture fixture;
  fixture.sink.close();
  fixture.run(fixture.order("wait"));
  CHECK(fixture.sink.items().empty());
}
