// Definitions, pipelines, triggers, marks, sources, and what a starting agent gets.
#include <doctest/doctest.h>

#include "harness.h"
#include "model/pipeline_json.h"

using namespace pawl;

namespace {

Json json_of(const PipelinePtr& pipeline) { return to_json(*pipeline); }

std::optional<RunId> find(Store& store, const std::string& pipeline, const std::string& identity) {
  auto transaction = value_of(store.begin());
  return value_of(transaction->find_trigger(pipeline, identity));
}

}  // namespace

TEST_CASE_TEMPLATE("a definition is found by its content", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  const PipelinePtr one = samples::pipeline_ptr("build");
  const PipelinePtr other = samples::pipeline_ptr("build", "alpine:3.21");
  REQUIRE(content_hash(*one) != content_hash(*other));
  commit(harness.store(), {SaveDefinition{one}, SaveDefinition{other}, SaveDefinition{one}});
  harness.reopen();
  CHECK(json_of(value_of(harness.store().definition(content_hash(*one)))) == json_of(one));
  CHECK(json_of(value_of(harness.store().definition(content_hash(*other)))) == json_of(other));
  CHECK(kind_of(harness.store().definition(Sha256{})) == ErrorKind::kNotFound);
}

TEST_CASE_TEMPLATE("a pipeline in force is replaced, moved and deleted", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  commit(harness.store(),
         {SavePipeline{samples::pipeline_ptr("b")}, SavePipeline{samples::pipeline_ptr("c")},
          SavePipeline{samples::pipeline_ptr("a")}});
  // The same content from another place: only its origin changes.
  Pipeline moved = samples::pipeline("b");
  moved.origin = Origin{"other", "x.yaml", 12, std::string(40, 'e')};
  const auto moved_ptr = std::make_shared<const Pipeline>(moved);
  const PipelinePtr changed = samples::pipeline_ptr("c", "busybox");
  commit(harness.store(), {SavePipeline{moved_ptr}, SavePipeline{changed}, DeletePipeline{"a"},
                           DeletePipeline{"z"}});
  harness.reopen();
  const auto pipelines = value_of(harness.store().pipelines());
  REQUIRE(pipelines.size() == 2);
  CHECK(json_of(pipelines[0]) == json_of(moved_ptr));
  CHECK(json_of(pipelines[1]) == json_of(changed));
  // A pipeline's definition stays when it is no longer in force: runs may need it.
  CHECK(harness.store().definition(content_hash(samples::pipeline("a"))).ok());
}

TEST_CASE_TEMPLATE("a trigger's identity belongs to one run of one pipeline", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  {
    auto transaction = value_of(harness.store().begin());
    CHECK_FALSE(value_of(transaction->find_trigger("build", "id-1")));
    require_ok(transaction->apply(SaveRun{samples::run(3)}));
    require_ok(transaction->apply(SaveTrigger{"build", "id-1", RunId{3}}));
    // Seen before the commit, by this transaction.
    CHECK(value_of(transaction->find_trigger("build", "id-1")) == RunId{3});
    CHECK_FALSE(value_of(transaction->find_trigger("other", "id-1")));
    require_ok(transaction->commit());
  }
  harness.reopen();
  CHECK(find(harness.store(), "build", "id-1") == RunId{3});
  CHECK_FALSE(find(harness.store(), "build", "id-2"));
  CHECK_FALSE(find(harness.store(), "buil", "did-1"));
  CHECK_FALSE(find(harness.store(), "other", "id-1"));
}

TEST_CASE_TEMPLATE("an identity that is empty or too long is refused", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  auto transaction = value_of(harness.store().begin());
  CHECK(kind_of(transaction->apply(SaveTrigger{"build", "", RunId{1}})) == ErrorKind::kInvalid);
  CHECK(kind_of(transaction->apply(
            SaveTrigger{"build", std::string(limits::kIdentityBytes + 1, 'x'), RunId{1}})) ==
        ErrorKind::kInvalid);
  const std::string longest(limits::kIdentityBytes, 'x');
  require_ok(transaction->apply(SaveTrigger{"build", longest, RunId{1}}));
  CHECK(value_of(transaction->find_trigger("build", longest)) == RunId{1});
}

