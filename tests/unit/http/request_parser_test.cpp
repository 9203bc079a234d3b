#include "http/request_parser.h"

#include <doctest/doctest.h>

#include "model/limits.h"

namespace pawl::http {
namespace {

using namespace std::string_literals;

constexpr std::size_t kMaxBody = 100;

struct Parsed {
  RequestParser parser{kMaxBody};
  std::size_t used = 0;
};

Parsed parse(std::string_view input) {
  Parsed parsed;
  parsed.used = parsed.parser.consume(input);
  return parsed;
}

// The status that a request is refused with; 0 when it is complete, -1 when it wants more.
int status_of(std::string_view input) {
  const Parsed parsed = parse(input);
  if (parsed.parser.state() == RequestParser::State::kDone) return 0;
  if (parsed.parser.state() == RequestParser::State::kFailed) return parsed.parser.error_status();
  return -1;
}

std::string with_headers(const std::string& headers, const std::string& body = "") {
  return "POST /a HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n" + body;
}

std::string chunked(const std::string& body) {
  return with_headers("Transfer-Encoding: chunked\r\n", body);
}

TEST_CASE("a request without a body") {
  Parsed parsed = parse("GET /a%20b?c=d&e HTTP/1.1\r\nHost: x:1\r\nX-Some: \t a  b \r\n\r\nrest");
  REQUIRE(parsed.parser.state() == RequestParser::State::kDone);
  CHECK(parsed.used ==
        std::string_view("GET /a%20b?c=d&e HTTP/1.1\r\nHost: x:1\r\nX-Some: \t a  b \r\n\r\n")
            .size());
  const Request request = parsed.parser.take_request();
  CHECK(request.method == "GET");
  CHECK(request.path == "/a%20b");
  CHECK(request.query == "c=d&e");
  CHECK(request.header("host") == "x:1");
  CHECK(request.header("x-some") == "a  b");
  CHECK(request.keep_alive);
  CHECK(request.body.empty());
  CHECK(parsed.parser.state() == RequestParser::State::kHead);
}

TEST_CASE("keep-alive follows the version and the Connection header") {
  const auto keeps = [](const std::string& text) {
    Parsed parsed = parse(text);
    REQUIRE(parsed.parser.state() == RequestParser::State::kDone);
    return parsed.parser.take_request().keep_alive;
  };
  CHECK(keeps("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.1\r\nHost: x\r\nConnection: Foo, CLOSE\r\n\r\n"));
  CHECK_FALSE(keeps("GET / HTTP/1.0\r\n\r\n"));
  CHECK(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"));
}

TEST_CASE("the result does not depend on how the bytes are cut") {
  const std::string text = chunked("4;x=y\r\nabcd\r\n00a\r\n0123456789\r\n0\r\nTrail: er\r\n\r\n") +
                           with_headers("Content-Length: 3\r\n", "xyz") + "GET / HT";
  for (std::size_t step : {1u, 2u, 3u, 7u, 1000u}) {
    CAPTURE(step);
    RequestParser parser(kMaxBody);
    std::string pending;
    std::vector<std::string> bodies;
    for (std::size_t at = 0; at < text.size(); at += step) {
      pending += text.substr(at, step);
      while (true) {
        pending.erase(0, parser.consume(pending));
        if (parser.state() != RequestParser::State::kDone) break;
        bodies.push_back(parser.take_request().body);
      }
      REQUIRE(parser.state() != RequestParser::State::kFailed);
    }
    CHECK(bodies == std::vector<std::string>{"abcd0123456789", "xyz"});
    CHECK(pending == "GET / HT");
  }
}

TEST_CASE("every truncation of a good request wants more, and none fails") {
  for (const std::string& text : {with_headers("Content-Length: 5\r\n", "12345"),
                                  chunked("5\r\n12345\r\n0\r\nA: b\r\n\r\n")}) {
    for (std::size_t size = 0; size < text.size(); ++size) {
      CAPTURE(size);
      CHECK(status_of(text.substr(0, size)) == -1);
    }
    CHECK(status_of(text) == 0);
  }
}

TEST_CASE("the request line") {
  CHECK(status_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n") == 0);
  CHECK(status_of("GET /\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET  / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET / x HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET /#a HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET /\xc3\xa4 HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n"s) == 400);
  CHECK(status_of("G(T / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET / HTTP/2.0\r\nHost: x\r\n\r\n") == 505);
  CHECK(status_of("GET / http/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("\x16\x03\x01\x02") == 400);
  CHECK(status_of("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n") == 400);
  CHECK(status_of("GET /" + std::string(limits::kHttpTargetBytes, 'a') +
                  " HTTP/1.1\r\nHost: x\r\n\r\n") == 414);
  CHECK(status_of("GET /" + std::string(limits::kHttpTargetBytes + 100, 'a')) == 414);
}

TEST_CASE("header lines") {
  CHECK(status_of(with_headers("A: b\r\n")) == 0);
  CHECK(status_of(with_headers("A : b\r\n")) == 400);
  CHECK(status_of(with_headers(" A: b\r\n")) == 400);
  CHECK(status_of(with_headers("A: b\r\n folded\r\n")) == 400);
  CHECK(status_of(with_headers("A\r\n")) == 400);
  CHECK(status_of(with_headers(": b\r\n")) == 400);
  CHECK(status_of(with_headers("A: b\rc\r\n")) == 400);
  CHECK(status_of(with_headers("A: b\nC: d\r\n")) == 400);
  CHECK(status_of(with_headers("A: \x01\r\n")) == 400);
  CHECK(status_of(with_headers("A: \0\r\n"s)) == 400);
  CHECK(status_of("GET / HTTP/1.1\nHost: x\n\n") == 400);
  CHECK(status_of("GET / HTTP/1.1\r\n\r\n") == 400);
  CHECK(status_of(with_headers("Host: x\r\n")) == 400);
  std::string many;
  for (std::size_t i = 0; i < limits::kHttpHeaders; ++i) many += "A: b\r\n";
  CHECK(status_of(with_headers(many)) == 431);
  CHECK(status_of(with_headers("A: " + std::string(limits::kHttpHeadBytes, 'b'))) == 431);
}

TEST_CASE("the length of a body") {
  CHECK(status_of(with_headers("Content-Length: 3\r\n", "abc")) == 0);
  CHECK(status_of(with_headers("Content-Length: 100\r\n", std::string(100, 'a'))) == 0);
  CHECK(status_of(with_headers("Content-Length: 101\r\n")) == 413);
  CHECK(status_of(with_headers("Content-Length: 99999999999999999999999\r\n")) == 413);
  CHECK(status_of(with_headers("Content-Length: -1\r\n")) == 400);
  CHECK(status_of(with_headers("Content-Length: +1\r\n")) == 400);
  CHECK(status_of(with_headers("Content-Length: 0x1\r\n")) == 400);
  CHECK(status_of(with_headers("Content-Length: 1, 1\r\n")) == 400);
  CHECK(status_of(with_headers("Content-Length:\r\n")) == 400);
  CHECK(status_of(with_headers("Content-Length: 1\r\nContent-Length: 1\r\n", "a")) == 400);
  CHECK(status_of(with_headers("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "a")) == 400);
  CHECK(status_of(with_headers("Transfer-Encoding: gzip, chunked\r\n")) == 501);
  CHECK(status_of(with_headers("Transfer-Encoding: identity\r\n")) == 501);
  CHECK(status_of(with_headers("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n")) ==
        501);
  CHECK(status_of("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n") == 400);
}

TEST_CASE("chunked bodies") {
  CHECK(status_of(chunked("0\r\n\r\n")) == 0);
  CHECK(status_of(chunked("A\r\n0123456789\r\n0\r\n\r\n")) == 0);
  CHECK(status_of(chunked("64\r\n" + std::string(100, 'a') + "\r\n0\r\n\r\n")) == 0);
  CHECK(status_of(chunked("65\r\n")) == 413);
  CHECK(status_of(chunked("60\r\n" + std::string(96, 'a') + "\r\n5\r\n")) == 413);
  CHECK(status_of(chunked("ffffffffffffffff\r\n")) == 413);
  CHECK(status_of(chunked("-1\r\n")) == 400);
  CHECK(status_of(chunked("0x1\r\na\r\n")) == 400);
  CHECK(status_of(chunked("g\r\n")) == 400);
  CHECK(status_of(chunked("\r\n")) == 400);
  CHECK(status_of(chunked("1\na\r\n0\r\n\r\n")) == 400);
  CHECK(status_of(chunked("1\r\nab\r\n0\r\n\r\n")) == 400);
  CHECK(status_of(chunked("1;" + std::string(limits::kHttpChunkLineBytes, 'x'))) == 400);
  CHECK(status_of(chunked("0\r\nnot a trailer\r\n\r\n")) == 400);
  std::string trailer;
  while (trailer.size() <= limits::kHttpTrailerBytes) trailer += "A: b\r\n";
  CHECK(status_of(chunked("0\r\n" + trailer + "\r\n")) == 431);
}

TEST_CASE("trailers cannot add headers") {
  Parsed parsed = parse(chunked("0\r\nX-Hub-Signature-256: x\r\n\r\n"));
  REQUIRE(parsed.parser.state() == RequestParser::State::kDone);
  CHECK_FALSE(parsed.parser.take_request().has_header("x-hub-signature-256"));
}

TEST_CASE("Expect: 100-continue is asked for once, and nothing else can be expected") {
  Parsed parsed = parse(with_headers("Content-Length: 3\r\nExpect: 100-Continue\r\n"));
  CHECK(parsed.parser.take_expects_continue());
  CHECK_FALSE(parsed.parser.take_expects_continue());
  Parsed empty = parse(with_headers("Expect: 100-continue\r\n"));
  CHECK_FALSE(empty.parser.take_expects_continue());
  CHECK(status_of(with_headers("Expect: tea\r\n")) == 417);
}

}  // namespace
}  // namespace pawl::http
