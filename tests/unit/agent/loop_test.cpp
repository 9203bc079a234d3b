#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "unit/agent/agent_fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

const Error kDiskFull{ErrorKind::kExhausted, "no space left on device", "state"};

struct World {
  World() {
    engine.add_image("image:1");
    engine.set_program("ok", {});
    engine.set_program("waits", FakeEngine::Program{{}, true, 0, false, {}});
    engine.set_program("internal-sandbox", FakeEngine::Program{{}, true, 0, false, {}});
    git.set(revision("c1", kTwoTasks));
  }
  FakeStore store;
  FakeEngine engine;
  FakeGit git;
};

// Says when old runs were looked for; there are never any.
class WatchedStore : public FakeStore {
 public:
  Result<bool> prune(const KeepRules&, WallTime) override {
    std::lock_guard lock(mutex_);
    ++looks_;
    changed_.notify_all();
    return false;
  }
  [[nodiscard]] bool wait_for_look(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(20), [&] { return looks_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int looks_ = 0;
};

// Asks until the store takes the request.
AcceptedRun insist(AgentLife& agent) {
  while (true) {
    const auto accepted = agent.control().trigger_manual({"p", {}, "", ""});
    if (accepted) return *accepted;
    std::this_thread::yield();
  }
}

bool names(const std::vector<std::string>& texts, std::string_view part) {
  return std::any_of(texts.begin(), texts.end(),
                     [&](const std::string& text) { return text.find(part) != std::string::npos; });
}

}  // namespace

TEST_CASE("a person's request runs a pipeline to its end and leaves no container behind") {
  World world;
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  const auto accepted = agent.control().trigger_manual({"p", {}, "ann", "key"});
  REQUIRE(accepted);
  // Answered after the commit: the run is in the store already.
  CHECK(world.store.run(accepted->run));
  CHECK(agent.finished(accepted->run).status == Status::kSuccess);
  CHECK(world.engine.wait_until_gone(
      container_name(world.store.instance_id(), {accepted->run, 1, 1}, "b")));
  const auto again = agent.control().trigger_manual({"p", {}, "bob", "key"});
  REQUIRE(again);
  CHECK(again->duplicate);
  CHECK(again->run == accepted->run);
}

TEST_CASE("many callers share commits, and each gets a run of its own") {
  World world;
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  std::vector<std::thread> callers;
  std::vector<RunId> runs(40);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    callers.emplace_back([&, i] {
      const auto accepted = agent.control().trigger_manual({"p", {}, "", std::to_string(i)});
      if (accepted) runs[i] = accepted->run;
    });
  }
  for (std::thread& caller : callers) caller.join();
  std::set<RunId> distinct(runs.begin(), runs.end());
  CHECK(distinct.size() == runs.size());
  CHECK_FALSE(distinct.contains(RunId{}));
  for (const RunId run : runs) CHECK(agent.finished(run).status == Status::kSuccess);
}

TEST_CASE("a request whose commit fails is refused and has not happened") {
  World world;
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  world.store.fail_commit(kDiskFull, 1);
  const auto refused = agent.control().trigger_manual({"p", {}, "", "key"});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kExhausted);
  CHECK(world.store.runs({})->runs.empty());
  // While the store fails nothing is taken; then everything goes on by itself.
  Result<AcceptedRun> accepted = refused;
  while (!accepted) {
    accepted = agent.control().trigger_manual({"p", {}, "", "key"});
    if (!accepted) CHECK(accepted.error().kind == ErrorKind::kExhausted);
    std::this_thread::yield();
  }
  CHECK(accepted->run == RunId{1});
  CHECK(agent.finished(accepted->run).status == Status::kSuccess);
  CHECK(world.store.runs({})->runs.size() == 1);
}

TEST_CASE("reports whose commit fails are not lost: the run ends as it would have") {
  World world;
  world.git.set(revision("c1",
                         "name: p\n"
                         "tasks:\n"
                         "  - {id: a, image: image:1, command: [waits]}\n"
                         "  - {id: b, image: image:1, command: [ok], depends_on: a}\n"));
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  const auto accepted = agent.control().trigger_manual({"p", {}, "", ""});
  REQUIRE(accepted);
  REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow));
  const std::string first = container_name(world.store.instance_id(), {accepted->run, 0, 1}, "a");
  world.store.fail_commit(kDiskFull, 2);
  world.engine.finish(first, 0);
  CHECK(agent.finished(accepted->run).status == Status::kSuccess);
  CHECK(world.engine.calls(FakeEngine::Call::kStart) == 3);  // with the run's sandbox
  const auto detail = world.store.run(accepted->run);
  REQUIRE(detail->attempts.size() == 2);
  CHECK(detail->attempts[0].status == Status::kSuccess);
}

