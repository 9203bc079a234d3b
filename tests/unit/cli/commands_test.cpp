// What the commands show of the API's objects, and what they ask for. The objects are made from the shapes of
// the API's reference; that a real agent answers with them is tested where the agent is.
#include <doctest/doctest.h>

#include "base/json.h"
#include "golden.h"
#include "harness.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

Json parse(const std::string& text) {
  Result<Json> json = Json::parse(text);
  REQUIRE(json);
  return std::move(json).value();
}

const char* const kFailedRun = R"({"id":"42","pipeline":"nightly-backup","status":"failed",
  "reason":"exit_code","message":"task 'ship' failed","trigger":{"kind":"cron",
  "identity":"2026-03-29T02:00:00.000Z","actor":"","scheduled_at":"2026-03-29T02:00:00.000Z"},
  "params":{"level":"full","note":"a\nb"},"revision":"0123456789abcdef0123456789abcdef01234567",
  "created_at":"2026-03-29T02:00:00.010Z","started_at":"2026-03-29T02:00:00.250Z",
  "ended_at":"2026-03-29T02:01:03.250Z","duration_ms":63000,"cancel_requested":false})";
const char* const kLiveRun = R"({"id":"1043","pipeline":"deploy-käse","status":"running",
  "reason":"","message":"","trigger":{"kind":"manual","identity":"k1","actor":"uid 1000",
  "scheduled_at":null},"params":{},"revision":"","created_at":"2026-03-29T11:59:30.000Z",
  "started_at":"2026-03-29T11:59:31.000Z","ended_at":null,"duration_ms":29000,
  "cancel_requested":true})";
const char* const kTasks = R"([
  {"id":"ship","index":0,"level":2,"depends_on":["dump","check"],"image":"alpine","command":[],
   "cpus":0.5,"memory_bytes":1,"pids":1,"timeout_ms":1,"status":"failed","reason":"exit_code",
   "message":"exited with 3","started_at":"2026-03-29T02:00:40.000Z",
   "ended_at":"2026-03-29T02:01:03.250Z","retry_at":null,"attempts":[
   {"number":1,"status":"failed","exit_code":137,"signal":"SIGKILL","oom_killed":true,
    "usage":{"peak_memory_bytes":268435456,"cpu_ms":1200,"throttled_ms":300}},
   {"number":2,"status":"failed","exit_code":3,"signal":null,"oom_killed":false,
    "usage":{"peak_memory_bytes":32505856,"cpu_ms":83000,"throttled_ms":0}}]},
  {"id":"dump","index":1,"level":0,"depends_on":[],"status":"success","reason":"","message":"",
   "started_at":"2026-03-29T02:00:00.250Z","ended_at":"2026-03-29T02:00:39.250Z","retry_at":null,
   "attempts":[{"number":1,"status":"success","exit_code":0,"signal":null,"oom_killed":false,
   "usage":null}]},
  {"id":"check","index":2,"level":1,"depends_on":["dump"],"status":"pending","reason":"lost",
   "message":"","started_at":"2026-03-29T02:00:00.250Z","ended_at":null,
   "retry_at":"2026-03-29T12:00:10.000Z","attempts":[{"number":1}]},
  {"id":"report","index":3,"level":3,"depends_on":["ship"],"status":"skipped","reason":"upstream",
   "message":"","started_at":null,"ended_at":null,"retry_at":null,"attempts":[]}])";

