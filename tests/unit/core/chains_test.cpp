#include "core/chains.h"

#include <doctest/doctest.h>

#include "fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

Pipeline follower(const std::string& name, const std::string& upstream,
                  UpstreamEnd on = UpstreamEnd::kSuccess) {
  Pipeline pipeline = make_pipeline(name, {make_task("a")});
  pipeline.triggers.emplace_back(PipelineTrigger{upstream, on});
  return pipeline;
}

std::optional<Run> made(const Commands& commands, const std::string& pipeline) {
  for (const SaveRun& save : all_of_type<SaveRun>(commands)) {
    if (save.run.pipeline == pipeline) return save.run;
  }
  return std::nullopt;
}

}  // namespace

TEST_CASE("a run's end makes the runs that follow it, in the very same step") {
  Core core;
  core.publish({make_pipeline("build", {make_task("a")}), follower("deploy", "build"),
                follower("page", "build", UpstreamEnd::kFailure),
                follower("report", "build", UpstreamEnd::kCompletion)});
  core.trigger("build");
  core.exited(key(1, 0), 0);
  const auto deploy = made(core.last, "deploy");
  REQUIRE(deploy);
  CHECK(deploy->trigger.kind == TriggerKind::kPipeline);
  CHECK(deploy->trigger.identity == "pipeline:build:1");
  CHECK(deploy->trigger.parent == RunId{1});
  CHECK(deploy->trigger.depth == 1);
  CHECK(made(core.last, "report"));
  CHECK_FALSE(made(core.last, "page"));

  core.trigger("build", "again");
  core.exited(key(4, 0), 1);
  CHECK_FALSE(made(core.last, "deploy"));
  CHECK(made(core.last, "page"));
  CHECK(made(core.last, "report"));
}

TEST_CASE("a circle of pipeline triggers is named at the pull, and ends with a skipped run") {
  Core core;
  core.publish({follower("a", "b"), follower("b", "a")});
  CHECK(core.state.sources.at("fleet").problems.size() == 2);
  core.trigger("a");
  core.exited(key(1, 0), 0);
  const auto stopped = made(core.last, "b");
  REQUIRE(stopped);
  CHECK(stopped->status == Status::kSkipped);
  CHECK(stopped->reason == Reason::kCondition);
  CHECK(core.dispatched().empty());
}

TEST_CASE("a chain ends at the depth bound") {
  Core core;
  std::vector<Pipeline> pipelines = {make_pipeline("p0", {make_task("a")})};
  for (std::uint32_t i = 1; i <= limits::kTriggerDepth + 1; ++i) {
    pipelines.push_back(follower("p" + std::to_string(i), "p" + std::to_string(i - 1)));
  }
  core.publish(pipelines);
  core.trigger("p0");
  for (std::uint64_t run = 1; run <= limits::kTriggerDepth; ++run) core.exited(key(run, 0), 0);
  CHECK(core.dispatched().size() == 1);
  core.exited(key(limits::kTriggerDepth + 1, 0), 0);
  CHECK(core.last_run().status == Status::kSkipped);
}

TEST_CASE("a pipeline that Git took away follows nothing any more") {
  Core core;
  const Pipeline build = make_pipeline("build", {make_task("a")});
  core.publish({build, follower("deploy", "build")});
  core.trigger("build");
  core.publish({build});
  core.exited(key(1, 0), 0);
  CHECK_FALSE(made(core.last, "deploy"));
}
