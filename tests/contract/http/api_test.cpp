// Every route of the people's listener over real sockets, and what it refuses.
#include <doctest/doctest.h>

#include <algorithm>

#include "base/version.h"
#include "served_world.h"

namespace pawl::test {
namespace {

TEST_CASE("health and readiness") {
  ServedWorld world;
  CHECK(world.get("/healthz").body == "ok\n");
  CHECK(world.get("/readyz").status == 200);
  AgentSnapshot snapshot = *world.control.snapshot();
  snapshot.ready = false;
  world.control.publish(snapshot);
  CHECK(world.get("/healthz").status == 200);
  const RawAnswer answer = world.get("/readyz");
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") == "2");
}

TEST_CASE("status") {
  ServedWorld world;
  const RawAnswer answer = world.get("/api/v1/status");
  CHECK(answer.status == 200);
  CHECK(answer.header("content-type") == "application/json");
  CHECK(answer.header("cache-control") == "no-store");
  CHECK(answer.header("x-content-type-options") == "nosniff");
  const Json json = json_of(answer);
  CHECK(json["host"].as_string() == "edge-01");
  CHECK(json["version"].as_string() == kVersion);
  CHECK(json["pipelines"].as_integer() == 2);
  CHECK(json["engine"]["api_version"].as_string() == "1.41");
}

TEST_CASE("pipelines") {
  ServedWorld world;
  const Json list = json_of(world.get("/api/v1/pipelines"));
  REQUIRE(list["pipelines"].items().size() == 2);
  const Json& nightly = list["pipelines"].items()[0];
  CHECK(nightly["name"].as_string() == "nightly");
  CHECK(nightly["last_run"]["id"].as_string() == "2");
  CHECK(nightly["next_tick"].as_string() == "2026-03-02T01:00:00.000Z");
  const Json detail = json_of(world.get("/api/v1/pipelines/nightly"));
  CHECK(detail["next_ticks"].items().size() == 5);
  CHECK(detail["tasks"].items().size() == 4);
  const RawAnswer missing = world.get("/api/v1/pipelines/nothing%2Fhere");
  CHECK(missing.status == 404);
  CHECK(contains(detail_of(missing), "'nothing/here'"));
}

TEST_CASE("starting a run") {
  ServedWorld world;
  const std::string body = R"({"params":{"level":"full","count":3,"ratio":0.5,"dry":true}})";
  const std::string key = std::string(kJsonHeader) + "Idempotency-Key: abc\r\n";
  const RawAnswer answer = world.post("/api/v1/pipelines/nightly/runs", body, key);
  CHECK(answer.status == 202);
  const Json json = json_of(answer);
  CHECK(json["run_id"].as_string() == "100");
  CHECK(json["pipeline"].as_string() == "nightly");
  CHECK_FALSE(json["duplicate"].as_bool(true));
  const auto requests = world.control.manual_requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].actor == "local");
  CHECK(requests[0].idempotency_key == "abc");
  CHECK(requests[0].params ==
        Variables{{"level", "full"}, {"count", "3"}, {"ratio", "0.5"}, {"dry", "true"}});
  const Json again = json_of(world.post("/api/v1/pipelines/nightly/runs", body, key));
  CHECK(again["run_id"].as_string() == "100");
  CHECK(again["duplicate"].as_bool());
  CHECK(json_of(world.post("/api/v1/pipelines/tidy/runs"))["run_id"].as_string() == "101");
  CHECK(world.post("/api/v1/pipelines/nothing/runs", "{}").status == 404);
}

