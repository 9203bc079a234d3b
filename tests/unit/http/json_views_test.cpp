// The shapes of docs/api.md, byte for byte. After an intended change, run with PAWL_UPDATE_GOLDEN=1,
// and read the difference before committing it.
#include "http/json_views.h"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/version.h"
#include "support/http_world.h"

namespace pawl::http {
namespace {

using test::at;
using test::HttpWorld;

void check_golden(const std::string& name, const Json& json) {
  const std::string actual = json.dump(2) + "\n";
  const std::string path = std::string(PAWL_GOLDEN_DIR) + "/" + name;
  if (std::getenv("PAWL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << actual;
  }
  std::ifstream file(path, std::ios::binary);
  std::stringstream expected;
  expected << file.rdbuf();
  INFO("golden file: ", path);
  CHECK(actual == expected.str());
}

TEST_CASE("runs and pipelines have their golden shapes") {
  const HttpWorld world;
  const WallTime now = at("12:00:10");
  const Pipeline nightly = test::make_nightly();
  const RunDetail ended = *world.store.run(RunId{1});
  const RunDetail running = *world.store.run(RunId{2});
  check_golden("run_summary.json", run_summary_json(running.run, now));
  check_golden("run_detail.json", run_detail_json(ended, &nightly, now));
  check_golden("run_detail_without_definition.json", run_detail_json(running, nullptr, now));
  check_golden("pipeline_summary.json", pipeline_summary_json(nightly, {&ended.run}, now));
  check_golden("pipeline_summary_never_run.json",
               pipeline_summary_json(test::make_tidy(), {}, now));
  check_golden("pipeline_detail.json", pipeline_detail_json(nightly, {&ended.run}, now));
  check_golden("source.json", source_json(world.control.snapshot()->sources->front()));
  Json status = status_json(*world.control.snapshot());
  CHECK(status["version"].as_string() == kVersion);
  status.set("version", "VERSION");
  check_golden("status.json", status);
}

TEST_CASE("a pipeline with all that concerns its runs has its golden shape, suspended or not") {
  Pipeline pipeline;
  pipeline.name = "report";
  pipeline.triggers.emplace_back(
      CronTrigger{*CronSchedule::parse("0 2 * * *", false), Zone{}, Catchup::kAll, 3'600'000});
  pipeline.triggers.emplace_back(PipelineTrigger{"nightly", UpstreamEnd::kCompletion});
  pipeline.concurrency = Concurrency{"db", 2, OnConflict::kReplace};
  pipeline.priority = 9;
  pipeline.timeout_ms = 7'200'000;
  pipeline.tasks.push_back(Task{});
  pipeline.tasks[0].id = "t";
  const Suspension suspension{at("11:00:00"), "uid 1000"};
  const WallTime now = at("12:00:10");
  check_golden("pipeline_summary_suspended.json",
               pipeline_summary_json(pipeline, {nullptr, &suspension}, now));
  check_golden("pipeline_detail_suspended.json",
               pipeline_detail_json(pipeline, {nullptr, &suspension}, now));
  const Json resumed = pipeline_summary_json(pipeline, {}, now);
  CHECK(resumed["suspended"].is_null());
  CHECK(resumed["next_tick"].as_string() == "2026-03-02T02:00:00.000Z");
  CHECK(resumed["triggers"].items()[0]["next_tick"] == resumed["next_tick"]);
  CHECK(pipeline_detail_json(pipeline, {}, now)["next_ticks"].items().size() == 5);
}

TEST_CASE("a run says who made it and why it was ended") {
  Run run;
  run.created_at = at("12:00:00");
  const auto json = [&] { return run_summary_json(run, at("12:00:10")); };
  CHECK(json()["trigger"]["parent_run_id"].is_null());
  CHECK(json()["stop"].is_null());
  CHECK_FALSE(json()["cancel_requested"].as_bool(true));
  run.trigger.parent = RunId{7};
  CHECK(json()["trigger"]["parent_run_id"].as_string() == "7");
  const std::vector<std::pair<RunStop, std::string>> words = {
      {RunStop::kCancel, "cancel"}, {RunStop::kTimeout, "timeout"}, {RunStop::kReplace, "replace"}};
  for (const auto& [stop, word] : words) {
    run.stop = stop;
    CHECK(json()["stop"].as_string() == word);
    CHECK(json()["cancel_requested"].as_bool());
  }
}

TEST_CASE("an attempt says whether its log is whole") {
  const HttpWorld world;
  RunDetail detail = *world.store.run(RunId{1});
  detail.attempts.front().log_incomplete = true;
  const Json json = run_detail_json(detail, nullptr, at("12:00:10"));
  CHECK(json["tasks"].items()[0]["attempts"].items()[0]["log_incomplete"].as_bool());
  CHECK_FALSE(json["tasks"].items()[1]["attempts"].items()[0]["log_incomplete"].as_bool(true));
}

TEST_CASE("an attempt says what it used, which signal ended it, and whether memory ran out") {
  const HttpWorld world;
  RunDetail detail = *world.store.run(RunId{1});
  const auto attempt = [&] {
    const Json json = run_detail_json(detail, nullptr, at("12:00:10"));
    return json["tasks"].items()[0]["attempts"].items()[0];
  };
  CHECK(attempt()["usage"].is_null());
  CHECK(attempt()["signal"].is_null());
  CHECK_FALSE(attempt()["oom_killed"].as_bool(true));
  detail.attempts.front().usage = ResourceUsage{64 << 20, 1'500, 200};
  detail.attempts.front().oom_killed = true;
  CHECK(attempt()["usage"].dump() ==
        R"({"peak_memory_bytes":67108864,"cpu_ms":1500,"throttled_ms":200})");
  CHECK(attempt()["oom_killed"].as_bool());
  const std::pair<int, std::string> signals[] = {
      {137, "SIGKILL"}, {143, "SIGTERM"}, {139, "SIGSEGV"}, {129, "SIGHUP"}, {192, "signal 64"}};
  for (const auto& [code, name] : signals) {
    detail.attempts.front().exit_code = code;
    CHECK(attempt()["signal"].as_string() == name);
    CHECK(attempt()["exit_code"].as_integer() == code);
  }
  for (const int code : {0, 1, 127, 128, 193, 255}) {
    detail.attempts.front().exit_code = code;
    CHECK(attempt()["signal"].is_null());
  }
}

TEST_CASE(
    "a pipeline that the policy refuses has a summary, one in force names its newer version") {
  const Elsewhere refused{"deploy", "deploy.yaml", 7, "memory 1g is over policy.max.memory", true};
  SourceState source;
  source.name = "fleet";
  source.revision = "c2";
  check_golden("pipeline_summary_refused.json",
               refused_summary_json(source, refused, nullptr, at("12:00:10")));
  const Pipeline tidy = test::make_tidy();
  const Json summary = pipeline_summary_json(tidy, {nullptr, nullptr, &refused}, at("12:00:10"));
  CHECK(summary["state"].as_string() == "in_force");
  CHECK(summary["refusal"].dump() ==
        R"({"why":"memory 1g is over policy.max.memory","file":"deploy.yaml","line":7})");
  CHECK(pipeline_detail_json(tidy, {nullptr, nullptr, &refused}, at("12:00:10"))["refusal"] ==
        summary["refusal"]);
  CHECK(pipeline_summary_json(tidy, {}, at("12:00:10"))["refusal"].is_null());
}

TEST_CASE("the disk is null until it was counted") {
  AgentSnapshot snapshot;
  CHECK(status_json(snapshot)["disk"].is_null());
  snapshot.disk = {at("12:00:00"), 1, 2, 3, 4};
  CHECK(status_json(snapshot)["disk"].dump() ==
        R"({"counted_at":"2026-03-01T12:00:00.000Z","store_bytes":1,"image_bytes":2,)"
        R"("workspace_bytes":3,"max_bytes":4})");
}

TEST_CASE("a duration counts up to now while running, and never backwards") {
  Run run;
  run.created_at = at("12:00:00");
  CHECK(run_summary_json(run, at("12:00:10"))["duration_ms"].is_null());
  run.started_at = at("12:00:05");
  CHECK(run_summary_json(run, at("12:00:10"))["duration_ms"].as_integer() == 5000);
  CHECK(run_summary_json(run, at("11:00:00"))["duration_ms"].as_integer() == 0);
  run.ended_at = at("12:00:07");
  CHECK(run_summary_json(run, at("13:00:00"))["duration_ms"].as_integer() == 2000);
}

TEST_CASE("ticks of several pipelines come in order, and ties by name") {
  const auto with_cron = [](const std::string& name, const std::string& expression) {
    Pipeline pipeline;
    pipeline.name = name;
    pipeline.triggers.emplace_back(CronTrigger{*CronSchedule::parse(expression, false), Zone{}});
    return pipeline;
  };
  const Pipeline ten = with_cron("b-ten", "*/10 * * * *");
  const Pipeline fifteen = with_cron("a-fifteen", "*/15 * * * *");
  const Pipeline never = with_cron("never", "0 0 30 2 *");
  std::string seen;
  for (const ScheduledTick& tick : next_ticks({&ten, &fifteen, &never}, at("12:00:00"), 6)) {
    seen += tick_json(tick)["at"].as_string().substr(11, 5) + tick.pipeline->name + " ";
  }
  CHECK(seen == "12:10b-ten 12:15a-fifteen 12:20b-ten 12:30a-fifteen 12:30b-ten 12:40b-ten ");
  CHECK(next_ticks({&never}, at("12:00:00"), 6).empty());
  CHECK_FALSE(next_tick(never, at("12:00:00")).is_set());
}

TEST_CASE("log records: raw bytes become text, times are cut to milliseconds") {
  const Json json =
      log_record_json({LogStream::kPawl, 1'772'366'400'123'999'999, "a\xff\x1b[31m\n"});
  CHECK(json["stream"].as_string() == "pawl");
  CHECK(json["time"].as_string() == "2026-03-01T12:00:00.123Z");
  CHECK(json.dump().find("a\xef\xbf\xbd\\u001b[31m\\n") != std::string::npos);
}

}  // namespace
}  // namespace pawl::http
