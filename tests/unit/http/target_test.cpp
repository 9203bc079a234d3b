#include "http/target.h"

#include <doctest/doctest.h>

#include "http/router.h"

namespace pawl::http {
namespace {

Request request_for(const std::string& method, const std::string& path,
                    const std::string& query = "") {
  Request request;
  request.method = method;
  request.path = path;
  request.query = query;
  return request;
}

// Answers with its path parameters, so that a test sees what a pattern caught.
Router make_router() {
  Router router;
  const auto echo = [](const Call& call) -> Result<Response> {
    std::string text;
    for (const auto& [name, value] : call.path_parameters) {
      text.append(name).append("=").append(value).append(";");
    }
    for (const auto& [name, value] : call.query) text.append(name).append("~").append(value);
    return text_response(text);
  };
  router.add("GET", "/", {}, echo);
  router.add("GET", "/runs", {"limit"}, echo);
  router.add("GET", "/runs/{id}", {}, echo);
  router.add("POST", "/runs/{id}", {}, echo);
  router.add("POST", "/runs/{id}/cancel", {}, echo);
  router.add("GET", "/runs/{id}/tasks/{task}/logs", {}, echo);
  router.add("POST", "/hooks/{path...}", {Router::kAnyQuery}, echo);
  return router;
}

TEST_CASE("percent-decoding") {
  CHECK(percent_decode("a%2Fb%c3%A4") == "a/b\xc3\xa4");
  CHECK(percent_decode("a+b") == "a+b");
  CHECK(percent_decode("a+b%2B", true) == "a b+");
  for (const char* text : {"%", "%4", "%zz", "a%2", "%00", "%-1"}) {
    CAPTURE(text);
    CHECK_FALSE(percent_decode(text).has_value());
  }
}

TEST_CASE("paths are split before they are decoded") {
  CHECK(*split_path("/") == std::vector<std::string>{""});
  CHECK(*split_path("/a%2Fb/c") == std::vector<std::string>{"a/b", "c"});
  CHECK(*split_path("/a/") == std::vector<std::string>{"a", ""});
  CHECK(*split_path("/../%2e%2e") == std::vector<std::string>{"..", ".."});
  CHECK(split_path("/a%").error().kind == ErrorKind::kInvalid);
}

TEST_CASE("queries") {
  const auto query = parse_query("a=1&b=x%20y+z&&c&d=");
  REQUIRE(query);
  CHECK(*query == QueryParameters{{"a", "1"}, {"b", "x y z"}, {"c", ""}, {"d", ""}});
  CHECK(parse_query("a=1&a=2").error().message.find("'a' is repeated") != std::string::npos);
  CHECK_FALSE(parse_query("a=%"));
  std::string many;
  for (int i = 0; i < 33; ++i) many += "p" + std::to_string(i) + "=1&";
  CHECK_FALSE(parse_query(many));
}

TEST_CASE("routes catch their parameters, encoded slashes included") {
  const Router router = make_router();
  CHECK(router.route(request_for("GET", "/")).body == "");
  CHECK(router.route(request_for("GET", "/runs/4%2F2")).body == "id=4/2;");
  CHECK(router.route(request_for("GET", "/runs/42/tasks/a%20b/logs")).body == "id=42;task=a b;");
  CHECK(router.route(request_for("POST", "/hooks/a/b%2Fc")).body == "path=a/b/c;");
  CHECK(router.route(request_for("POST", "/hooks/a", "x=%&x=%")).body == "path=a;");
  CHECK(router.route(request_for("HEAD", "/runs/1")).status == 200);
}

TEST_CASE("unknown paths, methods and queries are told apart") {
  const Router router = make_router();
  for (const char* path : {"/nothing", "/runs/", "/runs/1/", "/runs//tasks/x/logs", "/hooks/",
                           "/hooks", "//", "/runs/../runs"}) {
    CAPTURE(path);
    CHECK(router.route(request_for("GET", path)).status == 404);
  }
  const Response response = router.route(request_for("DELETE", "/runs/1"));
  CHECK(response.status == 405);
  CHECK(response.headers.back().name == "Allow");
  CHECK(response.headers.back().value == "GET, HEAD, POST");
  CHECK(router.route(request_for("GET", "/runs/%zz")).status == 400);
  CHECK(router.route(request_for("GET", "/runs", "limit=3")).body == "limit~3");
  const Response unknown = router.route(request_for("GET", "/runs", "limi=3"));
  CHECK(unknown.status == 400);
  CHECK(unknown.body.find("unknown query parameter 'limi'; known are: limit") != std::string::npos);
}

TEST_CASE("a response's head cannot be forged through a header's value") {
  Response response = text_response("x");
  response.headers.push_back({"X-Text", std::string("a\r\nSet-Cookie: b\0c\x7f", 19)});
  const std::string head = last_answer(response);
  CHECK(head.find("X-Text: aSet-Cookie: bc\r\n") != std::string::npos);
  CHECK(head.find("\nSet-Cookie") == std::string::npos);
}

TEST_CASE("kinds of errors have their statuses") {
  CHECK(problem(Error{ErrorKind::kInvalid, "", ""}).status == 400);
  CHECK(problem(Error{ErrorKind::kNotFound, "", ""}).status == 404);
  CHECK(problem(Error{ErrorKind::kConflict, "", ""}).status == 409);
  CHECK(problem(Error{ErrorKind::kDenied, "", ""}).status == 403);
  CHECK(problem(Error{ErrorKind::kTooLarge, "", ""}).status == 413);
  CHECK(problem(Error{ErrorKind::kTimeout, "", ""}).status == 504);
  CHECK(problem(Error{ErrorKind::kCorrupt, "", ""}).status == 500);
  for (ErrorKind kind : {ErrorKind::kExhausted, ErrorKind::kUnavailable}) {
    const Response response = problem(Error{kind, "why", "where"});
    CHECK(response.status == 503);
    CHECK(response.headers.front().name == "Retry-After");
    CHECK(response.content_type == "application/problem+json");
    CHECK(*Json::parse(response.body) == Json()
                                             .set("type", "about:blank")
                                             .set("title", "Service Unavailable")
                                             .set("status", 503)
                                             .set("detail", "where: why"));
  }
}

}  // namespace
}  // namespace pawl::http
