// Which containers are asked for ahead, and when they go.
#include <doctest/doctest.h>

#include <algorithm>

#include "unit/core/fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

std::vector<AttemptKey> ahead(const Commands& commands) {
  std::vector<AttemptKey> keys;
  for (const PrepareAttempt& one : all_of_type<PrepareAttempt>(commands)) {
    keys.push_back(one.order.key);
  }
  return keys;
}

std::vector<AttemptKey> removed(const Commands& commands) {
  std::vector<AttemptKey> keys;
  for (const RemoveContainer& one : all_of_type<RemoveContainer>(commands)) keys.push_back(one.key);
  return keys;
}

using Keys = std::vector<AttemptKey>;

}  // namespace

TEST_CASE("the task behind one that starts is asked for ahead, with the order that it will get") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a"), make_task("b", {0}), make_task("c", {1})})});
  Commands commands = core.trigger("p");
  CHECK(core.dispatched() == Keys{key(1, 0)});
  CHECK(ahead(commands) == Keys{key(1, 1)});
  const auto early = all_of_type<PrepareAttempt>(commands).front().order;
  commands = core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == Keys{key(1, 1)});
  CHECK(ahead(commands) == Keys{key(1, 2)});
  const auto order = all_of_type<RunAttempt>(commands).front();
  CHECK(order.command == early.command);
  CHECK(order.env == early.env);
  CHECK(core.state.ahead.size() == 1);
}

TEST_CASE("tasks that wait for a worker are asked for ahead, as many as there are workers") {
  Core core(2);
  std::vector<Task> tasks;
  for (int i = 0; i < 6; ++i) tasks.push_back(make_task("t" + std::to_string(i)));
  core.publish({make_pipeline("p", tasks)});
  CHECK(ahead(core.trigger("p")) == Keys{key(1, 2), key(1, 3)});
  CHECK(ahead(core.exited(key(1, 0), 0)) == Keys{key(1, 4)});
  CHECK(core.state.ahead.size() == 2);
}

TEST_CASE("what could still change is not asked for ahead") {
  Core core;
  Task next = make_task("next", {0});
  SUBCASE("its environment looks at other tasks") {
    next.env = {{"A", "${{ tasks.first.status }}"}};
  }
  SUBCASE("its command does") { next.command = {"echo", "${{ success() }}"}; }
  SUBCASE("it has secrets") { next.secrets = {{"key", "/key", ""}}; }
  SUBCASE("it has a condition") { next.when = "${{ true }}"; }
  SUBCASE("its rule does not let it run after a success") { next.rule = TriggerRule::kAllFailed; }
  SUBCASE("it is a hook") {
    next.upstream = {};
    next.hook = Hook::kOnSuccess;
  }
  SUBCASE("a task before it does not run yet") { next.upstream = {0, 2}; }
  std::vector<Task> tasks{make_task("first"), next, make_task("second", {0})};
  if (next.upstream != std::vector<std::uint32_t>{0, 2}) tasks.pop_back();
  core.publish({make_pipeline("p", tasks)});
  const Keys keys = ahead(core.trigger("p"));
  CHECK(std::find(keys.begin(), keys.end(), key(1, 1)) == keys.end());
}

TEST_CASE("a container that waits goes once its task is over without it, and not before") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a"), make_task("b", {0})})});
  core.trigger("p");
  SUBCASE("for the task before it failed") {
    CHECK(removed(core.exited(key(1, 0), 1)) == Keys{key(1, 1), key(1, 0)});
  }
  SUBCASE("for its run was cancelled") {
    CHECK(removed(core.send(CancelRequested{0, RunId{1}, ""})) == Keys{key(1, 1)});
  }
  CHECK(core.state.ahead.empty());
}

TEST_CASE("one that the engine lists stays for as long as its task may start") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a"), make_task("b", {0})})});
  core.trigger("p");
  core.state.ahead.clear();  // as after a restart of the agent
  const EngineListed listed{{{key(1, 0), "a"}, {key(1, 1), "b"}, {key(9, 0), "unknown"}}};
  CHECK(removed(core.send(listed)) == Keys{key(9, 0)});
  CHECK(removed(core.exited(key(1, 0), 1)) == Keys{key(1, 1), key(1, 0)});
  CHECK(removed(core.send(listed)) == Keys{key(1, 0), key(1, 1), key(9, 0)});
}

TEST_CASE("nothing is asked for ahead while the disk is full") {
  Core core(1);
  core.publish({make_pipeline("p", {make_task("a"), make_task("b")})});
  core.trigger("p");
  core.state.ahead.clear();
  core.send(StoreTight{true});
  CHECK(ahead(core.started(key(1, 0))).empty());
  CHECK(ahead(core.send(StoreTight{false})) == Keys{key(1, 1)});
}