TEST_CASE("a pipeline is explained, also one for other hosts") {
  ServedWorld world;
  AgentSnapshot snapshot = *world.control.snapshot();
  SourceState source = snapshot.sources->front();
  source.elsewhere = {{"deploy", "deploy.yaml", 7, "hosts.names is for core-*"}};
  snapshot.sources = std::make_shared<const std::vector<SourceState>>(1, source);
  world.control.publish(snapshot);
  const Json here = json_of(world.get("/api/v1/pipelines/nightly/explain"));
  CHECK(here["runs_here"].as_bool());
  CHECK(here["host"]["name"].as_string() == "edge-01");
  CHECK(here["tasks"].items().size() == 4);
  CHECK(here["last_run"]["id"].as_string() == "2");
  const Json elsewhere = json_of(world.get("/api/v1/pipelines/deploy/explain"));
  CHECK_FALSE(elsewhere["runs_here"].as_bool(true));
  CHECK(elsewhere["origin"]["revision"].as_string() == "c1");
  const RawAnswer shown = world.get("/api/v1/pipelines/deploy");
  CHECK(shown.status == 404);
  CHECK(detail_of(shown) ==
        "there is no pipeline 'deploy': it is for other hosts: hosts.names is for core-*");
  CHECK(world.get("/api/v1/pipelines/nothing/explain").status == 404);
}

TEST_CASE("what the policy refuses is listed, unless a version of it is in force") {
  ServedWorld world;
  AgentSnapshot snapshot = *world.control.snapshot();
  SourceState fleet = snapshot.sources->front();
  fleet.elsewhere = {{"deploy", "deploy.yaml", 7, "hosts.names is for core-*"},
                     {"hungry", "hungry.yaml", 1, "1g is over policy.max.memory", true},
                     {"nightly", "nightly.yaml", 3, "network 'host'", true}};
  SourceState site = fleet;
  site.name = "site";
  site.elsewhere = {{"hungry", "again.yaml", 1, "another", true},
                    {"tidy", "tidy.yaml", 1, "of another source", true},
                    {"nightly", "nightly.yaml", 3, "of another source", true},
                    {"deploy", "deploy.yaml", 1, "image 'x'", true}};
  snapshot.sources =
      std::make_shared<const std::vector<SourceState>>(std::vector<SourceState>{site, fleet});
  world.control.publish(snapshot);

  const Json answer = json_of(world.get("/api/v1/pipelines"));
  std::string listed;
  for (const Json& pipeline : answer["pipelines"].items()) {
    listed += pipeline["name"].as_string() + " " + pipeline["state"].as_string() + " " +
              pipeline["file"].as_string() + " " + pipeline["refusal"]["why"].as_string() + "\n";
  }
  CHECK(listed ==
        "deploy refused deploy.yaml image 'x'\n"
        "hungry refused again.yaml another\n"
        "nightly in_force nightly.yaml network 'host'\n"
        "tidy in_force tidy.yaml \n");

  CHECK(json_of(world.get("/api/v1/pipelines/nightly"))["refusal"]["line"].as_integer() == 3);
  CHECK(json_of(world.get("/api/v1/pipelines/nightly/explain"))["refusal"]["why"].as_string() ==
        "network 'host'");
  const Json explained = json_of(world.get("/api/v1/pipelines/hungry/explain"));
  CHECK(explained["state"].as_string() == "refused");
  CHECK(explained["why_not"].as_string() == "another");
  const RawAnswer shown = world.get("/api/v1/pipelines/hungry");
  CHECK(shown.status == 404);
  const std::string why = "there is no pipeline 'hungry': this host's policy refuses it: another";
  CHECK(detail_of(shown) == why);
  for (const std::string verb : {"runs", "suspend", "resume"}) {
    world.control.fail(Error{ErrorKind::kNotFound, "no such pipeline", ""});
    const RawAnswer refused = world.post("/api/v1/pipelines/hungry/" + verb);
    CHECK(refused.status == 404);
    CHECK(detail_of(refused) == why);
    CHECK(detail_of(world.post("/api/v1/pipelines/nighly/" + verb)) ==
          "there is no pipeline 'nighly'; did you mean 'nightly'?");
  }
}

