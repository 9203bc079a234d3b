#include "core/groups.h"

#include <doctest/doctest.h>

#include "fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

Pipeline grouped(const std::string& name, OnConflict on_conflict, std::uint32_t limit = 1) {
  Pipeline pipeline = make_pipeline(name, {make_task("a")});
  pipeline.concurrency = Concurrency{"db", limit, on_conflict};
  return pipeline;
}

Run stored(const Commands& commands, std::uint64_t id) {
  Run found;
  for (const SaveRun& save : all_of_type<SaveRun>(commands)) {
    if (save.run.id == RunId{id}) found = save.run;
  }
  return found;
}

}  // namespace

TEST_CASE("queue: a run of a full group waits, and starts when the one before has ended") {
  Core core;
  core.publish({grouped("p", OnConflict::kQueue), grouped("q", OnConflict::kQueue)});
  core.trigger("p", "1");
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(1, 0)});
  core.trigger("q", "2");
  CHECK(core.dispatched().empty());
  CHECK(core.last_run().status == Status::kPending);
  core.started(key(1, 0));
  core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(2, 0)});
}

TEST_CASE("queue: of those that wait, the higher priority goes first, then the older run") {
  Core core;
  Pipeline urgent = grouped("urgent", OnConflict::kQueue);
  urgent.priority = 9;
  core.publish({grouped("p", OnConflict::kQueue), urgent});
  core.trigger("p", "1");
  core.trigger("p", "2");
  core.trigger("urgent", "3");
  core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(3, 0)});
  core.exited(key(3, 0), 0);
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(2, 0)});
}

TEST_CASE("pipelines that disagree about a group's limit get the stricter one") {
  Core core;
  core.publish({grouped("two", OnConflict::kQueue, 2), grouped("three", OnConflict::kQueue, 3)});
  core.trigger("two", "1");
  core.trigger("three", "2");
  core.trigger("three", "3");
  CHECK(core.dispatched().empty());
  core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(3, 0)});
}

TEST_CASE("skip: a run that finds its group full is skipped for the conflict, and says so") {
  Core core;
  core.publish({grouped("p", OnConflict::kSkip)});
  core.trigger("p", "1");
  core.trigger("p", "2");
  CHECK(core.last_run().status == Status::kSkipped);
  CHECK(core.last_run().reason == Reason::kConflict);
  CHECK(all_of_type<Reply>(core.last)[0].runs[0].run == RunId{2});
  core.exited(key(1, 0), 0);
  core.trigger("p", "3");
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(3, 0)});
}

TEST_CASE("replace: the newest run takes the place of the one that runs and of those that wait") {
  Core core;
  core.publish({grouped("p", OnConflict::kReplace), grouped("q", OnConflict::kQueue)});
  core.trigger("p", "1");
  core.started(key(1, 0));
  core.trigger("q", "2");
  core.trigger("p", "3");
  CHECK(all_of_type<SignalAttempt>(core.last).size() == 1);
  CHECK(stored(core.last, 2).status == Status::kCancelled);
  CHECK(stored(core.last, 2).reason == Reason::kConflict);
  CHECK(stored(core.last, 1).stop == RunStop::kReplace);
  CHECK(core.dispatched().empty());
  core.exited(key(1, 0), 143);
  CHECK(stored(core.last, 1).status == Status::kCancelled);
  CHECK(stored(core.last, 1).message == "replaced by run 3");
  CHECK(core.dispatched() == std::vector<AttemptKey>{key(3, 0)});
}

TEST_CASE("after a restart, what had started keeps its place and the others queue again") {
  Core core;
  core.publish({grouped("p", OnConflict::kQueue)});
  StoredWorld world;
  PipelinePtr definition = core.state.pipelines.at("p").definition;
  world.pipelines.push_back(definition);
  for (std::uint64_t id : {1, 2}) {
    RunDetail detail;
    detail.run.id = RunId{id};
    detail.run.pipeline = "p";
    TaskState task;
    task.run = detail.run.id;
    if (id == 2) {
      detail.run.status = Status::kRunning;
      task.status = Status::kRunning;
      task.attempts = 1;
      Attempt attempt;
      attempt.key = key(2, 0);
      detail.attempts.push_back(attempt);
    }
    detail.tasks.push_back(task);
    world.unfinished.push_back(detail);
    world.unfinished_definitions.push_back(definition);
  }
  State state(CoreSettings{4});
  const Commands commands = recover(state, world, core.wall, core.mono);
  const auto orders = all_of_type<RunAttempt>(commands);
  REQUIRE(orders.size() == 1);
  CHECK(orders[0].key == key(2, 0));
  CHECK(state.groups.at("db").waiting.size() == 1);
}
