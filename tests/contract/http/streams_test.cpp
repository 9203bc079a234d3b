// Events and followed logs: live, resumed, broken off, and at the end of the agent.
#include <doctest/doctest.h>

#include <thread>

#include "http/client.h"
#include "model/limits.h"
#include "served_world.h"

namespace pawl::test {
namespace {

Change run_change(std::uint64_t run) {
  Change change;
  change.kind = Change::Kind::kRun;
  change.run = RunId{run};
  change.name = "nightly";
  change.status = Status::kRunning;
  return change;
}

Change log_change(std::uint64_t run, std::uint32_t task) {
  Change change;
  change.kind = Change::Kind::kLog;
  change.run = RunId{run};
  change.task = task;
  change.attempt = 1;
  return change;
}

// A stream of events that has begun: what is published from now on comes out of it.
RawClient open_events(const ServedWorld& world, const std::string& headers = "") {
  RawClient client(world.servers->http_port());
  client.send(raw_request("GET /api/v1/events", headers));
  const RawAnswer answer = client.read_head();
  REQUIRE(answer.status == 200);
  CHECK(answer.header("content-type") == "text/event-stream");
  CHECK(answer.header("cache-control") == "no-store");
  CHECK(contains(client.read_until(": events follow\n\n"), "retry: "));
  return client;
}

std::string epoch(const ServedWorld& world) {
  return std::to_string(world.control.snapshot()->started_at.ms);
}

TEST_CASE("events come as they happen, to everybody who listens") {
  ServedWorld world;
  RawClient first = open_events(world);
  RawClient second = open_events(world);
  world.control.add_change(run_change(7));
  for (RawClient* client : {&first, &second}) {
    const std::string text = client->read_until("}\n\n");
    CHECK(contains(text, "id: 2-" + epoch(world) + "\nevent: run\ndata: {\"run_id\":\"7\""));
    CHECK(contains(text, "\"status\":\"running\""));
  }
}

TEST_CASE("a client that comes back gets what it missed, once") {
  ServedWorld world;
  for (std::uint64_t run = 10; run < 13; ++run) world.control.add_change(run_change(run));
  RawClient client = open_events(world, "Last-Event-ID: 3-" + epoch(world) + "\r\n");
  const std::string missed = client.read_until("}\n\n");
  CHECK(contains(missed, "id: 4-"));
  CHECK(contains(missed, "\"run_id\":\"12\""));
  world.control.add_change(run_change(13));
  CHECK(contains(client.read_until("}\n\n"), "id: 5-"));
}

TEST_CASE("what cannot be made up for is a gap") {
  ServedWorld world;
  world.control.add_change(run_change(10));
  for (const std::string& id : {std::string("99-") + epoch(world), std::string("2-1"),
                                std::string("2"), std::string("nonsense")}) {
    CAPTURE(id);
    RawClient client = open_events(world, "Last-Event-ID: " + id + "\r\n");
    CHECK(contains(client.read_until("{}\n\n"), "event: gap\ndata: {}"));
  }
  RawClient slow = open_events(world);
  world.control.drop_changes();
  CHECK(contains(slow.read_until("{}\n\n"), "event: gap"));
  world.control.add_change(run_change(11));
  CHECK(contains(slow.read_until("}\n\n"), "\"run_id\":\"11\""));
}

TEST_CASE("streams are bounded, requests go on beside them, and a closed one makes room") {
  ServedWorld world;
  std::vector<RawClient> clients;
  for (std::size_t i = 0; i < limits::kStreams; ++i) clients.push_back(open_events(world));
  const RawAnswer refused = world.get("/api/v1/events");
  CHECK(refused.status == 503);
  CHECK(refused.header("retry-after") == "2");
  CHECK(world.get("/api/v1/status").status == 200);
  clients.pop_back();
  // The server notices within limits::kStreamPollMs; until then it says 503.
  int status = 503;
  for (int i = 0; i < 1000 && status == 503; ++i) {
    RawClient client(world.servers->http_port());
    client.send(raw_request("GET /api/v1/events"));
    status = client.read_head().status;
    world.control.add_change(run_change(1));
  }
  CHECK(status == 200);
}

TEST_CASE("when the agent stops, streams end") {
  ServedWorld world;
  RawClient events = open_events(world);
  world.control.close_changes();
  CHECK(events.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
}

TEST_CASE("servers end promptly while streams are open, idle and busy connections too") {
  ServedWorld world;
  std::vector<RawClient> clients;
  for (int i = 0; i < 8; ++i) clients.push_back(open_events(world));
  RawClient follower(world.servers->http_port());
  follower.send(raw_request("GET /api/v1/runs/2/tasks/fetch/logs?follow=true"));
  CHECK(contains(follower.read_until("two\n"), "one\n"));
  RawClient idle(world.servers->http_port());
  idle.send(raw_request("GET /healthz"));
  CHECK(idle.read_answer().status == 200);
  RawClient half(world.servers->http_port());
  half.send("GET / HT");
  world.servers.reset();
  for (RawClient& client : clients) CHECK(client.read_rest().is_closed);
  CHECK(follower.read_rest().is_closed);
  CHECK(idle.read_rest().is_closed);
  CHECK(half.read_rest().is_closed);
}

TEST_CASE("a stored log, as text and as JSON") {
  ServedWorld world;
  const RawAnswer text = world.get("/api/v1/runs/1/tasks/fetch/logs");
  CHECK(text.header("content-type") == "text/plain; charset=utf-8");
  CHECK(text.body == "fetched\ncareful\n");
  CHECK(text.is_complete);
  const Json json = json_of(world.get("/api/v1/runs/1/tasks/fetch/logs?format=json"));
  REQUIRE(json["records"].items().size() == 2);
  CHECK(json["records"].items()[1]["stream"].as_string() == "stderr");
  CHECK(json["records"].items()[1]["text"].as_string() == "careful\n");
  CHECK(json["records"].items()[0]["time"].as_string() == "2026-03-01T12:00:00.001Z");
  CHECK(json["at_end"].as_bool());
}

TEST_CASE("attempts: the newest by default, each by its number") {
  ServedWorld world;
  const std::string logs = "/api/v1/runs/1/tasks/left/logs";
  CHECK(world.get(logs).body == "second try\n");
  CHECK(world.get(logs + "?attempt=1").body == "first try\n");
  CHECK(world.get(logs + "?attempt=2").body == "second try\n");
  CHECK(world.get(logs + "?attempt=3").status == 404);
  CHECK(world.get("/api/v1/runs/1/tasks/nothing/logs").status == 404);
  CHECK(world.get("/api/v1/runs/9/tasks/left/logs").status == 404);
}

TEST_CASE("pages of JSON go on from attempt to attempt, and from before the first one") {
  ServedWorld world;
  const std::string left = "/api/v1/runs/1/tasks/left/logs?format=json&cursor=";
  const Json first = json_of(world.get(left + "1-0-0"));
  CHECK(first["records"].items().at(0)["text"].as_string() == "first try\n");
  CHECK_FALSE(first["at_end"].as_bool(true));
  const Json second = json_of(world.get(left + first["next_cursor"].as_string()));
  CHECK(second["records"].items().at(0)["text"].as_string() == "second try\n");
  CHECK(second["at_end"].as_bool());
  const Json third = json_of(world.get(left + second["next_cursor"].as_string()));
  CHECK(third["records"].items().empty());
  CHECK(third["next_cursor"] == second["next_cursor"]);

  const std::string sweep = "/api/v1/runs/3/tasks/sweep/logs?format=json";
  const Json none = json_of(world.get(sweep));
  CHECK(none["records"].items().empty());
  Attempt attempt;
  attempt.key = {RunId{3}, 0, 1};
  world.save(SaveAttempt{attempt});
  world.append_log(attempt.key, "swept\n");
  const Json some = json_of(world.get(sweep + "&cursor=" + none["next_cursor"].as_string()));
  CHECK(some["records"].items().at(0)["text"].as_string() == "swept\n");
}

TEST_CASE("a log is followed until its attempt has ended and all was sent") {
  ServedWorld world;
  RawClient text(world.servers->http_port());
  text.send(raw_request("GET /api/v1/runs/2/tasks/fetch/logs?follow=true"));
  CHECK(text.read_head().header("transfer-encoding") == "chunked");
  CHECK(contains(text.read_until("two\n"), "one\ntwo\n"));
  RawClient lines(world.servers->http_port());
  lines.send(raw_request("GET /api/v1/runs/2/tasks/fetch/logs?follow=true&format=json"));
  CHECK(lines.read_head().header("content-type") == "application/x-ndjson");
  CHECK(contains(lines.read_until("two\\n\"}\n"), "one\\n"));
  world.append_log({RunId{2}, 0, 1}, "three\n");
  world.control.add_change(log_change(2, 0));
  CHECK(contains(text.read_until("three\n"), "three"));
  CHECK(contains(lines.read_until("three\\n\"}\n"), "\"stream\":\"stdout\""));
  // The end and the last line become visible together, as after one commit.
  world.append_log({RunId{2}, 0, 1}, "four\n");
  world.end_fetch(Status::kSuccess);
  world.control.add_change(log_change(2, 0));
  CHECK(contains(text.read_until("0\r\n\r\n"), "four\n"));
  CHECK(contains(lines.read_until("0\r\n\r\n"), "four\\n"));
}

TEST_CASE("following goes on with a retry, unless one attempt was asked for") {
  ServedWorld world;
  RawClient all(world.servers->http_port());
  all.send(raw_request("GET /api/v1/runs/2/tasks/fetch/logs?follow=true"));
  CHECK(contains(all.read_until("two\n"), "one\n"));
  RawClient one(world.servers->http_port());
  one.send(raw_request("GET /api/v1/runs/2/tasks/fetch/logs?follow=true&attempt=1"));
  CHECK(contains(one.read_until("two\n"), "one\n"));
  world.end_fetch(Status::kFailed);
  TaskState waiting;
  waiting.run = RunId{2};
  waiting.attempts = 1;
  waiting.retry_at = at("12:00:20");
  world.save(SaveTask{waiting});
  world.control.add_change(log_change(2, 0));
  CHECK(one.read_until("0\r\n\r\n").ends_with("0\r\n\r\n"));
  Attempt second;
  second.key = {RunId{2}, 0, 2};
  second.status = Status::kSuccess;
  world.save(SaveAttempt{second});
  world.append_log(second.key, "again\n");
  waiting.status = Status::kSuccess;
  world.save(SaveTask{waiting});
  world.control.add_change(log_change(2, 0));
  CHECK(contains(all.read_until("0\r\n\r\n"), "again\n"));
}

TEST_CASE("following a task that never starts ends with it") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  client.send(raw_request("GET /api/v1/runs/3/tasks/sweep/logs?follow=true"));
  CHECK(client.read_head().status == 200);
  TaskState skipped;
  skipped.run = RunId{3};
  skipped.status = Status::kSkipped;
  world.save(SaveTask{skipped});
  world.control.add_change(run_change(3));
  CHECK(client.read_until("0\r\n\r\n") == "0\r\n\r\n");
}

TEST_CASE("a stream that breaks off shows as such") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  client.send(raw_request("GET /api/v1/runs/2/tasks/fetch/logs?follow=true"));
  CHECK(contains(client.read_until("two\n"), "one\n"));
  world.store.damage_run(RunId{2});
  world.control.add_change(run_change(2));
  const RawClient::Rest rest = client.read_rest();
  CHECK(rest.is_closed);
  CHECK_FALSE(contains(rest.text, "0\r\n\r\n"));
}

TEST_CASE("a long log comes whole") {
  ServedWorld world;
  std::string whole = "one\ntwo\n";
  for (int i = 0; i < 400; ++i) {
    const std::string line = std::to_string(i) + std::string(15'000, 'x') + "\n";
    world.append_log({RunId{2}, 0, 1}, line);
    whole += line;
  }
  const RawAnswer answer = world.get("/api/v1/runs/2/tasks/fetch/logs");
  CHECK(answer.is_complete);
  CHECK(answer.body == whole);
}

}  // namespace
}  // namespace pawl::test
