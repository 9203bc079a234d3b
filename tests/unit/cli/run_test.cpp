// `run`, `run --wait|--follow` and `logs` against an agent whose every answer the test decides.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <memory>

#include "base/json.h"
#include "golden.h"
#include "harness.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

CannedAnswer ok(const Json& json) { return {200, json.dump()}; }

Json run_json(const std::string& status, Json tasks = Json::array()) {
  const bool ended = status != "running" && status != "pending";
  return Json::object()
      .set("id", "42")
      .set("pipeline", "p")
      .set("status", status)
      .set("reason", status == "failed" ? "oom" : "")
      .set("message", "")
      .set("started_at", "2026-03-29T11:59:00.000Z")
      .set("ended_at", ended ? Json("2026-03-29T11:59:05.000Z") : Json())
      .set("tasks", std::move(tasks));
}

// An agent with one run, 42, whose state is `look(n)` at the n-th look from 1.
class OneRun {
 public:
  using Look = std::function<Json(int)>;
  using Other = std::function<CannedAnswer(const CannedRequest&)>;
  explicit OneRun(Look look, Other other = {}) : look_(std::move(look)), other_(std::move(other)) {
    start();
  }
  void start() {
    agent_ = std::make_unique<CannedAgent>(
        socket(), [this](const CannedRequest& request) { return answer(request); });
  }
  [[nodiscard]] std::string socket() const { return directory_.path() + "/pawl.sock"; }
  [[nodiscard]] Outcome invoke(const std::vector<std::string>& arguments,
                               bool terminal = false) const {
    return cli::invoke(arguments, {.server = socket(), .terminal = terminal});
  }
  [[nodiscard]] int looks() const { return looks_; }
  [[nodiscard]] std::vector<CannedRequest> requests() const { return agent_->requests(); }

 private:
  CannedAnswer answer(const CannedRequest& request) {
    if (request.target == "/healthz") return {200, "ok\n", "text/plain"};
    if (request.method == "POST") {
      return {202, R"({"run_id":"42","pipeline":"p","duplicate":false})"};
    }
    if (request.target == "/api/v1/runs/42") return ok(look_(++looks_));
    if (other_) return other_(request);
    return {404, R"({"detail":"nothing there"})"};
  }

  TemporaryDirectory directory_;
  Look look_;
  Other other_;
  std::atomic<int> looks_ = 0;
  std::unique_ptr<CannedAgent> agent_;
};

Json record(const std::string& stream, int second, const std::string& text) {
  return Json::object()
      .set("stream", stream)
      .set("time", "2026-03-29T11:59:0" + std::to_string(second) + ".000Z")
      .set("text", text);
}

Json task_json(const std::string& id, const std::string& status,
               const std::vector<std::string>& attempts) {
  Json list = Json::array();
  int number = 0;
  for (const std::string& attempt : attempts) {
    list.push(Json::object().set("number", ++number).set("status", attempt));
  }
  return Json::object().set("id", id).set("status", status).set("attempts", std::move(list));
}

}  // namespace

TEST_CASE("run sends the params and a key, and prints the number") {
  const OneRun agent([](int) { return run_json("running"); });
  const Outcome outcome = agent.invoke({"run", "a b", "-p", "level=full", "-p", "n=\"1\""});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "42\n");
  CHECK(outcome.err.empty());
  const Outcome keyed = agent.invoke({"run", "p", "--idempotency-key", "mine"});
  CHECK(keyed.exit_code == 0);
  CHECK(agent.invoke({"run", "p"}).exit_code == 0);
  const std::vector<CannedRequest> requests = agent.requests();
  REQUIRE(requests.size() == 3);
  CHECK(requests[0].target == "/api/v1/pipelines/a%20b/runs");
  CHECK(requests[0].body == R"({"params":{"level":"full","n":"\"1\""}})");
  CHECK(requests[0].headers.at("content-type").starts_with("application/json"));
  CHECK(requests[0].headers.at("idempotency-key").size() == 32);
  CHECK(requests[1].headers.at("idempotency-key") == "mine");
  CHECK(requests[1].body == R"({"params":{}})");
  CHECK(requests[2].headers.at("idempotency-key") != requests[0].headers.at("idempotency-key"));
  CHECK(agent.looks() == 0);
}

TEST_CASE("run says that a key was used before") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [](const CannedRequest&) {
    return CannedAnswer{202, R"({"run_id":"7","pipeline":"p","duplicate":true})"};
  });
  const Outcome outcome = invoke({"run", "p", "--idempotency-key", "mine"}, {.server = socket});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.out == "7\n");
  CHECK(outcome.err == "pawl: this key was used before; run 7 is its run\n");
}

