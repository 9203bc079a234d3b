#include "http/guard.h"

#include <doctest/doctest.h>

namespace pawl::http {
namespace {

Request request_with(const std::string& method, std::vector<Header> headers, bool is_unix = false) {
  Request request;
  request.method = method;
  request.path = "/";
  request.headers = std::move(headers);
  request.peer.is_unix = is_unix;
  request.peer.local_address = "192.0.2.7";
  return request;
}

int guarded_status(const Request& request, std::string_view listen_host = "127.0.0.1") {
  const auto response = guard_request(request, listen_host);
  return response ? response->status : 200;
}

TEST_CASE("loopback names and the configured address are ours, at any port") {
  for (const char* host : {"localhost", "LocalHost:9", "127.0.0.1:7433", "127.9.9.9", "[::1]",
                           "[::1]:7433", "pawl.example:80"}) {
    CAPTURE(host);
    CHECK(is_allowed_host(host, "pawl.example", ""));
  }
  for (const char* host :
       {"", ":80", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "127.1",
        "localhost:80:80", "localhost:x", "[::1", "192.0.2.7", "0.0.0.0", "::1"}) {
    CAPTURE(host);
    CHECK_FALSE(is_allowed_host(host, "pawl.example", "192.0.2.7"));
  }
}

TEST_CASE("listening on every address, the one connected to is ours and a name is not") {
  CHECK(is_allowed_host("192.0.2.7:80", "0.0.0.0", "192.0.2.7"));
  CHECK_FALSE(is_allowed_host("192.0.2.8:80", "0.0.0.0", "192.0.2.7"));
  CHECK_FALSE(is_allowed_host("evil.example", "0.0.0.0", "192.0.2.7"));
}

TEST_CASE("an origin is the same when scheme and Host say so") {
  CHECK(is_same_origin("http://localhost:7433", "localhost:7433"));
  CHECK(is_same_origin("https://LOCALHOST", "localhost"));
  CHECK_FALSE(is_same_origin("http://localhost:80", "localhost:7433"));
  CHECK_FALSE(is_same_origin("null", "localhost"));
  CHECK_FALSE(is_same_origin("http://", ""));
  CHECK_FALSE(is_same_origin("file://localhost", "localhost"));
}

TEST_CASE("the guard") {
  const Header ours{"host", "localhost:1"};
  CHECK(guarded_status(request_with("GET", {ours})) == 200);
  CHECK(guarded_status(request_with("GET", {{"host", "evil.example"}})) == 403);
  CHECK(guarded_status(request_with("GET", {})) == 403);
  CHECK(guarded_status(request_with("GET", {{"host", "evil.example"}}, true)) == 200);
  CHECK(guarded_status(request_with("GET", {ours, {"origin", "http://evil.example"}})) == 200);
  CHECK(guarded_status(request_with("POST", {ours})) == 200);
  CHECK(guarded_status(request_with("POST", {ours, {"origin", "http://localhost:1"}})) == 200);
  CHECK(guarded_status(request_with("POST", {ours, {"origin", "http://evil.example"}})) == 403);
  CHECK(guarded_status(request_with("POST", {ours, {"origin", "null"}}, true)) == 403);
  CHECK(guarded_status(request_with(
            "POST", {ours, {"origin", "http://localhost:1"}, {"origin", "http://localhost:1"}})) ==
        403);
}

TEST_CASE("media types") {
  CHECK(is_json("application/json"));
  CHECK(is_json("Application/JSON ; charset=utf-8"));
  CHECK_FALSE(is_json("text/plain"));
  CHECK_FALSE(is_json("application/jsonp"));
  CHECK_FALSE(is_json(""));
}

}  // namespace
}  // namespace pawl::http