TEST_CASE("the next agent takes up what the one before left running") {
  World world;
  world.git.set(revision("c1", "name: p\ntasks: [{id: a, image: image:1, command: [waits]}]\n"));
  RunId run;
  std::string name;
  {
    AgentLife agent(world.store, world.engine, world.git);
    REQUIRE(agent.control().sync("fleet", true));
    run = agent.control().trigger_manual({"p", {}, "", ""})->run;
    name = container_name(world.store.instance_id(), {run, 0, 1}, "a");
    REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow));
  }
  CHECK(world.engine.exists(name));  // a stop touches no container
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow, 2));
  CHECK(world.engine.starts(name) == 1);
  world.engine.finish(name, 0);
  CHECK(agent.finished(run).status == Status::kSuccess);
  CHECK(world.engine.wait_until_gone(name));
}

TEST_CASE("cancelling what is unknown or over says so") {
  World world;
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  CHECK(agent.control().cancel(RunId{9}, "ann").error().kind == ErrorKind::kNotFound);
  const RunId run = agent.control().trigger_manual({"p", {}, "", ""})->run;
  static_cast<void>(agent.finished(run));
  CHECK(agent.control().cancel(run, "ann").error().kind == ErrorKind::kConflict);
}

TEST_CASE("while the disk is full nothing new begins, and what runs comes to its recorded end") {
  World world;
  world.git.set(revision("c1",
                         "name: p\n"
                         "tasks:\n"
                         "  - {id: a, image: image:1, command: [waits]}\n"
                         "  - {id: b, image: image:1, command: [ok], depends_on: a}\n"));
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  const auto accepted = agent.control().trigger_manual({"p", {}, "", ""});
  REQUIRE(accepted);
  REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow));
  world.store.set_room(false);
  const auto refused = agent.control().trigger_manual({"p", {}, "", ""});
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::kExhausted);
  CHECK(names(agent.control().snapshot()->warnings, "there is no room"));

  const std::string first = container_name(world.store.instance_id(), {accepted->run, 0, 1}, "a");
  world.engine.finish(first, 0);
  std::uint64_t after = agent.control().wait_changes(0, 0).next;
  while (!is_final(world.store.run(accepted->run)->tasks[0].status)) {
    after = agent.control().wait_changes(after, 1'000).next;
  }
  CHECK(world.store.run(accepted->run)->tasks[0].status == Status::kSuccess);
  CHECK(world.engine.calls(FakeEngine::Call::kStart) ==
        2);  // of the sandbox, too; the second task waits

  world.store.set_room(true);
  CHECK(agent.finished(accepted->run).status == Status::kSuccess);
  CHECK(agent.control().snapshot()->warnings.empty());
}

TEST_CASE("an agent that starts without room begins nothing until there is some") {
  World world;
  world.git.set(revision("c1",
                         "name: p\n"
                         "tasks:\n"
                         "  - {id: a, image: image:1, command: [waits]}\n"
                         "  - {id: b, image: image:1, command: [ok], depends_on: a}\n"));
  RunId run;
  {
    AgentLife agent(world.store, world.engine, world.git);
    REQUIRE(agent.control().sync("fleet", true));
    run = agent.control().trigger_manual({"p", {}, "", ""})->run;
    REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow));
    world.store.set_room(false);
    CHECK_FALSE(agent.control().trigger_manual({"p", {}, "", ""}));
    world.engine.finish(container_name(world.store.instance_id(), {run, 0, 1}, "a"), 0);
    std::uint64_t after = agent.control().wait_changes(0, 0).next;
    while (!is_final(world.store.run(run)->tasks[0].status)) {
      after = agent.control().wait_changes(after, 1'000).next;
    }
  }
  AgentLife agent(world.store, world.engine, world.git);
  CHECK(world.store.run(run)->tasks[1].attempts == 0);
  world.store.set_room(true);
  CHECK(agent.finished(run).status == Status::kSuccess);
}

TEST_CASE("an instant that comes again, the clock having been set back, finds its run") {
  World world;
  world.git.set(revision("c1",
                         "name: p\n"
                         "triggers: [{cron: '0 * * * *'}]\n"
                         "tasks: [{id: a, image: image:1, command: [ok]}]\n"));
  AgentLife agent(world.store, world.engine, world.git);
  constexpr std::int64_t kHour = 3'600'000;
  for (int i = 0; i < 2; ++i) {
    // Each sync wakes the loop, which looks at the clock.
    REQUIRE(agent.control().sync("fleet", true));
    agent.clock().advance_ms(kHour);
    REQUIRE(agent.control().sync("fleet", true));
    CHECK(world.store.runs({})->runs.size() == 1);
    agent.clock().set_wall_ms(agent.clock().wall().ms - kHour);
  }
}