TEST_CASE("an explained task has what it used in the last runs, and what its caps could be") {
  ServedWorld world;
  for (std::uint32_t i = 1; i <= 2; ++i) {
    Attempt attempt = world.store.run(RunId{1})->attempts[i];  // of left
    attempt.usage = ResourceUsage{20 << 20, 0, 0};
    world.save(SaveAttempt{attempt});
  }
  Json left = json_of(world.get("/api/v1/pipelines/nightly/explain"))["tasks"].items()[1];
  CHECK(left["use"]["attempts"].as_integer() == 2);
  CHECK(left["use"]["peak_memory_bytes"].as_integer() == 20 << 20);
  CHECK(left["suggested"]["memory_bytes"].is_null());
  Attempt third = world.store.run(RunId{1})->attempts[2];
  third.key.attempt = 3;
  world.save(SaveAttempt{third});
  left = json_of(world.get("/api/v1/pipelines/nightly/explain"))["tasks"].items()[1];
  CHECK(left["suggested"]["memory_bytes"].as_integer() == 30 << 20);
}

TEST_CASE("an instance's log is found under its id, and what it handed on is shown") {
  ServedWorld world;
  Pipeline pipeline = make_tidy();
  pipeline.tasks[0].base = "sweep";
  pipeline.tasks[0].id = "sweep[eu,3.11]";
  pipeline.tasks[0].matrix = {{"region", "eu"}, {"version", "3.11"}};
  const auto definition = std::make_shared<const Pipeline>(pipeline);
  Run run;
  run.id = RunId{9};
  run.pipeline = pipeline.name;
  run.definition = content_hash(pipeline);
  run.hooks_cancelled = true;
  TaskState task;
  task.run = run.id;
  task.attempts = 1;
  task.outputs = {{"version", "1.2"}};
  Attempt attempt;
  attempt.key = {run.id, 0, 1};
  world.save(SaveDefinition{definition});
  world.save(SaveRun{run});
  world.save(SaveTask{task});
  world.save(SaveAttempt{attempt});
  world.append_log({run.id, 0, 1}, "swept\n");
  const Json json = json_of(world.get("/api/v1/runs/9"));
  CHECK(json["hooks_cancelled"].as_bool());
  const Json& shown = json["tasks"].items().at(0);
  CHECK(shown["base"].as_string() == "sweep");
  CHECK(shown["matrix"]["version"].as_string() == "3.11");
  CHECK(shown["outputs"]["version"].as_string() == "1.2");
  CHECK(world.get("/api/v1/runs/9/tasks/sweep%5Beu%2C3.11%5D/logs").body == "swept\n");
  CHECK(world.get("/api/v1/runs/9/tasks/sweep/logs").status == 404);
}

TEST_CASE("starting a run with a wrong body") {
  ServedWorld world;
  const std::string target = "/api/v1/pipelines/nightly/runs";
  const auto refusal = [&](const std::string& body) {
    const RawAnswer answer = world.post(target, body);
    CHECK(answer.status == 400);
    return detail_of(answer);
  };
  CHECK(contains(refusal("{"), "JSON"));
  CHECK(contains(refusal("[]"), "no JSON object"));
  CHECK(contains(refusal(R"({"parms":{}})"), "unknown member 'parms'; known are: params"));
  CHECK(contains(refusal(R"({"params":[]})"), "'params'"));
  CHECK(contains(refusal(R"({"params":{"a":null}})"), "param 'a'"));
  CHECK(contains(refusal(R"({"params":{"a":{}}})"), "param 'a'"));
  CHECK(contains(refusal(R"({"params":{"a":")" + std::string(5000, 'x') + "\"}}"), "4096"));
  CHECK(contains(refusal(R"({"params":)" + std::string(200, '[')), "body"));
  CHECK(world.post(target, "{}", "").status == 415);
  CHECK(world.post(target, "{}", "Content-Type: text/plain\r\n").status == 415);
  CHECK(world.post(target, "a=b", "Content-Type: application/x-www-form-urlencoded\r\n").status ==
        415);
  for (const char* key : {"", "a b", "\xc3\xa4"}) {
    const std::string header = std::string("Idempotency-Key: ") + key + "\r\n";
    CHECK(world.post(target, "{}", kJsonHeader + header).status == 400);
  }
  const std::string twice = "Idempotency-Key: a\r\nIdempotency-Key: a\r\n";
  CHECK(world.post(target, "{}", kJsonHeader + twice).status == 400);
  CHECK(world.control.manual_requests().empty());
}