// Answers each target of the map with its object, and 404 otherwise.
class Api {
 public:
  explicit Api(std::map<std::string, Json> answers)
      : answers_(std::move(answers)), agent_(socket(), [this](const CannedRequest& request) {
          if (request.target == "/healthz") return CannedAnswer{200, "ok\n", "text/plain"};
          const auto found = answers_.find(request.method + " " + request.target);
          if (found == answers_.end()) return CannedAnswer{404, R"({"detail":"no such thing"})"};
          return CannedAnswer{found->first.starts_with("POST") ? 202 : 200, found->second.dump()};
        }) {}
  [[nodiscard]] std::string socket() const { return directory_.path() + "/pawl.sock"; }
  [[nodiscard]] Outcome invoke(const std::vector<std::string>& arguments) const {
    return cli::invoke(arguments, {.server = socket()});
  }
  [[nodiscard]] Outcome on_terminal(const std::vector<std::string>& arguments) const {
    return cli::invoke(arguments, {.server = socket(), .terminal = true, .color = true});
  }
  [[nodiscard]] const CannedAgent& agent() const { return agent_; }

 private:
  TemporaryDirectory directory_;
  std::map<std::string, Json> answers_;
  CannedAgent agent_;
};

void check_done(const Outcome& outcome) {
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err.empty());
}

}  // namespace

TEST_CASE("runs: a table, or the API's object") {
  Json answer = Json::object();
  answer.set("runs", Json::array().push(parse(kLiveRun)).push(parse(kFailedRun)));
  answer.set("next_cursor", nullptr);
  const Api api({{"GET /api/v1/runs?limit=20", answer}});
  const Outcome table = api.invoke({"runs"});
  check_done(table);
  check_golden("runs.txt", table.out);
  check_golden("runs-color.txt", api.on_terminal({"runs"}).out);
  const Outcome json = api.invoke({"runs", "-o", "json"});
  check_done(json);
  CHECK(parse(json.out) == answer);
  CHECK(json.out.starts_with("{\n  \"runs\": [\n"));
}

TEST_CASE("runs: filters go to the agent, pages are put together up to the limit") {
  const auto page = [](int first, int count, const Json& cursor) {
    Json runs = Json::array();
    for (int i = 0; i < count; ++i) {
      runs.push(Json::object().set("id", std::to_string(first - i)).set("status", "success"));
    }
    return Json::object().set("runs", std::move(runs)).set("next_cursor", cursor);
  };
  const Api api({
      {"GET /api/v1/runs?limit=200&pipeline=a%26b&status=failed&trigger=cron&since=24h",
       page(500, 200, "301")},
      {"GET /api/v1/runs?limit=50&pipeline=a%26b&status=failed&trigger=cron&since=24h&cursor=301",
       page(300, 50, "251")},
  });
  const Outcome outcome =
      api.invoke({"runs", "--pipeline", "a&b", "--status", "failed", "--trigger", "cron", "--since",
                  "24h", "--limit", "250", "-o", "json"});
  check_done(outcome);
  const Json json = parse(outcome.out);
  REQUIRE(json["runs"].items().size() == 250);
  CHECK(json["runs"].items().back()["id"].as_string() == "251");
  CHECK(json["next_cursor"].as_string() == "251");
}

TEST_CASE("show: the run's facts and its tasks in the DAG's order") {
  Json run = parse(kFailedRun);
  run.set("tasks", parse(kTasks));
  const Api api({{"GET /api/v1/runs/42", run}, {"GET /api/v1/runs/1043", parse(kLiveRun)}});
  const Outcome table = api.invoke({"show", "42"});
  check_done(table);
  check_golden("show.txt", table.out);
  check_golden("show-live.txt", api.invoke({"show", "1043"}).out);
  CHECK(parse(api.invoke({"show", "42", "-o", "json"}).out) == run);
  CHECK(api.invoke({"show", "43"}).exit_code == 3);
}