TEST_CASE("output that finds no room is dropped, and its attempt says so") {
  World world;
  world.engine.set_program(
      "speaks", FakeEngine::Program{{{LogStream::kStdout, "a line\n"}}, true, 0, false, {}});
  world.git.set(revision("c1", "name: p\ntasks: [{id: a, image: image:1, command: [speaks]}]\n"));
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  world.engine.before_next(FakeEngine::Call::kFollow, [&] { world.store.set_room(false); });
  const RunId run = agent.control().trigger_manual({"p", {}, "", ""})->run;
  REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow));
  world.engine.finish(container_name(world.store.instance_id(), {run, 0, 1}, "a"), 0);
  CHECK(agent.finished(run).status == Status::kSuccess);
  CHECK(world.store.run(run)->attempts[0].log_incomplete);
}

TEST_CASE("an agent starts on a full disk, says so, and takes up what ran once there is room") {
  World world;
  world.git.set(revision("c1", "name: p\ntasks: [{id: a, image: image:1, command: [waits]}]\n"));
  RunId run;
  {
    AgentLife agent(world.store, world.engine, world.git);
    REQUIRE(agent.control().sync("fleet", true));
    run = agent.control().trigger_manual({"p", {}, "", ""})->run;
    REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow));
  }
  world.store.fail_begin(kDiskFull, 1'000'000);
  AgentLife agent(world.store, world.engine, world.git);
  CHECK(names(agent.control().snapshot()->warnings, "the store takes no writes"));
  CHECK(agent.control().trigger_manual({"p", {}, "", ""}).error().kind == ErrorKind::kExhausted);
  world.store.fail_begin(kDiskFull, 0);
  REQUIRE(world.engine.wait_for_call(FakeEngine::Call::kFollow, 2));
  const std::string name = container_name(world.store.instance_id(), {run, 0, 1}, "a");
  CHECK(world.engine.starts(name) == 1);
  world.engine.finish(name, 0);
  CHECK(agent.finished(run).status == Status::kSuccess);
}

TEST_CASE("a clock that was trusted is so after a failed commit, whatever it says meanwhile") {
  World world;
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  static_cast<void>(agent.finished(insist(agent).run));
  // A new agent would wait now: the clock is behind the stored run.
  agent.clock().set_synchronised(false);
  agent.clock().set_wall_ms(agent.clock().wall().ms - 3'600'000);
  world.store.fail_commit(kDiskFull, 1);
  static_cast<void>(insist(agent));
  CHECK_FALSE(names(agent.control().snapshot()->warnings, "schedules wait"));
}

TEST_CASE("room is looked for at once when there is none, and when a commit finds none") {
  World world;
  WatchedStore store;
  AgentLife agent(store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  REQUIRE(store.wait_for_look(1));
  // The clock stands still: by time no other look is due.
  SUBCASE("there is none") {
    store.set_room(false);
    CHECK_FALSE(agent.control().trigger_manual({"p", {}, "", ""}));
  }
  SUBCASE("a commit finds none") {
    store.fail_commit(kDiskFull, 1);
    CHECK_FALSE(agent.control().trigger_manual({"p", {}, "", ""}));
  }
  CHECK(store.wait_for_look(2));
}

TEST_CASE("a person suspends, resumes and retries; each is in the history of actions") {
  World world;
  AgentLife agent(world.store, world.engine, world.git);
  REQUIRE(agent.control().sync("fleet", true));
  const RunId run = agent.control().trigger_manual({"p", {}, "ann", ""})->run;
  REQUIRE(agent.finished(run).status == Status::kSuccess);
  REQUIRE(agent.control().suspend("p", true, "ann"));
  CHECK(agent.control().snapshot()->suspended->contains("p"));
  REQUIRE(agent.control().suspend("p", false, "ann"));
  CHECK(agent.control().snapshot()->suspended->empty());
  CHECK(agent.control().suspend("nobody", true, "ann").error().kind == ErrorKind::kNotFound);

  const auto again = agent.control().retry({run, false, "ann", "key"});
  REQUIRE(again);
  CHECK(agent.finished(again->run).trigger.parent == run);
  CHECK(agent.control().retry({run, false, "ann", "key"})->run == again->run);
  CHECK(agent.control().retry({run, true, "ann", ""}).error().kind == ErrorKind::kConflict);
  CHECK(agent.control().retry({RunId{99}, false, "ann", ""}).error().kind == ErrorKind::kNotFound);

  std::vector<std::string> verbs;
  for (const Action& action : world.store.actions()) verbs.push_back(action.verb);
  CHECK(verbs == std::vector<std::string>{"run", "suspend", "resume", "retry"});
}
