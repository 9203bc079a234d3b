#include <doctest/doctest.h>

#include "unit/core/fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

SourcePulled pull_of(std::vector<SourceFile> files, const std::string& source = "fleet") {
  SourcePulled pulled;
  pulled.state.name = source;
  pulled.state.revision = "c2";
  pulled.files = std::move(files);
  return pulled;
}

PipelinePtr shared(Pipeline pipeline) {
  return std::make_shared<const Pipeline>(std::move(pipeline));
}

}  // namespace

TEST_CASE("a broken file keeps its last good pipelines, a file that is gone takes them along") {
  Core core;
  core.publish({make_pipeline("keeps", {make_task("a")}), make_pipeline("goes", {make_task("a")})});
  SourcePulled pulled = pull_of({SourceFile{"keeps.yaml", true, {}}});
  pulled.state.problems.push_back(Problem{"keeps.yaml", 3, 5, "unknown key"});
  core.send(pulled);
  CHECK(core.state.pipelines.contains("keeps"));
  CHECK_FALSE(core.state.pipelines.contains("goes"));
  CHECK(all_of_type<DeletePipeline>(core.last).size() == 1);
  const auto sources = all_of_type<SaveSource>(core.last);
  REQUIRE(sources.size() == 1);
  CHECK(sources[0].state.problems.size() == 1);
  CHECK(sources[0].state.pipelines == 1);
}

TEST_CASE("a failed pull changes nothing but the source's state") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  SourcePulled pulled;
  pulled.state.name = "fleet";
  pulled.state.error = "no route to host";
  core.send(pulled);
  CHECK(core.state.pipelines.contains("p"));
  CHECK(all_of_type<SaveSource>(core.last)[0].state.error == "no route to host");
  CHECK(all_of_type<SaveSource>(core.last)[0].state.pipelines == 1);
}

TEST_CASE("a name belongs to the first who took it, within a source and between sources") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  Pipeline other = make_pipeline("p", {make_task("b")});
  other.origin = Origin{"other", "x.yaml", 4, "c"};
  core.send(pull_of({SourceFile{"x.yaml", false, {shared(other)}}}, "other"));
  CHECK(core.state.pipelines.at("p").definition->origin.source == "fleet");
  const SourceState state = all_of_type<SaveSource>(core.last)[0].state;
  REQUIRE(state.problems.size() == 1);
  CHECK(state.problems[0].file == "x.yaml");
  CHECK(state.problems[0].line == 4);
  CHECK(state.problems[0].message ==
        "pipeline 'p' is already defined in p.yaml (source fleet); rename one of them");
}

TEST_CASE("a broken file's pipelines keep their names against the other files") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  Pipeline thief = make_pipeline("p", {make_task("b")});
  thief.origin.file = "a-first.yaml";
  core.send(pull_of(
      {SourceFile{"a-first.yaml", false, {shared(thief)}}, SourceFile{"p.yaml", true, {}}}));
  CHECK(core.state.pipelines.at("p").definition->origin.file == "p.yaml");
}

TEST_CASE("a new revision with the same schedule keeps its ticks; a changed one starts from now") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "0 * * * *");
  core.publish({pipeline});
  const auto tick = core.state.pipelines.at("p").next_tick;
  core.pass_ms(30 * 60'000);
  pipeline.origin.revision = "c2";
  core.publish({pipeline});
  CHECK(core.state.pipelines.at("p").next_tick == tick);
  CHECK(all_of_type<SaveScheduleMark>(core.last).empty());
  pipeline.triggers.clear();
  add_cron(pipeline, "10 * * * *");  // 08:10 is past: it must not be caught up
  core.publish({pipeline});
  core.pass();
  CHECK(all_of_type<SaveRun>(core.last).empty());
  CHECK(core.state.pipelines.at("p").next_tick == WallTime{1'800'000'000'000}.plus_ms(70 * 60'000));
}

TEST_CASE(
    "a source that the host config no longer names takes its pipelines along; its runs go on") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a"), make_task("b", {0})});
  add_cron(pipeline, "* * * * *");
  core.publish({pipeline});
  core.trigger("p");
  core.send(SourceRemoved{"fleet"});
  CHECK(core.state.pipelines.empty());
  CHECK(core.state.ticks.empty());
  CHECK(all_of_type<DeleteSource>(core.last).size() == 1);
  core.exited(key(1, 0), 0);
  CHECK(core.dispatched() == std::vector{key(1, 1)});
}

TEST_CASE("a new file that sorts earlier does not take a name that is in force") {
  Core core;
  Pipeline owner = make_pipeline("p", {make_task("a")});
  owner.origin.file = "z.yaml";
  core.publish({owner});
  Pipeline taker = make_pipeline("p", {make_task("b")});
  taker.origin.file = "a.yaml";
  core.publish({taker, owner});
  CHECK(core.state.pipelines.at("p").definition->tasks[0].id == "a");
  REQUIRE(core.state.sources.at("fleet").problems.size() == 1);
  CHECK(core.state.sources.at("fleet").problems[0].file == "a.yaml");
}
