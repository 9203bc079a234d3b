#include <doctest/doctest.h>

#include <set>

#include "unit/core/fixture.h"

using namespace pawl;
using namespace pawl::test;

TEST_CASE("a trigger's run, its identity and its snapshot are stored together, before the answer") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  core.trigger("p", "key");
  std::size_t answer = 0;
  std::size_t last_save = 0;
  for (std::size_t i = 0; i < core.last.size(); ++i) {
    if (std::holds_alternative<Reply>(core.last[i])) answer = i;
    if (std::holds_alternative<SaveTrigger>(core.last[i])) last_save = i;
  }
  CHECK(last_save < answer);
  CHECK(all_of_type<SaveDefinition>(core.last).size() == 1);
  const auto triggers = all_of_type<SaveTrigger>(core.last);
  REQUIRE(triggers.size() == 1);
  CHECK(triggers[0].identity == "manual:key");
  CHECK(triggers[0].run == RunId{1});
  CHECK(all_of_type<SaveRun>(core.last)[0].run.trigger.actor == "ann");
}

TEST_CASE("a known identity is answered with its first run and makes no second one") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")})});
  core.trigger("p", "key");
  core.send(ManualTriggered{8, TriggerTarget{"p", {"manual:key"}, RunId{1}}, "bob"});
  CHECK(all_of_type<SaveRun>(core.last).empty());
  const auto replies = all_of_type<Reply>(core.last);
  REQUIRE(replies.size() == 1);
  CHECK(replies[0].runs[0].run == RunId{1});
  CHECK(replies[0].runs[0].duplicate);
}

TEST_CASE("a webhook for several pipelines makes a run of each, and answers with all") {
  Core core;
  core.publish({make_pipeline("p", {make_task("a")}), make_pipeline("q", {make_task("a")})});
  core.send(WebhookReceived{5, {{"p", {"id", "body"}, RunId{40}}, {"q", {"id", "body"}, {}}}});
  const auto replies = all_of_type<Reply>(core.last);
  REQUIRE(replies.size() == 1);
  REQUIRE(replies[0].runs.size() == 2);
  CHECK(replies[0].runs[0].duplicate);
  CHECK_FALSE(replies[0].runs[1].duplicate);
  CHECK(all_of_type<SaveTrigger>(core.last).size() == 2);  // both names of the delivery
}

TEST_CASE("unknown pipelines and bad params are refused to the caller") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  pipeline.params.push_back(Param{"level", ParamType::kString, {"full", "delta"}, "delta"});
  core.publish({pipeline});
  core.trigger("nowhere");
  CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kNotFound);
  core.send(ManualTriggered{8, TriggerTarget{"p", {"x"}, {}, {{"level", "none"}}}, ""});
  CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kInvalid);
  CHECK(all_of_type<SaveRun>(core.last).empty());
  core.trigger("p");
  CHECK(all_of_type<SaveRun>(core.last)[0].run.params == Variables{{"level", "delta"}});
}

TEST_CASE(
    "over the bound of unfinished runs a caller is refused and a tick is recorded as skipped") {
  Core core(1);
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "@every 60s");
  core.publish({pipeline});
  for (std::size_t i = 0; i < limits::kUnfinishedRunsPerPipeline; ++i) {
    core.trigger("p", std::to_string(i));
  }
  core.trigger("p", "one more");
  CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kExhausted);
  core.pass_ms(60'000);
  core.pass();
  CHECK(core.last_run().status == Status::kSkipped);
  CHECK(core.last_run().reason == Reason::kConflict);
  CHECK(core.last_run().trigger.kind == TriggerKind::kCron);
}

TEST_CASE("a tick runs once, carries its instant, and moves the mark in the same step") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "*/5 * * * *");
  core.publish({pipeline});
  core.pass_ms(5 * 60'000 - 1);
  core.pass();
  CHECK(all_of_type<SaveRun>(core.last).empty());
  core.pass_ms(1);
  core.pass();
  REQUIRE(all_of_type<SaveRun>(core.last).size() == 2);  // accepted, then started
  CHECK(core.last_run().trigger.scheduled_at == core.wall);
  CHECK(core.last_run().trigger.identity == "cron:2027-01-15T08:05:00.000Z");
  CHECK(all_of_type<SaveScheduleMark>(core.last)[0].tick == core.wall);
  core.pass();
  CHECK(all_of_type<SaveRun>(core.last).empty());
}

TEST_CASE("of many missed ticks only the latest runs, and a clock set back repeats none of them") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, "* * * * *");
  core.publish({pipeline});
  core.pass_ms(40LL * 24 * 3600 * 1000 + 30'000);  // 57,600 ticks
  core.pass();
  const auto runs = all_of_type<SaveRun>(core.last);
  REQUIRE(runs.size() == 2);
  CHECK(runs[0].run.trigger.scheduled_at == core.wall.plus_ms(-30'000));
  core.wall = core.wall.plus_ms(-3'600'000);
  core.pass();
  CHECK(all_of_type<SaveRun>(core.last).empty());
  std::set<WallTime> instants = {runs[0].run.trigger.scheduled_at};
  std::size_t ticks = 1;
  for (int minute = 0; minute < 70; ++minute) {
    core.pass_ms(60'000);
    core.pass();
    for (const SaveTrigger& save : all_of_type<SaveTrigger>(core.last)) {
      CHECK(save.identity.starts_with("cron:"));
      for (const SaveRun& run : all_of_type<SaveRun>(core.last)) {
        if (run.run.id == save.run) instants.insert(run.run.trigger.scheduled_at);
      }
      ++ticks;
    }
  }
  CHECK(instants.size() == ticks);  // none twice
  CHECK(ticks == 70);               // and of 71 minutes only the one that had run is missing
}