TEST_CASE("the agent's refusals keep their kinds") {
  ServedWorld world;
  const auto status_for = [&](ErrorKind kind) {
    world.control.fail(Error{kind, "because", ""});
    return world.post("/api/v1/pipelines/nightly/runs", "{}").status;
  };
  CHECK(status_for(ErrorKind::kInvalid) == 400);
  CHECK(status_for(ErrorKind::kConflict) == 409);
  CHECK(status_for(ErrorKind::kTimeout) == 504);
  CHECK(status_for(ErrorKind::kExhausted) == 503);
  const RawAnswer answer = world.post("/api/v1/runs/2/cancel");
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") == "2");
  CHECK(detail_of(answer) == "because");
}

std::string run_ids(const Json& list) {
  std::string ids;
  for (const Json& run : list["runs"].items()) ids += run["id"].as_string() + " ";
  return ids;
}

TEST_CASE("runs: filters and pages") {
  ServedWorld world;
  const auto ids = [&](const std::string& query) {
    return run_ids(json_of(world.get("/api/v1/runs" + query)));
  };
  CHECK(ids("") == "3 2 1 ");
  CHECK(ids("?pipeline=nightly") == "2 1 ");
  CHECK(ids("?pipeline=nothing") == "");
  CHECK(ids("?status=success") == "1 ");
  CHECK(ids("?trigger=webhook") == "3 ");
  CHECK(ids("?since=2026-03-01T12:00:00Z") == "3 2 1 ");
  CHECK(ids("?since=2026-03-01T12:00:01Z") == "");
  CHECK(ids("?since=24h&limit=200") == "3 2 1 ");
  const Json first = json_of(world.get("/api/v1/runs?limit=2"));
  CHECK(run_ids(first) == "3 2 ");
  const std::string cursor = first["next_cursor"].as_string();
  const Json second = json_of(world.get("/api/v1/runs?limit=2&cursor=" + cursor));
  CHECK(run_ids(second) == "1 ");
  CHECK(second["next_cursor"].is_null());
}

TEST_CASE("wrong query values are named with what they take") {
  ServedWorld world;
  const auto refusal = [&](const std::string& target) {
    const RawAnswer answer = world.get(target);
    CHECK(answer.status == 400);
    return detail_of(answer);
  };
  CHECK(
      contains(refusal("/api/v1/runs?limit=0"), "'limit' is '0'; it takes a number from 1 to 200"));
  CHECK(contains(refusal("/api/v1/runs?limit=201"), "'limit'"));
  CHECK(contains(refusal("/api/v1/runs?limit=1e1"), "'limit'"));
  CHECK(contains(refusal("/api/v1/runs?limit="), "'limit'"));
  CHECK(contains(refusal("/api/v1/runs?status=done"),
                 "one of: pending running success failed cancelled skipped"));
  CHECK(contains(refusal("/api/v1/runs?trigger=x"), "one of: cron webhook manual retry pipeline"));
  CHECK(contains(refusal("/api/v1/runs?since=yesterday"), "'since'"));
  CHECK(contains(refusal("/api/v1/runs?cursor=-1"), "'cursor'"));
  CHECK(contains(refusal("/api/v1/runs?statuses=x"), "unknown query parameter 'statuses'"));
  CHECK(contains(refusal("/api/v1/runs?limit=1&limit=2"), "repeated"));
  CHECK(contains(refusal("/api/v1/runs?limit=%"), "percent-escape"));
  CHECK(contains(refusal("/api/v1/schedule?count=201"), "'count'"));
  CHECK(contains(refusal("/api/v1/status?x=1"), "there are none here"));
  CHECK(contains(refusal("/api/v1/runs/2/tasks/fetch/logs?follow=yes"), "one of: false true"));
  CHECK(contains(refusal("/api/v1/runs/2/tasks/fetch/logs?format=xml"), "one of: text json"));
  CHECK(contains(refusal("/api/v1/runs/2/tasks/fetch/logs?cursor=1-2"), "'cursor'"));
  CHECK(contains(refusal("/api/v1/runs/2/tasks/fetch/logs?attempt=0"), "'attempt'"));
  CHECK(contains(refusal("/api/v1/runs/1/tasks/left/logs?attempt=2&cursor=1-0-0"), "same attempt"));
}

