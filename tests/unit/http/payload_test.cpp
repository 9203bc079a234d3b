#include "http/payload.h"

#include <doctest/doctest.h>

#include "model/limits.h"

namespace pawl::http {
namespace {

Request delivery(const std::string& body, const std::string& type = "application/json") {
  Request request;
  request.method = "POST";
  request.headers = {{"content-type", type}};
  request.body = body;
  return request;
}

constexpr const char* kForm = "application/x-www-form-urlencoded";

WebhookDemands demands(const WebhookTrigger& trigger) {
  auto made = WebhookDemands::make(trigger);
  REQUIRE_MESSAGE(made.ok(), (made.ok() ? "" : made.error().text()));
  return std::move(made).value();
}

WebhookTrigger with_when(const std::string& when) {
  WebhookTrigger trigger{"deploy", {"hook"}};
  trigger.when = when;
  return trigger;
}

WebhookTrigger with_params(Variables params) {
  WebhookTrigger trigger{"deploy", {"hook"}};
  trigger.params = std::move(params);
  return trigger;
}

ExpressionContext context_of(const std::string& payload) {
  ExpressionContext context;
  auto json = Json::parse(payload);
  REQUIRE(json.ok());
  context.roots.set("payload", std::move(json).value());
  Json host;
  host.set("name", "edge-01").set("labels", Json::object().set("site", "berlin"));
  context.roots.set("host", std::move(host));
  return context;
}

bool holds(const std::string& when, const std::string& payload = "{}") {
  const auto judged = demands(with_when(when)).judge(context_of(payload));
  REQUIRE(judged.ok());
  return judged->has_value();
}

TEST_CASE("a payload is the body, or a form's field as GitHub sends it") {
  CHECK((*parse_payload(delivery(R"({"ref":"main"})")))["ref"].as_string() == "main");
  CHECK((*parse_payload(delivery("[1,2]", "application/vnd.x+json"))).items().size() == 2);
  const std::string form = "payload=%7B%22ref%22%3A+%22a%2Bb%22%7D";
  CHECK((*parse_payload(delivery(form, kForm)))["ref"].as_string() == "a+b");
  CHECK((*parse_payload(delivery("x=1&" + form, std::string(kForm) + "; charset=utf-8")))["ref"]
            .as_string() == "a+b");
}

TEST_CASE("what is no payload is refused, whatever it costs to find out") {
  const std::string deep(500'000, '[');
  const std::string nested(limits::kJsonDepth + 1, '[');
  for (const std::string& body :
       {std::string(), std::string("x"), std::string("{\"a\":1,\"a\":2}"), deep,
        deep + std::string(500'000, ']'), nested + std::string(nested.size(), ']'),
        std::string("{\"a\":\"\xff\"}"), std::string("{} {}"), std::string("payload={}")}) {
    CAPTURE(body.substr(0, 40));
    const auto json = parse_payload(delivery(body));
    REQUIRE_FALSE(json.ok());
    CHECK(json.error().kind == ErrorKind::kInvalid);
    CHECK(json.error().message.starts_with("the payload cannot be read: "));
  }
  for (const std::string& form :
       {std::string("a=1"), std::string("payload"), std::string("payload={}&payload={}"),
        std::string("payload=%zz"), "payload=" + deep}) {
    CAPTURE(form.substr(0, 40));
    CHECK_FALSE(parse_payload(delivery(form, kForm)).ok());
  }
  const std::string allowed(limits::kJsonDepth, '[');
  CHECK(parse_payload(delivery(allowed + std::string(allowed.size(), ']'))).ok());
}

TEST_CASE("events: all without a list, else the named ones; no event is none of them") {
  WebhookTrigger trigger{"deploy", {"hook"}};
  CHECK(demands(trigger).covers_event("push"));
  CHECK(demands(trigger).covers_event(""));
  trigger.events = {"push", "release"};
  CHECK(demands(trigger).covers_event("release"));
  CHECK_FALSE(demands(trigger).covers_event("Push"));
  CHECK_FALSE(demands(trigger).covers_event("pull_request"));
  CHECK_FALSE(demands(trigger).covers_event(""));
}

TEST_CASE("the payload is needed only where an expression names it") {
  CHECK_FALSE(demands(with_when("")).needs_payload());
  CHECK_FALSE(demands(with_when("${{ host.name == 'a' }}")).needs_payload());
  CHECK_FALSE(demands(with_params({{"level", "payload"}})).needs_payload());
  CHECK(demands(with_when("${{ host.name == payload.host }}")).needs_payload());
  CHECK(demands(with_params({{"ref", "at ${{ payload.ref }}"}})).needs_payload());
}

TEST_CASE("a condition over payload and host") {
  const std::string main = "${{ payload.ref == 'refs/heads/main' }}";
  CHECK(holds(main, R"({"ref":"refs/heads/main"})"));
  CHECK_FALSE(holds(main, R"({"ref":"refs/heads/other"})"));
  CHECK_FALSE(holds(main, "[]"));
  CHECK_FALSE(holds("${{ payload.a.b.c }}", R"({"a":[1]})"));
  CHECK(holds("${{ host.labels.site == 'berlin' && host.name == 'edge-01' }}"));
  CHECK_FALSE(holds("${{ host.labels.site == 'paris' }}"));
  CHECK(holds("true"));
  CHECK_FALSE(holds("false"));
}

TEST_CASE("a condition that cannot be evaluated is an error, not a no") {
  const auto judged = demands(with_when("${{ matches('a', payload.regex) }}"))
                          .judge(context_of(R"({"regex":"("})"));
  REQUIRE_FALSE(judged.ok());
  CHECK(judged.error().message.starts_with("the trigger's 'when': "));
}

TEST_CASE("params are the text of their value, and null is as if not given") {
  const auto judged =
      demands(with_params({{"number", "${{ payload.n }}"},
                           {"flag", "${{ payload.flag }}"},
                           {"text", "at ${{ payload.t }} on ${{ host.name }}"},
                           {"list", "${{ payload.list }}"},
                           {"plain", "as it is"},
                           {"missing", "${{ payload.none }}"},
                           {"empty", "${{ payload.empty }}"}}))
          .judge(context_of(R"({"n":12,"flag":false,"t":"$x; y","list":[1,"a"],"empty":""})"));
  REQUIRE(judged.ok());
  REQUIRE(judged->has_value());
  CHECK(**judged == Variables{{"number", "12"},
                              {"flag", "false"},
                              {"text", "at $x; y on edge-01"},
                              {"list", R"([1,"a"])"},
                              {"plain", "as it is"},
                              {"empty", ""}});
}

TEST_CASE("a param over its bound is an error that names it") {
  const std::string text(limits::kParamValueBytes + 1, 'x');
  const auto judged = demands(with_params({{"ref", "${{ payload.t }}"}}))
                          .judge(context_of(R"({"t":")" + text + "\"}"));
  REQUIRE_FALSE(judged.ok());
  CHECK(judged.error().message == "param 'ref' is over 4096 bytes");
}

}  // namespace
}  // namespace pawl::http