TEST_CASE("pipelines") {
  Json last = parse(kFailedRun);
  const Json answer = Json::object().set(
      "pipelines",
      Json::array()
          .push(parse(R"({"name":"nightly-backup","title":"","description":"","source":"fleet",
              "file":"backup.yaml","line":1,"revision":"0123","triggers":[
              {"type":"cron","expression":"0 2 * * *","timezone":"Europe/Berlin",
               "next_tick":"2026-03-30T00:00:00.000Z"},{"type":"webhook","path":"backup"}],
              "next_tick":"2026-03-30T00:00:00.000Z","tasks":4})")
                    .set("last_run", last))
          .push(parse(R"({"name":"manual","title":"","description":"","source":"fleet",
              "file":"m.yaml","line":1,"revision":"0123","triggers":[],"next_tick":null,
              "tasks":1,"last_run":null,"state":"in_force","refusal":{"why":"network 'host'",
              "file":"m.yaml","line":1}})"))
          .push(parse(R"({"name":"refused","title":"","description":"","source":"fleet",
              "file":"r.yaml","line":1,"revision":"0123","triggers":[],"next_tick":null,
              "tasks":null,"last_run":null,"state":"refused","refusal":{"why":"memory\n8g",
              "file":"r.yaml","line":1}})")));
  const Api api({{"GET /api/v1/pipelines", answer}});
  const Outcome table = api.invoke({"pipelines"});
  check_done(table);
  check_golden("pipelines.txt", table.out);
  CHECK(parse(api.invoke({"pipelines", "-o", "json"}).out) == answer);
}

TEST_CASE("pipelines: a suspended one has no next tick, and one may follow another") {
  const Api api({{"GET /api/v1/pipelines", parse(R"({"pipelines":[{"name":"report","tasks":1,
      "source":"fleet","file":"r.yaml","next_tick":null,"last_run":null,
      "suspended":{"since":"2026-03-29T11:00:00.000Z","actor":"uid 0"},
      "triggers":[{"type":"cron","expression":"@daily","timezone":"UTC","next_tick":null},
                  {"type":"pipeline","name":"nightly-backup","on":"success"}]}]})")}});
  CHECK(api.invoke({"pipelines"}).out ==
        "PIPELINE  TASKS  TRIGGERS                                        NEXT       LAST RUN  "
        "SOURCE\n"
        "report        1  cron @daily, pipeline nightly-backup (success)  suspended  -         "
        "fleet:r.yaml\n");
}

TEST_CASE("pipeline show: all that is set, and the tasks") {
  const Json answer = parse(R"({"name":"report","title":"Report!","description":"Sums up",
      "triggers":[{"type":"cron","expression":"0 2 * * *","seconds":false,"timezone":"Europe/Berlin",
                   "catchup":"all","deadline_ms":5400000},
                  {"type":"cron","expression":"@daily","timezone":"UTC","catchup":"latest",
                   "deadline_ms":null},
                  {"type":"webhook","path":"report","secrets":["report"]},
                  {"type":"pipeline","name":"nightly-backup","on":"completion"}],
      "params":[{"name":"level","type":"string","enum":["full","delta"],"default":"delta"},
                {"name":"count","type":"integer","enum":[],"default":null}],
      "tasks":[{"id":"sum","image":"alpine:3.20","command":[],"depends_on":[],"cpus_milli":500,
                "memory_bytes":268435456,"pids":128,"timeout_ms":1800000,"retries":{"limit":3}},
               {"id":"send","image":"alpine:3.20","command":[],"depends_on":["sum","x"],
                "cpus_milli":1000,"memory_bytes":1000000,"pids":128,"timeout_ms":90000,
                "retries":{"limit":0}}],
      "concurrency":{"group":"db","limit":2,"on_conflict":"replace"},"priority":9,
      "timeout_ms":7200000,"suspended":{"since":"2026-03-29T11:00:00.000Z","actor":"uid 0"},
      "origin":{"source":"fleet","file":"r.yaml","line":3,"revision":"0123456789abcdef"},
      "next_tick":null,"next_ticks":[],"last_run":null})");
  Json plain = answer;
  plain.set("title", "").set("triggers", Json::array()).set("params", Json::array());
  plain.set("refusal", parse(R"({"why":"network 'host'","file":"r.yaml","line":3})"));
  plain.set("concurrency", nullptr).set("timeout_ms", nullptr).set("suspended", nullptr);
  plain.set("next_tick", "2026-03-29T12:05:00.000Z").set("last_run", parse(kFailedRun));
  const Api api({{"GET /api/v1/pipelines/report", answer}, {"GET /api/v1/pipelines/a%2Fb", plain}});
  const Outcome shown = api.invoke({"pipeline", "show", "report"});
  check_done(shown);
  check_golden("pipeline-show.txt", shown.out);
  check_golden("pipeline-show-plain.txt", api.invoke({"pipeline", "show", "a/b"}).out);
  CHECK(parse(api.invoke({"pipeline", "show", "report", "-o", "json"}).out) == answer);
  check_golden("pipeline-show.yaml", api.invoke({"pipeline", "show", "report", "-o", "yaml"}).out);
  CHECK(api.invoke({"pipeline", "show", "none"}).exit_code == 3);
}