TEST_CASE("one run") {
  ServedWorld world;
  const Json json = json_of(world.get("/api/v1/runs/1"));
  CHECK(json["id"].as_string() == "1");
  const auto& tasks = json["tasks"].items();
  REQUIRE(tasks.size() == 4);
  CHECK(tasks[3]["id"].as_string() == "join");
  CHECK(tasks[3]["level"].as_integer() == 2);
  CHECK(tasks[3]["depends_on"].items().size() == 2);
  CHECK(tasks[1]["attempts"].items().size() == 2);
  CHECK(world.get("/api/v1/runs/99").status == 404);
  CHECK(world.get("/api/v1/runs/abc").status == 404);
  CHECK(world.get("/api/v1/runs/0").status == 404);
  CHECK(world.get("/api/v1/runs/99999999999999999999").status == 404);
}

TEST_CASE("a damaged record is an error, a damaged definition only a gap") {
  ServedWorld world;
  world.store.damage_definition(content_hash(make_nightly()));
  const Json json = json_of(world.get("/api/v1/runs/1"));
  CHECK(json["tasks"].items()[3]["id"].as_string() == "3");
  CHECK(world.get("/api/v1/runs/1/tasks/0/logs").body == "fetched\ncareful\n");
  world.store.damage_run(RunId{1});
  CHECK(world.get("/api/v1/runs/1").status == 500);
}

TEST_CASE("cancelling") {
  ServedWorld world;
  const RawAnswer answer = world.post("/api/v1/runs/2/cancel");
  CHECK(answer.status == 202);
  CHECK(json_of(answer)["run_id"].as_string() == "2");
  const auto cancelled = world.control.cancellations();
  REQUIRE(cancelled.size() == 1);
  CHECK(cancelled[0] == std::pair{RunId{2}, std::string("local")});
  CHECK(world.post("/api/v1/runs/x/cancel").status == 404);
  CHECK(world.post("/api/v1/runs/2/cancel", R"({"force":true})").status == 400);
}

TEST_CASE("retrying a run") {
  ServedWorld world;
  const std::string key = std::string(kJsonHeader) + "Idempotency-Key: abc\r\n";
  const RawAnswer answer = world.post("/api/v1/runs/1/retry", R"({"failed":true})", key);
  CHECK(answer.status == 202);
  const Json json = json_of(answer);
  CHECK(json["run_id"].as_string() == "100");
  CHECK(json["pipeline"].as_string() == "build");
  CHECK_FALSE(json["duplicate"].as_bool(true));
  const Json again = json_of(world.post("/api/v1/runs/1/retry", R"({"failed":true})", key));
  CHECK(again["run_id"].as_string() == "100");
  CHECK(again["duplicate"].as_bool());
  CHECK(world.post("/api/v1/runs/2/retry").status == 202);
  CHECK(world.post("/api/v1/runs/3/retry", R"({"failed":false})").status == 202);
  const auto retries = world.control.retries();
  REQUIRE(retries.size() == 4);
  CHECK(retries[0].run == RunId{1});
  CHECK(retries[0].failed_only);
  CHECK(retries[0].actor == "local");
  CHECK(retries[0].idempotency_key == "abc");
  CHECK(retries[2].run == RunId{2});
  CHECK_FALSE(retries[2].failed_only);
  CHECK(retries[2].idempotency_key.empty());
  CHECK_FALSE(retries[3].failed_only);
}

