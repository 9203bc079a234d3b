#include "http/explain_view.h"

#include <doctest/doctest.h>

#include "support/http_world.h"

namespace pawl::http {
namespace {

using test::at;
using test::HttpWorld;

HostConfig make_host() {
  HostConfig host;
  host.host_name = "edge-01";
  host.labels = {{"site", "berlin"}};
  host.policy.images = {"alpine:*"};
  return host;
}

Json explained(const Pipeline& pipeline, const HostConfig& host = make_host(),
               const PipelineStanding& standing = {}) {
  const HttpWorld world;
  return pipeline_explanation_json(pipeline, standing, host, world.control, at("12:00:00"));
}

std::string ids_by_level(const Json& pipeline) {
  std::string text;
  for (const Json& task : pipeline["tasks"].items()) {
    text += std::to_string(task["level"].as_integer()) + task["id"].as_string() + " ";
  }
  return text;
}

Pipeline with_cron(const std::string& expression, const std::string& zone) {
  Pipeline pipeline = test::make_nightly();
  pipeline.triggers = {CronTrigger{*CronSchedule::parse(expression, false), *Zone::load(zone)}};
  return pipeline;
}

TEST_CASE("the tasks have their levels, and every default is filled in") {
  Pipeline pipeline = test::make_nightly();
  Task page;
  page.id = "page";
  page.hook = Hook::kOnFailure;
  pipeline.tasks.push_back(page);
  const Json json = explained(pipeline);
  CHECK(ids_by_level(json) == "0fetch 1left 1right 2join 0page ");
  const Json& fetch = json["tasks"].items()[0];
  CHECK(fetch["trigger_rule"].as_string() == "all_success");
  CHECK(fetch["hook"].is_null());
  CHECK(fetch["kill_grace_ms"].as_integer() == limits::kKillGraceMs);
  CHECK(json["tasks"].items()[4]["hook"].as_string() == "on_failure");
}

TEST_CASE("whether it runs here, and why not") {
  Pipeline pipeline = test::make_nightly();
  CHECK(explained(pipeline)["runs_here"].as_bool());
  CHECK(explained(pipeline)["why_not"].is_null());
  pipeline.hosts.labels = {{"site", "paris"}};
  const Json json = explained(pipeline);
  CHECK_FALSE(json["runs_here"].as_bool(true));
  CHECK(json["why_not"].as_string() ==
        "hosts.labels is for site: paris; this host has site: berlin");
}

TEST_CASE("what the host's policy refuses by now is said once for all tasks") {
  HostConfig host = make_host();
  CHECK(explained(test::make_nightly(), host)["refused"].items().empty());
  host.policy.images = {"debian:*"};
  host.policy.networks = {"bridge"};
  host.policy.max_cpus_milli = 100;
  host.policy.max_memory_bytes = 1;
  host.policy.max_pids = 1;
  host.policy.max_timeout_ms = 1;
  const Json refused = explained(test::make_nightly(), host)["refused"];
  std::string reasons;
  for (const Json& reason : refused.items()) {
    CHECK(reason["tasks"].items().size() == 4);
    reasons += reason["why"].as_string() + "\n";
  }
  CHECK(reasons ==
        "'cpus' is 0.5; this host allows at most 0.1 (policy.max.cpus)\n"
        "'memory' is 256m; this host allows at most 1 (policy.max.memory)\n"
        "'pids' is 128; this host allows at most 1 (policy.max.pids)\n"
        "'timeout' is 1h; this host allows at most 1ms (policy.max.timeout)\n"
        "image \"alpine:3.20\" is not allowed on this host (policy.images names debian:*); add it, "
        "or a pattern such as \"alpine:*\", to policy.images in the host config\n"
        "network \"none\" is not allowed on this host (policy.networks names bridge); add it to "
        "policy.networks in the host config\n");
}

TEST_CASE("secrets are named, and whether they are there; their values are not") {
  Pipeline pipeline = test::make_nightly();
  pipeline.tasks[0].secrets = {{"db-password", "/run/secrets/db", ""}, {"hook", "", "TOKEN"}};
  const Json json = explained(pipeline);
  REQUIRE(json["secrets"].items().size() == 2);
  CHECK(json["secrets"].items()[0]["name"].as_string() == "db-password");
  CHECK_FALSE(json["secrets"].items()[0]["exists"].as_bool(true));
  CHECK(json["secrets"].items()[0]["error"].as_string() == "no such secret");
  CHECK(json["secrets"].items()[1]["exists"].as_bool());
  CHECK(json.dump().find(test::kHookSecret) == std::string::npos);
}

TEST_CASE("the next ticks, and those around a jump forward") {
  const Json json = explained(with_cron("30 2 * * *", "Europe/Berlin"));
  const Json& trigger = json["triggers"].items()[0];
  REQUIRE(trigger["ticks"].items().size() == 5);
  CHECK(trigger["ticks"].items()[0]["at"].as_string() == "2026-03-02T01:30:00.000Z");
  CHECK(trigger["ticks"].items()[0]["local"].as_string() == "2026-03-02T02:30:00+01:00");
  const Json& change = trigger["clock_change"];
  CHECK(change["at"].as_string() == "2026-03-29T01:00:00.000Z");
  CHECK(change["from"].as_string() == "+01:00");
  CHECK(change["to"].as_string() == "+02:00");
  CHECK(change["last_before"]["local"].as_string() == "2026-03-28T02:30:00+01:00");
  // The hour of its time is skipped: the first instant after the jump.
  CHECK(change["first_after"]["local"].as_string() == "2026-03-29T03:00:00+02:00");
}

TEST_CASE("the last tick before a clock change is found whatever the schedule") {
  const auto last_before = [](const std::string& expression) {
    return explained(with_cron(expression, "Europe/Berlin"))["triggers"]
        .items()[0]["clock_change"]["last_before"]["at"];
  };
  CHECK(last_before("* * * * *").as_string() == "2026-03-29T00:59:00.000Z");
  CHECK(last_before("@every 7s").as_string() == "2026-03-29T00:59:54.000Z");
  CHECK(last_before("0 0 15 3 *").as_string() == "2026-03-14T23:00:00.000Z");
  CHECK(last_before("0 0 1 7 *").is_null());
}

TEST_CASE("a zone whose clocks do not change has none, a suspended pipeline has no ticks") {
  const Json utc = explained(with_cron("0 2 * * *", "UTC"));
  CHECK(utc["triggers"].items()[0]["clock_change"].is_null());
  const Suspension suspension{at("11:00:00"), "uid 1000"};
  const Json suspended = explained(with_cron("0 2 * * *", "Europe/Berlin"), make_host(),
                                   PipelineStanding{nullptr, &suspension});
  CHECK(suspended["triggers"].items()[0]["ticks"].items().empty());
  CHECK(suspended["triggers"].items()[0]["clock_change"].is_null());
  CHECK(suspended["suspended"]["actor"].as_string() == "uid 1000");
}

TEST_CASE("what is for other hosts says why and where it is written") {
  SourceState source;
  source.name = "fleet";
  source.revision = "c1";
  const Json json = elsewhere_explanation_json(
      source, {"deploy", "deploy.yaml", 7, "hosts.names is for core-*"}, make_host());
  CHECK(json["name"].as_string() == "deploy");
  CHECK(json["state"].as_string() == "elsewhere");
  CHECK_FALSE(json["runs_here"].as_bool(true));
  CHECK(json["why_not"].as_string() == "hosts.names is for core-*");
  CHECK(json["origin"]["file"].as_string() == "deploy.yaml");
  CHECK(json["origin"]["line"].as_integer() == 7);
  CHECK(json["host"]["labels"]["site"].as_string() == "berlin");
  const Json refused = elsewhere_explanation_json(
      source, {"deploy", "deploy.yaml", 7, "too much", true}, make_host());
  CHECK(refused["state"].as_string() == "refused");
  CHECK(refused["why_not"].as_string() == "too much");
}

}  // namespace
}  // namespace pawl::http
