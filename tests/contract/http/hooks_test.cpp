// POST /hooks/... over real sockets: who is believed, and what is passed on.
#include <doctest/doctest.h>

#include "served_world.h"

namespace pawl::test {
namespace {

TEST_CASE("a signed webhook makes a run for those pipelines whose secret signed it") {
  ServedWorld world;
  const RawAnswer answer =
      world.hook("backup", kHookSecret, R"({"a":1})", "X-GitHub-Delivery: d-1\r\n");
  CHECK(answer.status == 202);
  const Json json = json_of(answer);
  CHECK(json["run_id"].as_string() == "100");
  REQUIRE(json["deliveries"].items().size() == 1);
  CHECK(json["deliveries"].items()[0]["pipeline"].as_string() == "nightly");
  CHECK_FALSE(json["deliveries"].items()[0]["duplicate"].as_bool(true));
  const auto requests = world.control.webhook_requests();
  REQUIRE(requests.size() == 1);
  CHECK(requests[0].path == "backup");
  CHECK(requests[0].delivery_id == "d-1");
  CHECK(requests[0].body_digest == sha256(R"({"a":1})"));
  CHECK(requests[0].targets.at(0).pipeline == "nightly");
  const Json again =
      json_of(world.hook("backup", kHookSecret, R"({"a":1})", "X-GitHub-Delivery: d-1\r\n"));
  CHECK(again["run_id"].as_string() == "100");
  CHECK(again["deliveries"].items()[0]["duplicate"].as_bool());
  CHECK(world.hook("backup", "another secret").status == 202);
  CHECK(world.control.webhook_requests().back().targets.at(0).pipeline == "tidy");
}

TEST_CASE("any of a trigger's secrets will do; one that cannot be read does no harm") {
  ServedWorld world;
  CHECK(world.hook("deploy/tidy", kHookSecret).status == 202);
  CHECK(world.hook("deploy%2Ftidy?token=x&token=y", kHookSecret).status == 202);
  CHECK(world.hook("deploy/tidy", "another secret").status == 401);
}

TEST_CASE("what is not signed as it must be is 401, whatever is wrong, and makes no run") {
  ServedWorld world;
  const std::string body = "{}";
  const std::string good = ServedWorld::signature(kHookSecret, body);
  const std::string digest = good.substr(good.find('=') + 1, 64);
  std::string detail;
  for (const std::string& headers : {
           std::string(),
           std::string("X-Hub-Signature-256:\r\n"),
           std::string("X-Hub-Signature-256: sha256=\r\n"),
           "X-Hub-Signature-256: sha1=" + digest + "\r\n",
           "X-Hub-Signature-256: " + digest + "\r\n",
           "X-Hub-Signature-256: sha256=" + digest.substr(2) + "\r\n",
           "X-Hub-Signature-256: sha256=" + digest + "00\r\n",
           "X-Hub-Signature: sha256=" + digest + "\r\n",
           good + good,
           good + "X-Hub-Signature-256: sha256=\r\n",
           ServedWorld::signature("", body),
           ServedWorld::signature("wrong", body),
           ServedWorld::signature(kHookSecret, "{} "),
       }) {
    CAPTURE(headers);
    const RawAnswer answer =
        ask(world.servers->webhooks_port(), "POST /hooks/backup", kJsonHeader + headers, body);
    CHECK(answer.status == 401);
    CHECK(answer.header("www-authenticate") == "X-Hub-Signature-256");
    if (detail.empty()) detail = detail_of(answer);
    CHECK(detail_of(answer) == detail);
  }
  CHECK(world.control.webhook_requests().empty());
}

TEST_CASE("a secret that is empty on the host signs nothing") {
  ServedWorld world;
  world.control.set_secret("hook", "");
  CHECK(world.hook("deploy/tidy", "").status == 401);
}

TEST_CASE("a replaced secret is good at once, and the old one no more") {
  ServedWorld world;
  CHECK(world.hook("deploy/tidy", kHookSecret).status == 202);
  world.control.set_secret("hook", "new");
  CHECK(world.hook("deploy/tidy", kHookSecret).status == 401);
  CHECK(world.hook("deploy/tidy", "new").status == 202);
}

TEST_CASE("paths follow what is published") {
  ServedWorld world;
  CHECK(world.hook("nothing", kHookSecret).status == 404);
  CHECK(world.hook("backup/", kHookSecret).status == 404);
  CHECK(world.hook("deploy", kHookSecret).status == 404);
  AgentSnapshot snapshot = *world.control.snapshot();
  snapshot.pipelines = std::make_shared<const std::vector<PipelinePtr>>();
  world.control.publish(snapshot);
  CHECK(world.hook("backup", kHookSecret).status == 404);
}

TEST_CASE("only POST of the types that senders use, within the bound") {
  ServedWorld world;
  const int port = world.servers->webhooks_port();
  CHECK(ask(port, "GET /hooks/backup").status == 405);
  CHECK(ask(port, "GET /hooks/backup").header("allow") == "POST");
  CHECK(ask(port, "GET /").status == 404);
  CHECK(ask(port, "GET /api/v1/status").status == 404);
  const std::string body = "{}";
  const std::string signature = ServedWorld::signature(kHookSecret, body);
  CHECK(ask(port, "POST /hooks/backup", signature, body).status == 415);
  CHECK(ask(port, "POST /hooks/backup", signature + "Content-Type: text/plain\r\n", body).status ==
        415);
  CHECK(ask(port, "POST /hooks/backup",
            signature + "Content-Type: application/x-www-form-urlencoded\r\n", body)
            .status == 202);
  CHECK(world.hook("backup", kHookSecret, std::string(4096, 'x')).status == 202);
  CHECK(world.hook("backup", kHookSecret, std::string(4097, 'x')).status == 413);
  CHECK(world.hook("backup", kHookSecret, "").status == 202);
}

TEST_CASE("the signature is over the raw bytes, however they came") {
  ServedWorld world;
  const std::string body = "{\"a\":\"\xff\\u0000\"}\r\n";
  RawClient client(world.servers->webhooks_port());
  client.send("POST /hooks/backup HTTP/1.1\r\nHost: any.example\r\n" + std::string(kJsonHeader) +
              ServedWorld::signature(kHookSecret, body) + "Transfer-Encoding: chunked\r\n\r\n");
  for (char c : body) client.send("1\r\n" + std::string(1, c) + "\r\n");
  client.send("0\r\n\r\n");
  CHECK(client.read_answer().status == 202);
}

TEST_CASE("a signed ping is answered and starts nothing; an unsigned one is refused") {
  ServedWorld world;
  const RawAnswer answer = world.hook("backup", kHookSecret, "{}", "X-GitHub-Event: ping\r\n");
  CHECK(answer.status == 200);
  CHECK(json_of(answer)["run_id"].is_null());
  CHECK(json_of(answer)["deliveries"].items().empty());
  CHECK(world.hook("backup", "wrong", "{}", "X-GitHub-Event: ping\r\n").status == 401);
  CHECK(world.control.webhook_requests().empty());
}

TEST_CASE("wrong delivery ids, and an agent that can take no more") {
  ServedWorld world;
  const std::string twice = "X-GitHub-Delivery: a\r\nX-GitHub-Delivery: b\r\n";
  CHECK(world.hook("backup", kHookSecret, "{}", twice).status == 400);
  CHECK(world.hook("backup", "wrong", "{}", twice).status == 401);
  world.control.fail(Error{ErrorKind::kExhausted, "too many unfinished runs", ""});
  const RawAnswer answer = world.hook("backup", kHookSecret);
  CHECK(answer.status == 503);
  CHECK(answer.header("retry-after") == "2");
}

}  // namespace
}  // namespace pawl::test