TEST_CASE("what no retry is") {
  ServedWorld world;
  const auto refusal = [&](const std::string& body) {
    const RawAnswer answer = world.post("/api/v1/runs/1/retry", body);
    CHECK(answer.status == 400);
    return detail_of(answer);
  };
  CHECK(contains(refusal(R"({"failed":"yes"})"), "'failed' is neither true nor false"));
  CHECK(contains(refusal(R"({"failed":1})"), "'failed'"));
  CHECK(contains(refusal(R"({"only_failed":true})"), "known are: failed"));
  CHECK(contains(refusal("[]"), "no JSON object"));
  for (const char* key : {"", "a b"}) {
    const std::string header = std::string("Idempotency-Key: ") + key + "\r\n";
    CHECK(world.post("/api/v1/runs/1/retry", "{}", kJsonHeader + header).status == 400);
  }
  CHECK(world.post("/api/v1/runs/1/retry", "{}", "").status == 415);
  CHECK(world.post("/api/v1/runs/1/retry?failed=true").status == 400);
  CHECK(world.post("/api/v1/runs/abc/retry").status == 404);
  CHECK(world.post("/api/v1/runs/0/retry").status == 404);
  CHECK(world.get("/api/v1/runs/1/retry").status == 405);
  CHECK(world.get("/api/v1/runs/1/retry").header("allow") == "POST");
  CHECK(world.control.retries().empty());
  const auto status_for = [&](ErrorKind kind) {
    world.control.fail(Error{kind, "because", ""});
    return world.post("/api/v1/runs/1/retry").status;
  };
  CHECK(status_for(ErrorKind::kNotFound) == 404);
  CHECK(status_for(ErrorKind::kConflict) == 409);
  CHECK(status_for(ErrorKind::kExhausted) == 503);
}

TEST_CASE("suspending and resuming a pipeline") {
  ServedWorld world;
  const RawAnswer answer = world.post("/api/v1/pipelines/nightly/suspend");
  CHECK(answer.status == 200);
  CHECK(answer.body == R"({"pipeline":"nightly"})"
                       "\n");
  CHECK(world.post("/api/v1/pipelines/nightly/resume", "{}").status == 200);
  CHECK(world.control.suspensions() ==
        std::vector<std::pair<std::string, bool>>{{"nightly", true}, {"nightly", false}});
  for (const std::string verb : {"suspend", "resume"}) {
    const std::string target = "/api/v1/pipelines/nightly/" + verb;
    CHECK(world.post(target, R"({"until":"tomorrow"})").status == 400);
    CHECK(world.post(target, "{}", "").status == 415);
    CHECK(world.get(target).status == 405);
    CHECK(world.get(target).header("allow") == "POST");
  }
  CHECK(world.control.suspensions().size() == 2);
  world.control.fail(Error{ErrorKind::kNotFound, "there is no pipeline 'x'", ""});
  const RawAnswer missing = world.post("/api/v1/pipelines/x/suspend");
  CHECK(missing.status == 404);
  CHECK(detail_of(missing) == "there is no pipeline 'x'");
}