TEST_CASE_TEMPLATE("a transaction that is dropped leaves no trace", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  const AttemptKey key{RunId{1}, 0, 1};
  {
    auto transaction = value_of(harness.store().begin());
    require_ok(transaction->apply(SaveRun{samples::run(1)}));
    require_ok(transaction->apply(SaveTrigger{"build", "id", RunId{1}}));
    require_ok(transaction->apply(SavePipeline{samples::pipeline_ptr("build")}));
    require_ok(transaction->append_log(samples::lines(key, 0, 3)));
    // Not visible to others before the commit.
    CHECK(value_of(harness.store().runs({})).runs.empty());
    CHECK(value_of(harness.store().log(key, {}, 1000)).records.empty());
  }
  CHECK(kind_of(harness.store().run(RunId{1})) == ErrorKind::kNotFound);
  CHECK_FALSE(find(harness.store(), "build", "id"));
  CHECK(value_of(harness.store().pipelines()).empty());
  CHECK(value_of(harness.store().log_position(key)) == LogPosition{});
  CHECK(value_of(harness.store().load()).last_run == RunId{0});
}

TEST_CASE_TEMPLATE("sources are replaced and forgotten", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  SourceState changed = samples::source("fleet");
  changed.error.clear();
  changed.problems.clear();
  commit(harness.store(), {SaveSource{samples::source("fleet")}, SaveSource{samples::source("b")},
                           SaveSource{samples::source("gone")}});
  commit(harness.store(), {SaveSource{changed}, DeleteSource{"gone"}, DeleteSource{"never"}});
  harness.reopen();
  const auto sources = value_of(harness.store().sources());
  REQUIRE(sources.size() == 2);
  CHECK(sources[0] == samples::source("b"));
  CHECK(sources[1] == changed);
}

TEST_CASE_TEMPLATE("an empty store loads as an empty world", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  const StoredWorld world = value_of(harness.store().load());
  CHECK(world.last_run == RunId{0});
  CHECK(world.pipelines.empty());
  CHECK(world.unfinished.empty());
  CHECK(world.damaged.empty());
  CHECK(harness.store().instance_id().size() == 12);
}

TEST_CASE_TEMPLATE("a starting agent gets all that is unfinished", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  const PipelinePtr pipeline = samples::pipeline_ptr("build");
  const auto with_definition = [&](Run run) {
    run.definition = content_hash(*pipeline);
    return run;
  };
  commit(harness.store(),
         {SavePipeline{pipeline}, SaveSource{samples::source("fleet")},
          SaveScheduleMark{"build", WallTime{5}}, SaveScheduleMark{"build", WallTime{6}},
          SaveScheduleMark{"another", WallTime{7}},
          SaveRun{with_definition(samples::run(1, "build", Status::kSuccess))},
          SaveRun{with_definition(samples::run(2, "build", Status::kRunning))},
          SaveTask{samples::task(2, 0, Status::kRunning)}, SaveTask{samples::task(2, 1)},
          SaveAttempt{samples::attempt(2, 0, 1)},
          SaveRun{with_definition(samples::run(3, "build", Status::kPending))},
          SaveRun{with_definition(samples::run(4, "build", Status::kRunning))},
          SaveRun{with_definition(samples::run(5, "build", Status::kCancelled))}});
  commit(harness.store(), {SaveRun{with_definition(samples::run(4, "build", Status::kFailed))}});
  const std::string instance = harness.store().instance_id();
  harness.reopen();

  const StoredWorld world = value_of(harness.store().load());
  CHECK(harness.store().instance_id() == instance);
  CHECK(world.last_run == RunId{5});
  REQUIRE(world.pipelines.size() == 1);
  CHECK(json_of(world.pipelines[0]) == json_of(pipeline));
  using Marks = std::vector<std::pair<std::string, WallTime>>;
  CHECK(world.schedule_marks == Marks{{"another", WallTime{7}}, {"build", WallTime{6}}});
  REQUIRE(world.sources.size() == 1);
  CHECK(world.sources[0] == samples::source("fleet"));
  REQUIRE(world.unfinished.size() == 2);
  CHECK(world.unfinished[0].run.id == RunId{2});
  CHECK(world.unfinished[0].tasks.size() == 2);
  CHECK(world.unfinished[0].attempts.size() == 1);
  CHECK(world.unfinished[1].run.id == RunId{3});
  REQUIRE(world.unfinished_definitions.size() == 2);
  REQUIRE(world.unfinished_definitions[1]);
  CHECK(json_of(world.unfinished_definitions[1]) == json_of(pipeline));
  CHECK(world.damaged.empty());
}

TEST_CASE_TEMPLATE("a run whose definition is not stored is handed over without one", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  commit(harness.store(), {SaveRun{samples::run(1)}});
  const StoredWorld world = value_of(harness.store().load());
  REQUIRE(world.unfinished.size() == 1);
  REQUIRE(world.unfinished_definitions.size() == 1);
  CHECK(world.unfinished_definitions[0] == nullptr);
  REQUIRE(world.damaged.size() == 1);
  CHECK(world.damaged[0].find("run 1") != std::string::npos);
}