TEST_CASE(
    "pipeline explain: order, bounds, hooks, secrets, what is refused, and ticks around the "
    "clocks' change") {
  const Json answer = parse(R"({"name":"report","title":"","description":"Sums up",
      "hosts":{"names":["edge-*"],"labels":{"site":"berlin"}},"host":{"name":"edge-01","labels":{}},
      "runs_here":true,"why_not":null,
      "refused":[{"why":"image 'x' is not among policy.images","tasks":["send","page"]}],
      "secrets":[{"name":"db","exists":true,"error":""},
                 {"name":"mail","exists":false,"error":"no such secret"}],
      "triggers":[{"type":"cron","expression":"30 2 * * *","timezone":"Europe/Berlin",
                   "catchup":"latest","deadline_ms":null,"splay_ms":300000,"offset_ms":72000,
                   "params":{"level":"full"},"tasks":["sum[eu]"],
                   "ticks":[{"at":"2026-03-30T00:31:12.000Z","local":"2026-03-30T02:31:12+02:00"}],
                   "clock_change":{"at":"2026-10-25T01:00:00.000Z","from":"+02:00","to":"+01:00",
                     "last_before":{"at":"2026-10-25T00:31:12.000Z",
                                    "local":"2026-10-25T02:31:12+02:00"},
                     "first_after":{"at":"2026-10-26T01:31:12.000Z",
                                    "local":"2026-10-26T02:31:12+01:00"}}},
                  {"type":"webhook","path":"report","provider":"github","secrets":["hook"],
                   "events":["push"],"when":"${{ payload.ref == 'a' }}","params":{},"tasks":[]}],
      "params":[{"name":"level","type":"string","enum":["full"],"default":null}],
      "tasks":[{"id":"page","level":0,"hook":"on_failure","depends_on":[],"trigger_rule":"all_success",
                "when":"","outputs":[],"allow_failure":false,"image":"x","cpus_milli":1000,
                "memory_bytes":268435456,"pids":128,"timeout_ms":60000,"kill_grace_ms":10000,
                "network":"bridge","retries":{"limit":0},"secrets":[]},
               {"id":"send","level":1,"hook":null,"depends_on":["sum[eu]"],"trigger_rule":"all_done",
                "when":"${{ params.level == 'full' }}","outputs":[],"allow_failure":true,"image":"x",
                "cpus_milli":500,"memory_bytes":268435456,"pids":128,"timeout_ms":90000,
                "kill_grace_ms":30000,"network":"none",
                "use":{"attempts":3,"ooms":1,"peak_memory_bytes":268435456,"median_cpus_milli":450,
                       "highest_cpus_milli":500,"throttled_percent":35},
                "suggested":{"memory_bytes":402653184,"cpus_milli":800},
                "retries":{"limit":3,"delay_ms":10000,"on":["failed","lost"]},
                "secrets":[{"name":"db","file":"/run/secrets/db"},{"name":"mail","env":"MAIL"}]},
               {"id":"sum[eu]","level":0,"hook":null,"depends_on":[],"trigger_rule":"all_success",
                "when":"","outputs":["total"],"allow_failure":false,"image":"alpine:3.20",
                "use":{"attempts":20,"ooms":0,"peak_memory_bytes":63963136,"median_cpus_milli":null,
                       "highest_cpus_milli":null,"throttled_percent":null},
                "suggested":{"memory_bytes":100663296,"cpus_milli":null},
                "cpus_milli":1000,"memory_bytes":268435456,"pids":128,"timeout_ms":1800000,
                "kill_grace_ms":10000,"network":"none","retries":{"limit":0},"secrets":[]}],
      "concurrency":null,"priority":5,"timeout_ms":7200000,"suspended":null,
      "state":"in_force","refusal":{"why":"network 'host'","file":"r.yaml","line":3},
      "origin":{"source":"fleet","file":"r.yaml","line":3,"revision":"0123456789abcdef"},
      "last_run":null})");
  const Json elsewhere = parse(R"({"name":"deploy","host":{"name":"edge-01","labels":{}},
      "runs_here":false,"why_not":"hosts.names is for core-*; this host is edge-01",
      "origin":{"source":"fleet","file":"d.yaml","line":7,"revision":"0123456789abcdef"}})");
  const Api api({{"GET /api/v1/pipelines/report/explain", answer},
                 {"GET /api/v1/pipelines/deploy/explain", elsewhere}});
  const Outcome explained = api.invoke({"pipeline", "explain", "report"});
  check_done(explained);
  check_golden("pipeline-explain.txt", explained.out);
  const Outcome other = api.invoke({"pipeline", "explain", "deploy"});
  check_done(other);
  CHECK(other.out ==
        "pipeline   deploy\nsource     fleet:d.yaml:7\nrevision   0123456789ab\n"
        "runs here  no, on other hosts: hosts.names is for core-*; this host is edge-01\n");
  CHECK(parse(api.invoke({"pipeline", "explain", "report", "-o", "json"}).out) == answer);
  CHECK(api.invoke({"pipeline", "explain", "none"}).exit_code == 3);
}