TEST_CASE("a suspended pipeline is shown as such and has no ticks to come") {
  ServedWorld world;
  AgentSnapshot snapshot = *world.control.snapshot();
  snapshot.suspended = std::make_shared<const std::map<std::string, Suspension>>(
      std::map<std::string, Suspension>{{"nightly", {at("11:00:00"), "uid 1000"}}});
  world.control.publish(snapshot);
  const Json list = json_of(world.get("/api/v1/pipelines"));
  const Json& nightly = list["pipelines"].items()[0];
  CHECK(nightly["suspended"]["since"].as_string() == "2026-03-01T11:00:00.000Z");
  CHECK(nightly["suspended"]["actor"].as_string() == "uid 1000");
  CHECK(nightly["next_tick"].is_null());
  CHECK(nightly["triggers"].items()[0]["next_tick"].is_null());
  CHECK(list["pipelines"].items()[1]["suspended"].is_null());
  const Json detail = json_of(world.get("/api/v1/pipelines/nightly"));
  CHECK(detail["suspended"]["actor"].as_string() == "uid 1000");
  CHECK(detail["next_tick"].is_null());
  CHECK(detail["next_ticks"].items().empty());
  CHECK(json_of(world.get("/api/v1/schedule"))["ticks"].items().empty());
  CHECK(json_of(world.get("/api/v1/schedule?pipeline=nightly"))["ticks"].items().empty());
  CHECK(world.get("/api/v1/schedule?pipeline=nothing").status == 404);
}

TEST_CASE("schedule") {
  ServedWorld world;
  const Json json = json_of(world.get("/api/v1/schedule?count=3"));
  REQUIRE(json["ticks"].items().size() == 3);
  CHECK(json["ticks"].items()[2]["at"].as_string() == "2026-03-04T01:00:00.000Z");
  CHECK(json["ticks"].items()[2]["pipeline"].as_string() == "nightly");
  CHECK(json_of(world.get("/api/v1/schedule"))["ticks"].items().size() == 20);
  CHECK(json_of(world.get("/api/v1/schedule?pipeline=tidy"))["ticks"].items().empty());
  CHECK(world.get("/api/v1/schedule?pipeline=nothing").status == 404);
}

TEST_CASE("sources and pulls") {
  ServedWorld world;
  const Json json = json_of(world.get("/api/v1/sources"));
  REQUIRE(json["sources"].items().size() == 1);
  const Json& problem = json["sources"].items()[0]["problems"].items().at(0);
  CHECK(problem["text"].as_string() ==
        "bad.yaml:3:7: error: unknown key 'tsaks'; did you mean 'tasks'?");
  CHECK(world.post("/api/v1/sources/fleet/sync").status == 202);
  CHECK(world.post("/api/v1/sources/fleet/sync?wait=true").status == 200);
  CHECK(world.post("/api/v1/sources/nothing/sync").status == 404);
  CHECK(world.post("/api/v1/sources/fleet/sync?wait=maybe").status == 400);
  CHECK(world.control.syncs() == 2);
  world.control.fail(Error{ErrorKind::kNotFound, "no such ref", "https://git.example"});
  const RawAnswer failed = world.post("/api/v1/sources/fleet/sync?wait=true");
  CHECK(failed.status == 503);
  CHECK(detail_of(failed) == "https://git.example: no such ref");
}

TEST_CASE("unknown paths are 404 and other methods 405") {
  ServedWorld world;
  for (const char* path :
       {"/nothing", "/api/v1", "/api/v1/", "/api/v1/status/", "/api/v1/users", "/api/v1/tokens",
        "/api/v1/openapi.json", "/metrics", "/hooks/backup", "/api/v1/runs/1/../2", "//healthz"}) {
    CAPTURE(path);
    const RawAnswer answer = world.get(path);
    CHECK(answer.status == 404);
    detail_of(answer);
  }
  const RawAnswer answer = ask(world.servers->http_port(), "DELETE /api/v1/runs/1");
  CHECK(answer.status == 405);
  CHECK(answer.header("allow") == "GET, HEAD");
  CHECK(world.get("/api/v1/runs/2/cancel").header("allow") == "POST");
  CHECK(ask(world.servers->http_port(), "OPTIONS /api/v1/runs").status == 405);
}

