// What triggers ask of their runs: values of params, tasks to begin with, a part of the splay.
#include <set>

#include "loading.h"
#include "model/limits.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

// An image without a digest would be a warning.
const std::string kDigest = "alpine@sha256:" + std::string(64, 'a');

// The triggers' item begins in line 2, column 12.
std::string with_trigger(const std::string& trigger, const std::string& params = "") {
  return "name: p\ntriggers: [{" + trigger + "}]\n" +
         (params.empty() ? "" : "params: [" + params + "]\n") + "defaults: {image: '" + kDigest +
         "'}\n"
         "tasks: [{id: build}, {id: test, depends_on: build}, {id: ship}]\n";
}

template <typename Kind>
Kind trigger_of(const std::string& text, const HostConfig& host = permissive_host()) {
  return std::get<Kind>(pipeline_of(text, host).triggers.at(0));
}

HostConfig host_named(const std::string& name) {
  HostConfig host = permissive_host();
  host.host_name = name;
  return host;
}

constexpr const char* kLevel = "{name: level, enum: [full, delta]}";
constexpr const char* kCount = "{name: count, type: integer, default: 1}";

}  // namespace

TEST_CASE("splay gives each host and pipeline a fixed offset of whole seconds") {
  const std::string text = with_trigger("cron: '@daily', splay: 90s");
  std::set<std::int64_t> offsets;
  for (int i = 0; i < 200; ++i) {
    const HostConfig host = host_named("edge-" + std::to_string(i));
    const auto cron = trigger_of<CronTrigger>(text, host);
    CHECK(cron.splay_ms == 90'000);
    CHECK(cron.offset_ms >= 0);
    CHECK(cron.offset_ms < 90'000);
    CHECK(cron.offset_ms % 1000 == 0);
    CHECK(trigger_of<CronTrigger>(text, host).offset_ms == cron.offset_ms);
    offsets.insert(cron.offset_ms);
  }
  CHECK(offsets.size() > 60);  // of 90
  // Hosts keep their place from one version of pawl to the next: sha256("edge-01\0p"), by sha256sum.
  CHECK(trigger_of<CronTrigger>(text, host_named("edge-01")).offset_ms == 19'000);
  CHECK(trigger_of<CronTrigger>(with_trigger("cron: '@daily'")).offset_ms == 0);
}

TEST_CASE("what is wrong with a splay") {
  CHECK(problems_of(with_trigger("cron: '@daily', splay: 25h")) ==
        Lines{"2:36: 'splay' must be from 1s to 1d, not \"25h\""});
  CHECK(problems_of(with_trigger("webhook: x, splay: 5m")) ==
        Lines{"2:25: 'splay' belongs to cron triggers only"});
  CHECK(problems_of(with_trigger("cron: '@daily', jitter: 5m")) ==
        Lines{"2:29: unknown key \"jitter\" in a trigger; use 'splay'"});
}

TEST_CASE("a splay as long as the time between two ticks is a warning") {
  CHECK(warnings_of(with_trigger("cron: '*/5 * * * *', splay: 5m")) ==
        Lines{"2:41: 'splay' (5m) is not shorter than the time between two ticks (5m), so that a "
              "tick may come after the next one's time"});
  CHECK(warnings_of(with_trigger("cron: '*/5 * * * *', splay: 299s")).empty());
  CHECK(warnings_of(with_trigger("cron: '58,0 3 * * *', splay: 57m")).empty());
  CHECK(warnings_of(with_trigger("cron: '58,0 3 * * *', splay: 58m")).size() == 1);
}

TEST_CASE("a schedule that never fires is a warning") {
  CHECK(
      warnings_of(with_trigger("cron: '0 0 31 2 *', splay: 1m")) ==
      Lines{"2:19: cron expression \"0 0 31 2 *\" never fires: no such time comes within 8 years"});
  CHECK(warnings_of(with_trigger("cron: '0 0 29 2 *'")).empty());
}

TEST_CASE("triggers give params values, in either place of a trigger with a long form") {
  const std::string params = std::string(kLevel) + ", " + kCount;
  const Variables expected{{"count", "3"}, {"level", "full"}};
  const std::string given = "params: {count: 3, level: full}";
  CHECK(trigger_of<CronTrigger>(with_trigger("cron: '@daily', " + given, params)).params ==
        expected);
  CHECK(trigger_of<WebhookTrigger>(with_trigger("webhook: x, " + given, params)).params ==
        expected);
  CHECK(trigger_of<WebhookTrigger>(with_trigger("webhook: {path: x, " + given + "}", params))
            .params == expected);
  CHECK(trigger_of<PipelineTrigger>(with_trigger("pipeline: q, " + given, params)).params ==
        expected);
  CHECK(trigger_of<PipelineTrigger>(with_trigger("pipeline: {name: q, " + given + "}", params))
            .params == expected);
  CHECK(problems_of(
            with_trigger("pipeline: {name: q, params: {count: 1}}, params: {count: 2}", kCount)) ==
        Lines{"2:54: 'params' is given twice for this trigger; the other is in line 2"});
}

TEST_CASE("values of params are checked where they are written") {
  CHECK(problems_of(with_trigger("cron: '@daily', params: {count: many, levl: full}",
                                 std::string(kCount) + ", " + kLevel)) ==
        Lines{"2:12: cron \"@daily\" gives param \"level\" no value, and it has no default; write "
              "'params: {level: …}' into the trigger, or give the param a default",
              "2:45: param 'count' takes an integer, not 'many'",
              "2:51: the pipeline has no param \"levl\"; did you mean 'level'?"});
  CHECK(problems_of(with_trigger("cron: '@daily', params: {level: half, count: }",
                                 std::string(kCount) + ", " + kLevel)) ==
        Lines{"2:45: param 'level' takes one of full, delta, not 'half'",
              "2:51: 'count' has no value; write \"\" if it is meant to be empty"});
  CHECK(problems_of(with_trigger("pipeline: q, params: {x: 1}")) ==
        Lines{"2:35: the pipeline has no param \"x\"; list it in the pipeline's 'params'"});
  CHECK(problems_of(with_trigger("pipeline: q, params: [x]")) ==
        Lines{"2:34: 'params' must be a mapping (key: value), not a list"});
}

TEST_CASE("a param without default must have a value from every trigger") {
  const std::string remedy =
      " gives param \"level\" no value, and it has no default; write 'params: {level: …}' into the "
      "trigger, or give the param a default";
  CHECK(problems_of(with_trigger("cron: '0 2 * * *'}, {cron: '@daily', params: {level: full}",
                                 kLevel)) == Lines{"2:12: cron \"0 2 * * *\"" + remedy});
  CHECK(problems_of(with_trigger("webhook: hooks/x", kLevel)) ==
        Lines{"2:12: webhook \"hooks/x\"" + remedy});
  CHECK(problems_of(with_trigger("pipeline: q", kLevel)) ==
        Lines{"2:12: the trigger on success of pipeline \"q\"" + remedy});
  // A default that is wrong is one problem, not two.
  CHECK(problems_of(with_trigger("cron: '@daily'", "{name: count, type: integer, default: x}")) ==
        Lines{"3:48: param 'count' takes an integer, not 'x'"});
}

TEST_CASE("triggers name the tasks that their runs begin with") {
  using Starts = std::vector<std::uint32_t>;
  CHECK(trigger_of<CronTrigger>(with_trigger("cron: '@daily', tasks: [ship, build]")).starts ==
        Starts{0, 2});
  CHECK(trigger_of<CronTrigger>(with_trigger("cron: '@daily', tasks: test")).starts == Starts{1});
  CHECK(trigger_of<WebhookTrigger>(with_trigger("webhook: {path: x, tasks: [ship]}")).starts ==
        Starts{2});
  CHECK(trigger_of<WebhookTrigger>(with_trigger("webhook: x, tasks: [ship]")).starts == Starts{2});
  CHECK(trigger_of<CronTrigger>(with_trigger("cron: '@daily'")).starts.empty());
}

TEST_CASE("what is wrong with a trigger's tasks") {
  CHECK(problems_of(with_trigger("cron: '@daily', tasks: [biuld, ship, ship]")) ==
        Lines{"2:37: no task \"biuld\" in this pipeline; did you mean 'build'?",
              "2:50: 'tasks' has \"ship\" twice"});
  CHECK(problems_of(with_trigger("webhook: {path: x, tasks: []}")) ==
        Lines{"2:39: 'tasks' is an empty list; leave it out to run the whole pipeline"});
  CHECK(problems_of(with_trigger("pipeline: q, tasks: [ship]")) ==
        Lines{"2:26: 'tasks' belongs to cron and webhook triggers only"});
  CHECK(problems_of("name: p\ntriggers: [{cron: '@daily', tasks: [a]}]\ntasks: []\n") ==
        Lines{"3:8: 'tasks' is empty; a pipeline has at least one task"});
}

TEST_CASE("the long form of a webhook") {
  const auto webhook = trigger_of<WebhookTrigger>(
      with_trigger("webhook: {path: x, events: [push, 'repo:push', pull_request]}"));
  CHECK(webhook.provider == "github");
  CHECK(webhook.events == std::vector<std::string>{"push", "repo:push", "pull_request"});
  CHECK(problems_of(with_trigger("webhook: {path: x, events: [Push Hook, push, push]}")) ==
        Lines{"2:41: \"Push Hook\" is not an event's name: a-z 0-9 _ . : -, such as push",
              "2:58: 'events' has \"push\" twice"});
  CHECK(problems_of(with_trigger("webhook: {path: x, events: []}")) ==
        Lines{"2:40: 'events' is an empty list; leave it out to take every event"});
  std::string many = "webhook: {path: x, events: [e0";
  for (std::size_t i = 1; i <= limits::kWebhookEvents; ++i) many += ", e" + std::to_string(i);
  CHECK(problems_of(with_trigger(many + "]}")) ==
        Lines{"2:40: 'events' has 33 names; at most 32 are allowed"});
  CHECK(problems_of(with_trigger("webhook: x, secret: y")) ==
        Lines{"2:25: unknown key \"secret\" in a trigger; use 'webhook: {path: …, secret: …}'"});
}

TEST_CASE("a webhook's condition and params are expressions over the payload and the host") {
  const std::string params = std::string(kLevel) + ", " + kCount;
  const auto webhook = trigger_of<WebhookTrigger>(
      with_trigger("webhook: {path: x, when: \"${{ payload.ref == 'refs/heads/main' }}\", "
                   "params: {level: '${{ payload.level }}', count: '${{ host.labels.count }}'}}",
                   params));
  CHECK(webhook.when == "${{ payload.ref == 'refs/heads/main' }}");
  CHECK(webhook.params ==
        Variables{{"level", "${{ payload.level }}"}, {"count", "${{ host.labels.count }}"}});
  CHECK(trigger_of<WebhookTrigger>(with_trigger("webhook: {path: x, when: true}")).when.empty());
  CHECK(trigger_of<WebhookTrigger>(with_trigger("webhook: {path: x, when: false}")).when ==
        "${{ false }}");
}

TEST_CASE("what is wrong with a webhook's expressions") {
  const auto problem = [](const std::string& keys) {
    const Lines problems = problems_of(with_trigger("webhook: {path: x, " + keys + "}", kCount));
    return problems.size() == 1 ? problems.front() : std::to_string(problems.size()) + " problems";
  };
  CHECK(problem("when: '${{ payload.a }} x'") ==
        "2:38: 'when' is one ${{ ... }} with nothing around it, or true or false");
  CHECK(problem("when: '${{ paylod.a }}'").starts_with("2:43: "));
  CHECK(problem("when: '${{ params.count }}'").starts_with("2:43: "));
  CHECK(problem("when: '${{ success() }}'") ==
        "2:38: success(), failure() and always() say nothing in 'when': there is no run yet");
  CHECK(problem("params: {count: '${{ run.id }}'}").starts_with("2:53: "));
  CHECK(problem("params: {count: '${{ 1 + }}'}").find("bad expression in 'count'") !=
        std::string::npos);
  // What is known beforehand has to be right.
  CHECK(problem("params: {count: \"${{ 'many' }}\"}") ==
        "2:48: param 'count' takes an integer, not 'many'");
  CHECK(problem("params: {count: many}") == "2:48: param 'count' takes an integer, not 'many'");
  CHECK(problems_of(with_trigger("cron: '@daily', params: {count: '${{ payload.n }}'}", kCount))
            .size() == 1);
}

TEST_CASE("a task with a matrix starts with all its instances, a hook never") {
  const std::string text =
      "defaults: {image: i}\ntasks: [{id: a}, {id: b, matrix: {x: [1, 2]}}]\n"
      "on_failure: [{id: page}]\n";
  CHECK(trigger_of<CronTrigger>("name: p\ntriggers: [{cron: '@daily', tasks: [b]}]\n" + text)
            .starts == std::vector<std::uint32_t>{1, 2});
  CHECK(problems_of("name: p\ntriggers: [{cron: '@daily', tasks: [page]}]\n" + text) ==
        Lines{"2:37: task \"page\" is one of 'on_failure', which follow a run's end; a trigger "
              "starts the others only"});
}

TEST_CASE("deliveries of other providers than GitHub are refused for now, and a warning says so") {
  CHECK(warnings_of(with_trigger("webhook: {path: x, provider: github}")).empty());
  for (const std::string provider : {"gitlab", "gitea", "forgejo", "bitbucket", "standard"}) {
    const std::string text = with_trigger("webhook: {path: x, provider: " + provider + "}");
    CHECK(trigger_of<WebhookTrigger>(text).provider == provider);
    CHECK(warnings_of(text) ==
          Lines{"2:42: deliveries of provider \"" + provider +
                "\" are taken by a later version of pawl; this one refuses them"});
  }
}