TEST_CASE("run --wait ends with the run, and its exit code tells how") {
  for (const auto& [status, code] : std::vector<std::pair<std::string, int>>{
           {"success", 0}, {"failed", 1}, {"cancelled", 1}, {"skipped", 1}}) {
    const OneRun agent(
        [&status = status](int look) { return run_json(look < 3 ? "running" : status); });
    const Outcome outcome = agent.invoke({"run", "p", "--wait"});
    CHECK(outcome.exit_code == code);
    CHECK(outcome.out == "42\n");
    CHECK(outcome.err ==
          "pawl: run 42: " + status + " after 5s" + (status == "failed" ? "; oom" : "") + "\n");
    CHECK(agent.looks() == 3);
  }
}

TEST_CASE("run --wait --timeout ends with 124 and leaves the run alone") {
  const OneRun agent([](int) { return run_json("running"); });
  const Outcome outcome = agent.invoke({"run", "p", "--wait", "--timeout", "250ms"});
  CHECK(outcome.exit_code == 124);
  CHECK(outcome.out == "42\n");
  CHECK(outcome.err == "pawl: run 42 has not ended in time and goes on; `pawl show 42` shows it\n");
  for (const CannedRequest& request : agent.requests()) {
    CHECK(request.target.find("cancel") == std::string::npos);
  }
}

TEST_CASE("Ctrl-C detaches: 130, and how to cancel") {
  for (const std::string mode : {"--wait", "--follow"}) {
    const OneRun agent([](int look) {
      if (look == 2) ::kill(::getpid(), SIGINT);
      return run_json("running");
    });
    const Outcome outcome = agent.invoke({"run", "p", mode});
    CHECK(outcome.exit_code == 130);
    CHECK(outcome.out == "42\n");
    CHECK(outcome.err == "pawl: detached; run 42 goes on; `pawl cancel 42` cancels it\n");
    CHECK(agent.looks() == 2);
  }
}

TEST_CASE("An agent that restarts is waited for") {
  int failures = 0;
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [&](const CannedRequest& request) {
    if (request.method == "POST") return CannedAnswer{202, R"({"run_id":"42"})"};
    ++failures;
    if (failures == 1) return ok(run_json("running"));
    if (failures < 4) return CannedAnswer{503, R"({"detail":"starting"})"};
    if (failures < 6) return CannedAnswer{0, ""};  // hangs up
    return ok(run_json("success"));
  });
  const Outcome outcome = invoke({"run", "p", "--wait"}, {.server = socket});
  CHECK(outcome.exit_code == 0);
  CHECK(outcome.err ==
        "pawl: the agent does not answer; waiting for it to come back\n"
        "pawl: run 42: success after 5s\n");
}

TEST_CASE("A run that vanishes while it is waited for is an error") {
  const TemporaryDirectory directory;
  const std::string socket = directory.path() + "/pawl.sock";
  const CannedAgent agent(socket, [&](const CannedRequest& request) {
    if (request.method == "POST") return CannedAnswer{202, R"({"run_id":"42"})"};
    return CannedAnswer{404, R"({"detail":"no run 42"})"};
  });
  CHECK(invoke({"run", "p", "--wait"}, {.server = socket}).exit_code == 3);
}

namespace {

// Two tasks side by side, one of which is tried twice, as looks 1 to 3 see them.
Json two_tasks(int look) {
  Json tasks = Json::array();
  if (look == 1) {
    tasks.push(task_json("build-all", "running", {"running"}));
    tasks.push(task_json("lint", "pending", {}));
    return run_json("running", std::move(tasks));
  }
  if (look == 2) {
    tasks.push(task_json("build-all", "running", {"running"}));
    tasks.push(task_json("lint", "running", {"failed", "running"}));
    return run_json("running", std::move(tasks));
  }
  tasks.push(task_json("build-all", "success", {"success"}));
  tasks.push(task_json("lint", "success", {"failed", "success"}));
  return run_json("success", std::move(tasks));
}

// Each page once, by its target's end; what was not asked for in order is an empty page.
CannedAnswer log_page(const CannedRequest& request, int look) {
  struct Page {
    int from_look;
    std::string ends;
    Json records;
    std::string next;
    bool at_end;
  };
  const std::vector<Page> pages = {
      {1, "build-all/logs?format=json&attempt=1",
       Json::array().push(record("stdout", 1, "one\n")).push(record("stderr", 1, "par")), "a1",
       false},
      {1, "build-all/logs?format=json&attempt=1&cursor=a1",
       Json::array().push(record("stdout", 2, "tial\n")), "a2", true},
      {2, "lint/logs?format=json&attempt=1",
       Json::array()
           .push(record("stdout", 4, "no newline"))
           .push(record("pawl", 4, "[pawl: 12 bytes left out]\n")),
       "b1", true},
      {2, "lint/logs?format=json&attempt=2",
       Json::array().push(record("stdout", 6, "again \x1b[31mred\x1b[0m\x07\n")), "c1", true},
      {2, "build-all/logs?format=json&attempt=1&cursor=a2",
       Json::array().push(record("stdout", 3, "three\n")).push(record("stdout", 5, "five\n")), "a3",
       true},
      {3, "build-all/logs?format=json&attempt=1&cursor=a3",
       Json::array().push(record("stdout", 7, "last\r")), "a4", true},
  };
  for (const Page& page : pages) {
    if (look >= page.from_look && request.target.ends_with("/" + page.ends)) {
      return ok(Json::object()
                    .set("records", page.records)
                    .set("next_cursor", page.next)
                    .set("at_end", page.at_end));
    }
  }
  return ok(
      Json::object().set("records", Json::array()).set("next_cursor", nullptr).set("at_end", true));
}

}  // namespace