TEST_CASE("show: hooks come last, and what tasks handed on is listed") {
  Json run = parse(kFailedRun);
  run.set("tasks", parse(R"([
      {"id":"page","level":0,"hook":"on_failure","depends_on":[],"status":"success","reason":"",
       "message":"","attempts":[],"outputs":{}},
      {"id":"build[eu,3.11]","level":1,"hook":null,"depends_on":["fetch"],"status":"failed",
       "reason":"exit_code","message":"","attempts":[{"number":1}],
       "outputs":{"version":"1.2","note":"a\nb"}},
      {"id":"fetch","level":0,"hook":null,"depends_on":[],"status":"success","reason":"",
       "message":"","attempts":[{"number":1}],"outputs":{}}])"));
  const Api api({{"GET /api/v1/runs/42", run}});
  const Outcome shown = api.invoke({"show", "42"});
  check_done(shown);
  check_golden("show-language.txt", shown.out);
}

TEST_CASE("logs: an instance's id is encoded on its way") {
  const Json run = parse(R"({"id":"42","tasks":[{"id":"build[eu,3.11]","level":0,
      "status":"success","attempts":[{"number":1}]}]})");
  const Api api({{"GET /api/v1/runs/42", run},
                 {"GET /api/v1/runs/42/tasks/build%5Beu%2C3.11%5D/logs", Json("built")}});
  const Outcome logs = api.invoke({"logs", "42", "build[eu,3.11]"});
  check_done(logs);
  CHECK(logs.out == "\"built\"");
}