TEST_CASE("HEAD answers as GET, without the body") {
  ServedWorld world;
  for (const char* path : {"/", "/healthz", "/api/v1/runs", "/api/v1/runs/99", "/api/v1/events",
                           "/api/v1/runs/2/tasks/fetch/logs?follow=true"}) {
    CAPTURE(path);
    RawClient client(world.servers->http_port());
    client.send(raw_request(std::string("HEAD ") + path) + raw_request("GET /healthz"));
    const RawAnswer head = client.read_answer(true);
    CHECK(head.status == (contains(path, "99") ? 404 : 200));
    CHECK(client.read_answer().body == "ok\n");
  }
  RawClient client(world.servers->http_port());
  client.send(raw_request("HEAD /healthz"));
  CHECK(client.read_answer(true).header("content-length") == "3");
}

TEST_CASE("strangers' pages are kept out") {
  ServedWorld world;
  const int port = world.servers->http_port();
  const auto with_host = [&](const std::string& host) {
    RawClient client(port);
    client.send("GET /api/v1/status HTTP/1.1\r\nHost: " + host + "\r\n\r\n");
    return client.read_answer().status;
  };
  CHECK(with_host("localhost:1234") == 200);
  CHECK(with_host("[::1]:" + std::to_string(port)) == 200);
  CHECK(with_host("evil.example") == 403);
  CHECK(with_host("evil.example:" + std::to_string(port)) == 403);
  CHECK(world
            .post("/api/v1/runs/2/cancel", "",
                  std::string(kJsonHeader) + "Origin: http://evil.example\r\n")
            .status == 403);
  CHECK(world
            .post("/api/v1/runs/2/cancel", "",
                  std::string(kJsonHeader) + "Origin: http://127.0.0.1\r\n")
            .status == 202);
  CHECK(world
            .post("/api/v1/runs/2/retry", "",
                  std::string(kJsonHeader) + "Origin: http://evil.example\r\n")
            .status == 403);
  CHECK(world.control.cancellations().size() == 1);
  CHECK(world.control.retries().empty());
}

TEST_CASE("the page and its files") {
  ServedWorld world;
  const RawAnswer page = world.get("/?run=3");
  CHECK(page.status == 200);
  CHECK(page.header("content-type") == "text/html; charset=utf-8");
  CHECK(contains(page.header("content-security-policy"), "default-src 'self'"));
  CHECK(contains(page.header("content-security-policy"), "frame-ancestors 'none'"));
  CHECK(page.header("x-content-type-options") == "nosniff");
  CHECK(page.header("referrer-policy") == "no-referrer");
  CHECK(contains(page.body, "<title>pawl"));
  CHECK(contains(page.body, "</html>"));
  // All that the page names is there.
  for (const char* name : {"app.js", "style.css"}) {
    CAPTURE(name);
    CHECK(contains(page.body, std::string("/assets/") + name));
    const RawAnswer asset = world.get(std::string("/assets/") + name);
    CHECK(asset.status == 200);
    CHECK(contains(asset.header("content-type"), contains(name, ".js") ? "javascript" : "css"));
    const std::string tag = asset.header("etag");
    CHECK(tag.size() == 18);
    const RawAnswer same =
        world.get(std::string("/assets/") + name, "If-None-Match: \"x\", " + tag + "\r\n");
    CHECK(same.status == 304);
    CHECK(same.header("content-length") == "");
  }
  CHECK_FALSE(contains(page.body, "<script>"));
  for (const char* path :
       {"/assets/", "/assets/nothing.js", "/assets/index.html", "/assets/..%2f..%2fetc%2fpasswd",
        "/assets/../../etc/passwd", "/assets/%2e%2e/app.js", "/assets/app.js/", "/app.js"}) {
    CAPTURE(path);
    CHECK(world.get(path).status == 404);
  }
}

}  // namespace
}  // namespace pawl::test
