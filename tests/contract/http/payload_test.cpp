// POST /hooks/... where triggers look into the delivery: events, conditions and params, over real sockets.
#include <doctest/doctest.h>

#include "served_world.h"

namespace pawl::test {
namespace {

constexpr const char* kPush = "X-GitHub-Event: push\r\n";
constexpr const char* kMain = R"({"ref":"refs/heads/main","after":"c0ffee","count":3})";

Pipeline listener(const std::string& name, WebhookTrigger trigger) {
  Pipeline pipeline = make_tidy();
  pipeline.name = name;
  pipeline.triggers = {std::move(trigger)};
  return pipeline;
}

WebhookTrigger on_deploy(const std::string& secret = "hook") {
  return WebhookTrigger{"deploy", {secret}};
}

void publish(ServedWorld& world, const std::vector<Pipeline>& pipelines) {
  std::vector<PipelinePtr> list;
  for (const Pipeline& pipeline : pipelines) {
    list.push_back(std::make_shared<const Pipeline>(pipeline));
  }
  AgentSnapshot snapshot = *world.control.snapshot();
  snapshot.pipelines = std::make_shared<const std::vector<PipelinePtr>>(std::move(list));
  world.control.publish(snapshot);
}

std::string names_of(const std::vector<WebhookTarget>& targets) {
  std::string names;
  for (const WebhookTarget& target : targets) names += target.pipeline + " ";
  return names;
}

WebhookTrigger from_main() {
  WebhookTrigger trigger = on_deploy();
  trigger.when = "${{ payload.ref == 'refs/heads/main' }}";
  trigger.params = {{"commit", "${{ payload.after }}"},
                    {"count", "${{ payload.count }}"},
                    {"who", "${{ payload.pusher.name }}"},
                    {"site", "${{ host.labels.site }}"}};
  trigger.starts = {0};
  return trigger;
}

TEST_CASE("a trigger's condition decides, and its params and tasks are passed on") {
  ServedWorld world;
  publish(world, {listener("ship", from_main())});
  const RawAnswer answer = world.hook("deploy", kHookSecret, kMain);
  CHECK(answer.status == 202);
  REQUIRE(world.control.webhook_requests().size() == 1);
  const WebhookTarget target = world.control.webhook_requests()[0].targets.at(0);
  CHECK(target.params == Variables{{"commit", "c0ffee"}, {"count", "3"}, {"site", "berlin"}});
  CHECK(target.starts == std::vector<std::uint32_t>{0});

  const RawAnswer other = world.hook("deploy", kHookSecret, R"({"ref":"refs/heads/x"})");
  CHECK(other.status == 200);
  CHECK(json_of(other)["run_id"].is_null());
  CHECK(json_of(other)["deliveries"].items().empty());
  CHECK(world.control.webhook_requests().size() == 1);
}

TEST_CASE("a form is looked into as GitHub sends it") {
  ServedWorld world;
  publish(world, {listener("ship", from_main())});
  const std::string body =
      "payload=%7B%22ref%22%3A%22refs%2Fheads%2Fmain%22%2C%22after%22%3A%22a+b%22%7D";
  const RawAnswer answer = ask(world.servers->webhooks_port(), "POST /hooks/deploy",
                               "Content-Type: application/x-www-form-urlencoded\r\n" +
                                   ServedWorld::signature(kHookSecret, body),
                               body);
  CHECK(answer.status == 202);
  REQUIRE(world.control.webhook_requests().size() == 1);
  CHECK(world.control.webhook_requests()[0].targets.at(0).params.at(0).second == "a b");
}

TEST_CASE("events are the sender's header; without it a trigger that names some is not meant") {
  ServedWorld world;
  WebhookTrigger pushes = on_deploy();
  pushes.events = {"push", "create"};
  publish(world, {listener("all", on_deploy()), listener("pushes", pushes)});
  const auto meant = [&](const std::string& headers) {
    CHECK(world.hook("deploy", kHookSecret, "{}", headers).status == 202);
    return names_of(world.control.webhook_requests().back().targets);
  };
  CHECK(meant(kPush) == "all pushes ");
  CHECK(meant("X-GitHub-Event: create\r\n") == "all pushes ");
  CHECK(meant("X-GitHub-Event: issues\r\n") == "all ");
  CHECK(meant("") == "all ");
  CHECK(meant(std::string(kPush) + kPush) == "all ");
}

TEST_CASE("a pipeline gets one run of a delivery, by the first of its triggers that is meant") {
  ServedWorld world;
  WebhookTrigger first = on_deploy();
  first.when = "${{ payload.ref == 'a' }}";
  first.params = {{"by", "first"}};
  WebhookTrigger second = on_deploy();
  second.params = {{"by", "second"}};
  Pipeline both = listener("both", first);
  both.triggers.emplace_back(second);
  publish(world, {both});
  CHECK(world.hook("deploy", kHookSecret, R"({"ref":"a"})").status == 202);
  CHECK(world.hook("deploy", kHookSecret, R"({"ref":"b"})").status == 202);
  const auto requests = world.control.webhook_requests();
  REQUIRE(requests.size() == 2);
  REQUIRE(requests[0].targets.size() == 1);
  CHECK(requests[0].targets[0].params == Variables{{"by", "first"}});
  REQUIRE(requests[1].targets.size() == 1);
  CHECK(requests[1].targets[0].params == Variables{{"by", "second"}});
}

TEST_CASE("the body is looked into only once it is signed, and only for who needs it") {
  ServedWorld world;
  publish(world, {listener("blind", on_deploy("other-hook")), listener("ship", from_main())});
  const std::string no_json = "no json";
  CHECK(world.hook("deploy", "wrong", no_json).status == 401);
  CHECK(world.hook("deploy", "another secret", no_json).status == 202);
  const RawAnswer answer = world.hook("deploy", kHookSecret, no_json);
  CHECK(answer.status == 400);
  CHECK(contains(detail_of(answer), "the payload cannot be read"));
  CHECK(world.control.webhook_requests().size() == 1);
}

TEST_CASE("hostile payloads are refused and do no harm") {
  ServedWorld world(limits::kWebhookBodyBytes);
  publish(world, {listener("ship", from_main())});
  const std::string half(limits::kWebhookBodyBytes / 2, '[');
  for (const std::string& body :
       {half + std::string(half.size(), ']'), std::string(limits::kWebhookBodyBytes, '['),
        std::string(R"({"ref":"refs/heads/main","ref":"refs/heads/x"})"), std::string()}) {
    CHECK(world.hook("deploy", kHookSecret, body).status == 400);
  }
  std::string wide = R"({"ref":"refs/heads/main","list":[0)";
  while (wide.size() < limits::kWebhookBodyBytes - 10) wide += ",0";
  CHECK(world.hook("deploy", kHookSecret, wide + "]}").status == 202);
  CHECK(world.hook("deploy", kHookSecret, kMain).status == 202);
}

TEST_CASE("what does not fit is 422 with the reason, and holds no other pipeline up") {
  ServedWorld world;
  WebhookTrigger bad = on_deploy();
  bad.when = "${{ matches('a', payload.regex) }}";
  publish(world, {listener("bad", bad), listener("good", on_deploy())});
  const RawAnswer answer = world.hook("deploy", kHookSecret, R"({"regex":"("})");
  CHECK(answer.status == 422);
  CHECK(detail_of(answer).starts_with("pipeline 'bad': the trigger's 'when': "));
  REQUIRE(world.control.webhook_requests().size() == 1);
  CHECK(names_of(world.control.webhook_requests()[0].targets) == "good ");

  world.control.fail(Error{ErrorKind::kInvalid, "param 'level' must be full or delta", ""});
  const RawAnswer unfit = world.hook("deploy", kHookSecret, R"({"regex":"b"})");
  CHECK(unfit.status == 422);
  CHECK(detail_of(unfit) == "param 'level' must be full or delta");
}

TEST_CASE("a trigger of a provider whose signatures are not known here does not listen") {
  ServedWorld world;
  WebhookTrigger gitlab = on_deploy();
  gitlab.provider = "gitlab";
  publish(world, {listener("later", gitlab)});
  CHECK(world.hook("deploy", kHookSecret, "{}").status == 404);
  publish(world, {listener("later", gitlab), listener("now", on_deploy())});
  CHECK(world.hook("deploy", kHookSecret, "{}").status == 202);
  CHECK(names_of(world.control.webhook_requests().back().targets) == "now ");
}

}  // namespace
}  // namespace pawl::test