TEST_CASE("pipeline suspend and resume") {
  const Api api({{"POST /api/v1/pipelines/a%20b/suspend", Json::object()},
                 {"POST /api/v1/pipelines/a%20b/resume", Json::object()}});
  const Outcome suspended = api.invoke({"pipeline", "suspend", "a b"});
  CHECK(suspended.exit_code == 0);
  CHECK(suspended.out.empty());
  CHECK(suspended.err == "pawl: pipeline 'a b' is suspended until `pawl pipeline resume a b`\n");
  const Outcome resumed = api.invoke({"pipeline", "resume", "a b"});
  CHECK(resumed.exit_code == 0);
  CHECK(resumed.err == "pawl: pipeline 'a b' goes on\n");
  CHECK(api.invoke({"pipeline", "suspend", "none"}).exit_code == 3);
}

TEST_CASE("retry: what is asked for reaches the agent, always with a key") {
  const Api api({{"POST /api/v1/runs/42/retry", parse(R"({"run_id":"51","pipeline":"p"})")}});
  const Outcome whole = api.invoke({"retry", "42"});
  check_done(whole);
  CHECK(whole.out == "51\n");
  CHECK(api.invoke({"retry", "42", "--failed", "--idempotency-key", "k"}).out == "51\n");
  CHECK(api.invoke({"retry", "43"}).exit_code == 3);
  const std::vector<CannedRequest> requests = api.agent().requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].body == R"({"failed":false})");
  CHECK(requests[0].headers.at("idempotency-key").size() == 32);
  CHECK(requests[1].body == R"({"failed":true})");
  CHECK(requests[1].headers.at("idempotency-key") == "k");
}

TEST_CASE("show: where a run comes from, why it ends, and what its logs lack") {
  const auto shown = [](const char* name, Json value) {
    Json run = parse(kLiveRun);
    run.set(name, std::move(value));
    const Api api({{"GET /api/v1/runs/1", run}});
    return api.invoke({"show", "1"}).out;
  };
  const auto contains = [](const std::string& text, const std::string& part) {
    INFO(text);
    CHECK(text.find(part) != std::string::npos);
  };
  contains(shown("stop", "cancel"), "reason    being cancelled\n");
  contains(shown("stop", "timeout"), "reason    being ended after its timeout\n");
  contains(shown("stop", "replace"), "reason    being replaced by a newer run\n");
  contains(shown("trigger", parse(R"({"kind":"retry","identity":"retry:k","actor":"uid 0",
                                      "parent_run_id":"41"})")),
           "trigger   retry of run 41 by uid 0 (retry:k)\n");
  contains(shown("trigger", parse(R"({"kind":"pipeline","identity":"41","actor":"",
                                      "parent_run_id":"41"})")),
           "trigger   pipeline after run 41\n");
  contains(shown("tasks", parse(R"([{"id":"a","status":"failed","reason":"lost","message":"",
      "attempts":[{"number":1,"log_incomplete":true},{"number":2,"log_incomplete":false}]}])")),
           "lost; log incomplete\n");
}

TEST_CASE("logs: output that is known to lack something is no whole output") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [](const CannedRequest& request) {
    if (request.target.find("/logs") != std::string::npos) {
      return CannedAnswer{200, "line\n", "text/plain"};
    }
    if (request.target == "/healthz") return CannedAnswer{200, "ok\n", "text/plain"};
    return CannedAnswer{200,
                        R"({"id":"1","tasks":[{"id":"a","level":0,"status":"success","attempts":[
        {"number":1,"log_incomplete":true},{"number":2,"log_incomplete":false}]},
        {"id":"b","level":1,"status":"failed","attempts":[{"number":1,"log_incomplete":true}]}]})"};
  });
  const auto logs = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"logs", "1"});
    return invoke(arguments, {.server = socket});
  };
  const std::string note = "pawl: some of this output is known to be missing\n";
  CHECK(logs({"a"}).err.empty());
  CHECK(logs({"a", "--attempt", "1"}).err == note);
  CHECK(logs({"a", "--attempt", "2"}).err.empty());
  const Outcome last = logs({"b"});
  CHECK(last.out == "line\n");
  CHECK(last.err == note);
  CHECK(last.exit_code == 0);
  CHECK(logs({}).out == "==> a: success <==\nline\n\n==> b: failed, log incomplete <==\nline\n");
}