TEST_CASE("run --follow shows all tasks' output in the order of time, behind their ids") {
  std::atomic<int> now = 0;
  const OneRun agent(
      [&](int look) {
        now = look;
        return two_tasks(look);
      },
      [&](const CannedRequest& request) { return log_page(request, now); });
  const Outcome outcome = agent.invoke({"run", "p", "--follow"});
  CHECK(outcome.exit_code == 0);
  check_golden("follow.txt", outcome.out);
  CHECK(outcome.err == "pawl: run 42: success after 5s\n");
}

TEST_CASE("logs RUN -f is the same without a run of its own; a terminal gets safe text") {
  std::atomic<int> now = 0;
  const OneRun agent(
      [&](int look) {
        now = look - 1;  // the first look is the command's own
        return two_tasks(look - 1 > 1 ? look - 1 : 1);
      },
      [&](const CannedRequest& request) { return log_page(request, now); });
  const Outcome outcome = agent.invoke({"logs", "42", "-f"}, true);
  CHECK(outcome.exit_code == 0);
  check_golden("follow-terminal.txt", outcome.out);
}

TEST_CASE("logs -f of a failed run is no failure of logs") {
  const OneRun agent([](int) { return run_json("failed"); });
  CHECK(agent.invoke({"logs", "42", "-f"}).exit_code == 0);
}

TEST_CASE("logs prints bytes as they are into a pipe, and safe text on a terminal") {
  const std::string raw = "one\x1b[31m\xff\r\ntwo";
  const OneRun agent(
      [](int) {
        return run_json("success", Json::array()
                                       .push(task_json("a", "success", {"failed", "success"}))
                                       .push(task_json("b", "skipped", {}))
                                       .push(task_json("c", "failed", {"failed"})));
      },
      [&](const CannedRequest& request) {
        if (request.target.ends_with("/a/logs")) return CannedAnswer{200, raw, "text/plain"};
        if (request.target.ends_with("/a/logs?attempt=1")) {
          return CannedAnswer{200, "first\n", "text/plain"};
        }
        if (request.target.ends_with("/c/logs")) return CannedAnswer{200, "", "text/plain"};
        return CannedAnswer{404, R"({"detail":"no such log"})"};
      });
  const Outcome piped = agent.invoke({"logs", "42", "a"});
  CHECK(piped.exit_code == 0);
  CHECK(piped.out == raw);
  CHECK(piped.err.empty());
  CHECK(agent.invoke({"logs", "42", "a"}, true).out == "one\\xff\ntwo\n");
  CHECK(agent.invoke({"logs", "42", "a", "--attempt", "1"}).out == "first\n");
  CHECK(agent.invoke({"logs", "42"}).out ==
        "==> a: success <==\n" + raw + "\n\n==> b: skipped <==\n\n==> c: failed <==\n");

  const Outcome missing = agent.invoke({"logs", "42", "nope"});
  CHECK(missing.exit_code == 3);
  CHECK(missing.err == "pawl: error: run 42 has no task 'nope'; `pawl show 42` lists them\n");
  CHECK(agent.invoke({"logs", "42", "a", "--attempt", "3"}).exit_code == 3);
  const Outcome unstarted = agent.invoke({"logs", "42", "b"});
  CHECK(unstarted.exit_code == 0);
  CHECK(unstarted.out.empty());
  CHECK(unstarted.err == "pawl: task 'b' has not started\n");
}
