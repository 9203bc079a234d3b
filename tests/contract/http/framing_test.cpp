// Requests that are wrong, odd or large, byte for byte.
#include <doctest/doctest.h>

#include "model/limits.h"
#include "served_world.h"

namespace pawl::test {
namespace {

constexpr const char* kHead =
    "POST /api/v1/runs/2/cancel HTTP/1.1\r\nHost: localhost\r\n"
    "Content-Type: application/json\r\n";

// The answer to raw bytes, and whether the server closed after it.
std::pair<RawAnswer, bool> answer_to(const ServedWorld& world, const std::string& bytes) {
  RawClient client(world.servers->http_port());
  client.send(bytes);
  RawAnswer answer = client.read_answer();
  return {answer, client.read_rest().is_closed};
}

TEST_CASE("what could be read in two ways is refused, and the connection ends") {
  ServedWorld world;
  const std::string head = kHead;
  const std::vector<std::pair<int, std::string>> wrong = {
      {400, head + "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"},
      {400, head + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
      {501, head + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"},
      {400, head + "Content-Length: 2 2\r\n\r\n{}"},
      {400, head + "Content-Length : 2\r\n\r\n{}"},
      {400, head + "Host: other\r\nContent-Length: 0\r\n\r\n"},
      {400, head + "X: a\n\r\n"},
      {400, head + "X: a\r\n folded\r\n\r\n"},
      {400, head + "Transfer-Encoding: chunked\r\n\r\n2\n{}\r\n0\r\n\r\n"},
      {400, head + "Transfer-Encoding: chunked\r\n\r\nz\r\n{}\r\n0\r\n\r\n"},
      {400, head + "Transfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n0\r\n\r\n"},
      {413, head + "Transfer-Encoding: chunked\r\n\r\nfffffff\r\n" +
                std::string(limits::kApiBodyBytes + 1, ' ')},
      {400, head + "Transfer-Encoding: chunked\r\n\r\n\r\n"},
      {400, head + "X: a\rb\r\n\r\n"},
      {400, head + "X: a" + std::string(1, '\0') + "b\r\n\r\n"},
      {400, head + "X: a\x7f\r\n\r\n"},
      {400, head + ": a\r\n\r\n"},
      {400, head + "no colon\r\n\r\n"},
      {400, head + "Content-Length: %32\r\n\r\n{}"},
      {501, head + "Transfer-Encoding: chunke%64\r\n\r\n2\r\n{}\r\n0\r\n\r\n"},
      {400, "GET /" + std::string(1, '\0') + " HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {400, "GET /\xc3\xa4 HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {400, "GET /healthz#a HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {400, "GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {400, "GET / x HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {400, "\r\nGET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
      {414, "GET /" + std::string(limits::kHttpTargetBytes + 100, 'a')},
      {415,
       "POST /api/v1/runs/2/cancel HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n"
       "Content-Type: multipart/form-data; boundary=x\r\n\r\n{}"},
      {413, head + "Content-Length: 1000000000\r\n\r\n"},
      {400, "GET / HTTP/1.1\r\n\r\n"},
      {505, "GET / HTTP/3.0\r\nHost: localhost\r\n\r\n"},
      {400, "\x16\x03\x01\x02\x00\x01"},
      {431, head + "X: " + std::string(limits::kHttpHeadBytes, 'a')},
  };
  for (const auto& [status, bytes] : wrong) {
    CAPTURE(bytes.substr(0, 300));
    const auto [answer, is_closed] = answer_to(world, bytes);
    CHECK(answer.status == status);
    CHECK(answer.header("connection") == "close");
    detail_of(answer);
    CHECK(is_closed);
  }
  CHECK(world.control.cancellations().empty());
}

TEST_CASE("a body over the bound is refused while it is still being sent") {
  ServedWorld world;
  for (const bool is_chunked : {false, true}) {
    CAPTURE(is_chunked);
    RawClient client(world.servers->http_port());
    const std::size_t size = 256 * limits::kApiBodyBytes;
    client.send(kHead + (is_chunked ? std::string("Transfer-Encoding: chunked\r\n\r\n")
                                    : "Content-Length: " + std::to_string(size) + "\r\n\r\n"));
    const std::string piece(64 * 1024, 'a');
    // The server goes on reading for a while: a reset could take the answer away with it.
    for (std::size_t sent = 0; sent < size; sent += piece.size()) {
      REQUIRE(client.send(is_chunked ? "10000\r\n" + piece + "\r\n" : piece));
    }
    CHECK(client.read_answer().status == 413);
  }
  CHECK(world.get("/healthz").status == 200);
}

TEST_CASE("several requests on one connection, sent at once") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  client.send(raw_request("GET /healthz") +
              raw_request("POST /api/v1/runs/2/cancel", kJsonHeader, "{}") +
              raw_request("GET /nothing") + raw_request("GET /healthz", "Connection: close\r\n") +
              raw_request("POST /api/v1/runs/2/cancel", kJsonHeader, "{}"));
  CHECK(client.read_answer().body == "ok\n");
  CHECK(client.read_answer().status == 202);
  CHECK(client.read_answer().status == 404);
  const RawAnswer last = client.read_answer();
  CHECK(last.body == "ok\n");
  CHECK(last.header("connection") == "close");
  CHECK(client.read_rest().is_closed);
  CHECK(world.control.cancellations().size() == 1);
}

TEST_CASE("a POST without a body ends with its head, and nothing of the next request is lost") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  client.send(std::string(kHead) + "\r\n" + raw_request("PUT /nothing") +
              raw_request("GET /healthz"));
  CHECK(client.read_answer().status == 202);
  CHECK(client.read_answer().status == 404);
  CHECK(client.read_answer().body == "ok\n");
}

TEST_CASE("a body where none belongs is not taken for the next request") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  const std::string inner = raw_request("POST /api/v1/runs/2/cancel", kJsonHeader, "{}");
  client.send(
      raw_request("GET /healthz", "Content-Length: " + std::to_string(inner.size()) + "\r\n") +
      inner);
  CHECK(client.read_answer().body == "ok\n");
  CHECK(client.read_rest().text.empty());
  CHECK(world.control.cancellations().empty());
}

TEST_CASE("header values reach the handlers as they were sent") {
  ServedWorld world;
  const std::string id = "a%2Fb%25%0d%u0041";
  CHECK(world.hook("backup", kHookSecret, "{}", "X-GitHub-Delivery: " + id + "\r\n").status == 202);
  CHECK(world.control.webhook_requests().at(0).delivery_id == id);
}

TEST_CASE("ranges and web sockets are asked for in vain") {
  ServedWorld world;
  const RawAnswer part = world.get("/healthz", "Range: bytes=0-0\r\n");
  CHECK(part.status == 200);
  CHECK(part.body == "ok\n");
  CHECK(world.get("/healthz", "Range: bytes=900-\r\n").status == 200);
  const RawAnswer socket = world.get("/healthz",
                                     "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                                     "Sec-WebSocket-Version: 13\r\n"
                                     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  CHECK(socket.status == 200);
  CHECK(socket.is_complete);
  CHECK(socket.body == "ok\n");
}

TEST_CASE("HTTP/1.0: the connection ends after the answer, and a stream is not chunked") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  client.send("GET /api/v1/runs/1/tasks/fetch/logs HTTP/1.0\r\nHost: localhost\r\n\r\n");
  const RawAnswer answer = client.read_answer();
  CHECK(answer.header("transfer-encoding") == "");
  CHECK(answer.header("connection") == "close");
  CHECK(answer.body == "fetched\ncareful\n");
  CHECK(answer.is_complete);
}

TEST_CASE("a client that waits for 100 Continue gets it") {
  ServedWorld world;
  RawClient client(world.servers->http_port());
  client.send(std::string(kHead) + "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_answer().status == 100);
  client.send("{}");
  CHECK(client.read_answer().status == 202);
  client.send(std::string(kHead) + "Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n");
  CHECK(client.read_answer().status == 413);
}

TEST_CASE("what clients put into a request cannot put a line into an answer") {
  ServedWorld world;
  const RawAnswer answer =
      world.get("/api/v1/pipelines/a%0d%0aX-Injected:%20yes%0d%0a%0d%0a%3cscript%3e");
  CHECK(answer.status == 404);
  CHECK(answer.header("x-injected") == "");
  CHECK(contains(detail_of(answer), "\r\nX-Injected"));
  CHECK(answer.is_complete);
}

}  // namespace
}  // namespace pawl::test