TEST_CASE("sources: state, errors and every problem with its place") {
  const Json answer = parse(R"({"sources":[
      {"name":"fleet","url":"https://git.example.net/fleet.git","revision":"0123456789abcdef",
       "pulled_at":"2026-03-29T11:59:00.000Z","attempted_at":"2026-03-29T11:59:00.000Z","error":"",
       "problems":[{"file":"a.yaml","line":3,"column":7,"message":"unknown key 'imge'; did you mean 'image'?",
                    "text":"a.yaml:3:7: error: unknown key 'imge'; did you mean 'image'?"},
                   {"file":"b.yaml","line":0,"column":0,"message":"larger than 262144 bytes","text":""}],
       "pipelines":12},
      {"name":"site","url":"/srv/site.git","revision":"","pulled_at":null,
       "attempted_at":"2026-03-29T11:59:50.000Z","error":"cannot connect\u001b[2J","problems":[],"pipelines":0},
      {"name":"ok","url":"/srv/ok.git","revision":"fedcba","pulled_at":"2026-03-29T11:59:50.000Z",
       "attempted_at":"2026-03-29T11:59:50.000Z","error":"","problems":[],"pipelines":3},
      {"name":"new","url":"/srv/new.git","revision":"","pulled_at":null,"attempted_at":null,"error":"",
       "problems":[],"pipelines":0}]})");
  const Api api({{"GET /api/v1/sources", answer}});
  const Outcome table = api.invoke({"sources"});
  check_done(table);
  check_golden("sources.txt", table.out);
  CHECK(parse(api.invoke({"sources", "-o", "json"}).out) == answer);
}

TEST_CASE("sync: asks, or waits and judges") {
  const Json good = parse(R"({"name":"fleet","url":"/srv/fleet.git","revision":"0123","error":"",
      "pulled_at":"2026-03-29T11:59:59.000Z","attempted_at":"2026-03-29T11:59:59.000Z",
      "problems":[],"pipelines":1})");
  Json bad = good;
  bad.set("problems", Json::array().push(Json::object()
                                             .set("file", "a.yaml")
                                             .set("line", 1)
                                             .set("column", 2)
                                             .set("message", "wrong")));
  Json names = Json::object();
  names.set("sources", Json::array().push(good).push(Json(bad).set("name", "site")));
  const Api api({{"GET /api/v1/sources", names},
                 {"POST /api/v1/sources/fleet/sync?wait=false", good},
                 {"POST /api/v1/sources/fleet/sync?wait=true", good},
                 {"POST /api/v1/sources/site/sync?wait=true", Json(bad).set("name", "site")}});
  Outcome outcome = api.invoke({"sync", "fleet"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "pawl: asked for a pull of 'fleet'\n");
  outcome = api.invoke({"sync", "fleet", "--wait"});
  check_done(outcome);
  CHECK(outcome.out.find("fleet   ok") != std::string::npos);
  outcome = api.invoke({"sync", "--wait"});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.find("\nsite: a.yaml:1:2: error: wrong\n") != std::string::npos);
  CHECK(api.invoke({"sync", "none"}).exit_code == 3);
  for (const CannedRequest& request : api.agent().requests()) {
    if (request.method == "POST") {
      CHECK(request.headers.at("content-type").starts_with("application/json"));
    }
  }
}

TEST_CASE("sync --wait: a pull that failed is exit code 1, not an unreachable agent") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [](const CannedRequest& request) {
    if (request.method == "POST") return CannedAnswer{503, R"({"detail":"cannot connect"})"};
    return CannedAnswer{200, R"({"sources":[{"name":"fleet","error":"cannot connect"}]})"};
  });
  const Outcome outcome = invoke({"sync", "fleet", "--wait"}, {.server = socket});
  CHECK(outcome.exit_code == 1);
  CHECK(outcome.out.find("\nfleet: error: cannot connect\n") != std::string::npos);
}

