#include "http/guard.h"

#include <doctest/doctest.h>

#include "model/limits.h"

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

TEST_CASE("heads that could be read in two ways, or ask for too much") {
  const Header host{"host", "x"};
  const auto status = [](std::vector<Header> headers, bool is_http_1_0 = false,
                         const std::string& path = "/a") {
    Request request = request_with("POST", std::move(headers));
    request.path = path;
    request.is_http_1_0 = is_http_1_0;
    const auto refused = check_head(request, 100);
    return refused ? refused->status : 0;
  };
  const auto length = [&](const std::string& value) {
    return status({host, {"content-length", value}});
  };
  CHECK(status({host}) == 0);
  CHECK(status({}) == 400);
  CHECK(status({}, true) == 0);
  CHECK(status({host, host}) == 400);
  CHECK(status({host}, false, "*") == 400);
  CHECK(status({host}, false, "http://x/") == 400);
  CHECK(status({host}, false, "/\xc3\xa4") == 400);
  CHECK(status({host}, false, "/" + std::string(limits::kHttpTargetBytes, 'a')) == 414);
  CHECK(length("0") == 0);
  CHECK(length("100") == 0);
  CHECK(length("101") == 413);
  CHECK(length("99999999999999999999999") == 413);
  for (const char* wrong : {"", "-1", "+1", "0x1", "1, 1", "1 1", "99999999999999999999999x"}) {
    CAPTURE(wrong);
    CHECK(length(wrong) == 400);
  }
  const Header one{"content-length", "1"};
  const Header chunked{"transfer-encoding", "Chunked"};
  CHECK(status({host, one, one}) == 400);
  CHECK(status({host, chunked}) == 0);
  CHECK(status({host, chunked, one}) == 400);
  CHECK(status({host, chunked, chunked}) == 501);
  CHECK(status({host, chunked}, true) == 400);
  CHECK(status({host, {"transfer-encoding", "gzip, chunked"}}) == 501);
  CHECK(status({host, {"transfer-encoding", "identity"}}) == 501);
  CHECK(status({host, {"expect", "100-Continue"}}) == 0);
  CHECK(status({host, {"expect", "tea"}}) == 417);
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
