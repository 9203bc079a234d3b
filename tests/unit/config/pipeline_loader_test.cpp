#include "config/pipeline_loader.h"

#include "loading.h"
#include "model/pipeline_json.h"

using namespace pawl;

namespace {

constexpr std::string_view kFull = R"(# every key that this version builds
name: nightly-backup
description: Dump and ship the database
triggers:
  - cron: "30 0 2 * * *"
    timezone: Europe/Berlin
    seconds: true
  - {cron: "@daily", catchup: all, deadline: 1h30m}
  - webhook: ops/backup
  - webhook: {path: deploy, provider: github, secret: [deploy-hook, old]}
  - pipeline: build
  - pipeline: {name: build, on: failure}
concurrency: {group: db, limit: 2, on_conflict: replace}
priority: 9
timeout: 2h
params:
  - {name: level, type: string, enum: [full, delta], default: delta}
  - {name: count, type: integer, default: 5}
  - {name: ratio, type: number, default: 0.5}
  - {name: dry, type: boolean, default: true}
env: {STAGE: prod, SHARED: pipeline}
defaults:
  image: alpine:3.20
  cpus: 0.5
  memory: 64m
  pids: 32
  timeout: 30m
  network: bridge
  user: "1000:1000"
  read_only: false
  retries: {limit: 1, delay: 5s}
  env: {SHARED: defaults, DEFAULT: "1"}
tasks:
  - id: dump
    image: postgres:16
    command: ["pg_dump", "-f", ""]
    env: {SHARED: task, RATIO: 1.10, FLAG: yes, HEX: 0x1F}
    cpus: 2
    memory: 1GB
    pids: 100
    timeout: 10m
    retries: {limit: 3, delay: 10s, backoff: 1.5, max_delay: 5m, on: [timeout, oom]}
    network: none
    user: root
    read_only: true
  - id: check
    command: echo "$STAGE"
    depends_on: dump
    retries: 4
  - id: ship
    script: |
      echo {{{ [[[
      exit 0
    depends_on: [check, dump]
)";

}  // namespace

TEST_CASE("every key of a pipeline reaches the model") {
  const Pipeline pipeline = pipeline_of(kFull);
  CHECK(pipeline.name == "nightly-backup");
  CHECK(pipeline.title.empty());
  CHECK(pipeline.description == "Dump and ship the database");
  CHECK(pipeline.origin == Origin{"fleet", "pipelines/p.yaml", 2, "abc"});

  REQUIRE(pipeline.triggers.size() == 6);
  const auto& seconds = std::get<CronTrigger>(pipeline.triggers[0]);
  CHECK(seconds.schedule == *CronSchedule::parse("30 0 2 * * *", true));
  CHECK(seconds.zone.name() == "Europe/Berlin");
  CHECK(seconds.catchup == Catchup::kLatest);
  CHECK(seconds.deadline_ms == 0);
  const auto& daily = std::get<CronTrigger>(pipeline.triggers[1]);
  CHECK(daily.zone.name() == "UTC");
  CHECK(daily.catchup == Catchup::kAll);
  CHECK(daily.deadline_ms == 90 * 60'000);
  CHECK(std::get<WebhookTrigger>(pipeline.triggers[2]) ==
        WebhookTrigger{"ops/backup", {"ops-backup"}});
  CHECK(std::get<WebhookTrigger>(pipeline.triggers[3]) ==
        WebhookTrigger{"deploy", {"deploy-hook", "old"}});
  CHECK(std::get<PipelineTrigger>(pipeline.triggers[4]) ==
        PipelineTrigger{"build", UpstreamEnd::kSuccess});
  CHECK(std::get<PipelineTrigger>(pipeline.triggers[5]) ==
        PipelineTrigger{"build", UpstreamEnd::kFailure});
  CHECK(pipeline.concurrency == Concurrency{"db", 2, OnConflict::kReplace});
  CHECK(pipeline.priority == 9);
  CHECK(pipeline.timeout_ms == 2 * 3'600'000);

  REQUIRE(pipeline.params.size() == 4);
  CHECK(pipeline.params[0] == Param{"level", ParamType::kString, {"full", "delta"}, "delta"});
  CHECK(pipeline.params[1] == Param{"count", ParamType::kInteger, {}, "5"});
  CHECK(pipeline.params[2] == Param{"ratio", ParamType::kNumber, {}, "0.5"});
  CHECK(pipeline.params[3] == Param{"dry", ParamType::kBoolean, {}, "true"});
}

TEST_CASE("a task has its own settings, then those of defaults") {
  const Pipeline pipeline = pipeline_of(kFull);
  REQUIRE(pipeline.tasks.size() == 3);
  const Task& dump = pipeline.tasks[0];
  CHECK(dump.image == "postgres:16");
  CHECK(dump.command == std::vector<std::string>{"pg_dump", "-f", ""});
  CHECK(dump.upstream.empty());
  CHECK(dump.env == Variables{{"STAGE", "prod"},
                              {"SHARED", "task"},
                              {"DEFAULT", "1"},
                              {"RATIO", "1.10"},
                              {"FLAG", "yes"},
                              {"HEX", "0x1F"}});
  CHECK(dump.cpus_milli == 2000);
  CHECK(dump.memory_bytes == 1024LL * 1024 * 1024);
  CHECK(dump.pids == 100);
  CHECK(dump.timeout_ms == 600'000);
  CHECK(dump.retries == RetryPolicy{3, 10'000, 150, 300'000, RetryOn{false, true, true, false}});
  CHECK(dump.network == "none");
  CHECK(dump.user == "root");
  CHECK(dump.read_only);

  const Task& check = pipeline.tasks[1];
  CHECK(check.image == "alpine:3.20");
  CHECK(check.command == std::vector<std::string>{"sh", "-c", "echo \"$STAGE\""});
  CHECK(check.upstream == std::vector<std::uint32_t>{0});
  CHECK(check.env == Variables{{"STAGE", "prod"}, {"SHARED", "defaults"}, {"DEFAULT", "1"}});
  CHECK(check.cpus_milli == 500);
  CHECK(check.memory_bytes == 64LL * 1024 * 1024);
  CHECK(check.pids == 32);
  CHECK(check.timeout_ms == 1'800'000);
  // Key by key: the limit is the task's, the delay that of defaults.
  CHECK(check.retries == RetryPolicy{4, 5'000, 200, 300'000, RetryOn{}});
  CHECK(check.network == "bridge");
  CHECK(check.user == "1000:1000");
  CHECK_FALSE(check.read_only);

  const Task& ship = pipeline.tasks[2];
  CHECK(ship.command == std::vector<std::string>{"sh", "-euc", "echo {{{ [[[\nexit 0\n"});
  CHECK(ship.upstream == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("what a pipeline leaves out of its runs' settings has a default") {
  const auto settings = [](const std::string& lines) {
    return pipeline_of("name: p\n" + lines + "tasks: [{id: a, image: i}]\n");
  };
  CHECK_FALSE(settings("").concurrency);
  CHECK(settings("").priority == 5);
  CHECK(settings("").timeout_ms == 0);
  CHECK(settings("concurrency: db\n").concurrency == Concurrency{"db", 1, OnConflict::kQueue});
  CHECK(settings("concurrency: {}\n").concurrency == Concurrency{"p", 1, OnConflict::kQueue});
  CHECK(settings("concurrency: {limit: 1000, on_conflict: skip}\n").concurrency ==
        Concurrency{"p", 1000, OnConflict::kSkip});
  CHECK(settings("priority: 0\n").priority == 0);
  const Pipeline words = settings(
      "triggers: [{cron: '@daily', catchup: none}, {cron: '@daily', catchup: latest}, "
      "{pipeline: {name: b, on: completion}}]\n");
  CHECK(std::get<CronTrigger>(words.triggers[0]).catchup == Catchup::kNone);
  CHECK(std::get<CronTrigger>(words.triggers[1]).catchup == Catchup::kLatest);
  CHECK(std::get<PipelineTrigger>(words.triggers[2]).on == UpstreamEnd::kCompletion);
}

TEST_CASE("what is read can be stored: every key survives the snapshot's JSON") {
  const Pipeline pipeline = pipeline_of(kFull);
  const Result<Pipeline> read = pipeline_from_json(to_json(pipeline));
  REQUIRE(read.ok());
  CHECK(content_hash(*read) == content_hash(pipeline));
}

TEST_CASE("what nobody sets is the model's, lowered to the host's caps") {
  const std::string_view text = "name: p\ntasks: [{id: a, image: 'alpine:3.20'}]\n";
  Task expected;
  expected.id = "a";
  expected.image = "alpine:3.20";
  CHECK(pipeline_of(text).tasks.front() == expected);

  HostConfig host = permissive_host();
  host.policy.max_cpus_milli = 250;
  host.policy.max_memory_bytes = 32LL * 1024 * 1024;
  host.policy.max_pids = 16;
  host.policy.max_timeout_ms = 60'000;
  const Task capped = pipeline_of(text, host).tasks.front();
  CHECK(capped.cpus_milli == 250);
  CHECK(capped.memory_bytes == 32LL * 1024 * 1024);
  CHECK(capped.pids == 16);
  CHECK(capped.timeout_ms == 60'000);
}

TEST_CASE("the host gives the image and the zone that a pipeline leaves out") {
  HostConfig host = permissive_host();
  host.policy.default_image = "registry.local/base:1";
  host.zone = *Zone::load("America/New_York");
  const Pipeline pipeline =
      pipeline_of("name: p\ntriggers: [{cron: '@hourly'}]\ntasks: [{id: a}]\n", host);
  CHECK(pipeline.tasks.front().image == "registry.local/base:1");
  CHECK(std::get<CronTrigger>(pipeline.triggers.front()).zone.name() == "America/New_York");
}

TEST_CASE("a delay that was asked for is not cut by the default of max_delay") {
  const Pipeline pipeline = pipeline_of(with_task_lines("    retries: {limit: 1, delay: 20m}\n"));
  CHECK(pipeline.tasks.front().retries.max_delay_ms == 20 * 60'000);
  CHECK(pipeline_of(with_task_lines("    retries: {limit: 1, delay: 0}\n"))
            .tasks.front()
            .retries.delay_ms == 0);
}

TEST_CASE("a file holds several pipelines, and empty documents are none") {
  const PipelineFileResult result = load(
      "---\nname: a\ntasks: [{id: x, image: i}]\n---\n---\n"
      "name: b\ntasks: [{id: x, image: i}]\n...\n---\n# nothing\n");
  CHECK(lines(result.problems) == std::vector<std::string>{});
  REQUIRE(result.pipelines.size() == 2);
  CHECK(result.pipelines[0].name == "a");
  CHECK(result.pipelines[0].origin.line == 2);
  CHECK(result.pipelines[1].name == "b");
  CHECK(result.pipelines[1].origin.line == 6);
}

TEST_CASE("anchors, aliases and merge keys say what they would written out") {
  const Pipeline pipeline = pipeline_of(R"(
name: p
env: &env {A: "1", B: "2"}
tasks:
  - &first
    id: a
    image: alpine
    memory: 64m
    env: *env
  - <<: *first
    id: b
    memory: 32m
  - <<: [{pids: 5}, *first]
    id: c
)");
  REQUIRE(pipeline.tasks.size() == 3);
  CHECK(pipeline.tasks[1].image == "alpine");
  CHECK(pipeline.tasks[1].memory_bytes == 32LL * 1024 * 1024);
  CHECK(pipeline.tasks[1].env == Variables{{"A", "1"}, {"B", "2"}});
  CHECK(pipeline.tasks[2].pids == 5);
  CHECK(pipeline.tasks[2].memory_bytes == 64LL * 1024 * 1024);
}

TEST_CASE("JSON, CRLF and a byte order mark are YAML too") {
  CHECK(pipeline_of(R"({"name": "p", "tasks": [{"id": "a", "image": "i", "cpus": 1}]})")
            .tasks.front()
            .cpus_milli == 1000);
  const Pipeline pipeline = pipeline_of(
      "\xef\xbb\xbfname: p\r\ntasks:\r\n  - id: a\r\n    image: i\r\n    script: |\r\n"
      "      one\r\n      two\r\n");
  CHECK(pipeline.tasks.front().command.back() == "one\ntwo\n");
}