TEST_CASE("status") {
  const Json well = parse(R"({"version":"0.1.0","host":"edge-01",
      "started_at":"2026-03-29T09:00:00.000Z","ready":true,"workers":4,"slots_used":2,
      "ready_tasks":1,"unfinished_runs":3,"pipelines":12,"engine":{"reachable":true,
      "version":"20.10.24","api_version":"1.41","error":"","name":"docker"},"warnings":[],
      "disk":{"counted_at":"2026-03-29T11:59:00.000Z","store_bytes":12582912,
      "image_bytes":356515840,"workspace_bytes":1610612736,"max_bytes":2147483648}})");
  Json ill = well;
  ill.set("ready", false);
  ill.set("engine", parse(R"({"reachable":false,"version":"","api_version":"",
                             "error":"/var/run/docker.sock: no such file"})"));
  ill.set("disk", nullptr);
  ill.set("warnings", Json::array().push("the store is nearly full").push("second"));
  const Outcome first = Api({{"GET /api/v1/status", well}}).invoke({"status"});
  check_done(first);
  check_golden("status.txt", first.out);
  const Outcome second = Api({{"GET /api/v1/status", ill}}).invoke({"status"});
  check_done(second);
  check_golden("status-degraded.txt", second.out);
  const std::pair<std::string, std::string> engines[] = {
      {R"({"reachable":true,"version":"4.3.1","api_version":"1.41","name":"podman"})",
       "Podman 4.3.1, API 1.41"},
      {R"({"reachable":true,"version":"","api_version":"","name":"process"})",
       "processes of this host, no containers"},
      {R"({"reachable":true,"version":"","api_version":"","name":""})", "reachable"}};
  for (const auto& [engine, text] : engines) {
    Json status = well;
    status.set("engine", parse(engine));
    const std::string out = Api({{"GET /api/v1/status", status}}).invoke({"status"}).out;
    INFO(out);
    CHECK(out.find("engine     " + text + "\n") != std::string::npos);
  }
}

TEST_CASE("next") {
  const Json answer = parse(R"({"ticks":[
      {"pipeline":"nightly","at":"2026-03-29T12:05:00.000Z","expression":"5 * * * *","timezone":"UTC"},
      {"pipeline":"x","at":"2026-03-30T00:00:00.000Z","expression":"@daily","timezone":"Europe/Berlin"}]})");
  const Api api({{"GET /api/v1/schedule?count=10", answer},
                 {"GET /api/v1/schedule?count=3&pipeline=x", Json::object()}});
  const Outcome table = api.invoke({"next"});
  check_done(table);
  check_golden("next.txt", table.out);
  CHECK(parse(api.invoke({"next", "-o", "json"}).out) == answer);
  CHECK(api.invoke({"next", "--count", "3", "--pipeline", "x"}).out ==
        "AT  PIPELINE  CRON  TIMEZONE\n");
}

TEST_CASE("cancel") {
  const Api api({{"POST /api/v1/runs/42/cancel", Json::object().set("run_id", "42")}});
  const Outcome outcome = api.invoke({"cancel", "42"});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out.empty());
  CHECK(outcome.err == "pawl: run 42 is being cancelled; `pawl show 42` shows when it has ended\n");
}

TEST_CASE("version needs nobody") {
  CHECK(invoke({"version"}).out.starts_with("pawl 0."));
  CHECK(invoke({"--version"}).out == invoke({"version"}).out);
  const Json json = parse(invoke({"version", "-o", "json"}).out);
  CHECK("pawl " + json["version"].as_string() + "\n" == invoke({"version"}).out);
}
