// Params, the content hash, and a pipeline's way through JSON.
#include "model/pipeline.h"

#include <doctest/doctest.h>

#include <functional>
#include <set>

#include "model/pipeline_json.h"
#include "sample_pipeline.h"

using namespace pawl;

namespace {

Json sample_json() { return to_json(sample_pipeline()); }

std::string read_error(const Json& json) {
  const auto read = pipeline_from_json(json);
  if (read.ok()) return "";
  CHECK(read.error().kind == ErrorKind::kCorrupt);
  return read.error().message;
}

// The sample with one member of its only-changed task or trigger replaced.
Json with(std::string_view list, std::size_t index, std::string_view key, Json value) {
  Json json = sample_json();
  Json::Array items = json[list].items();
  items.at(index).set(key, std::move(value));
  json.set(list, std::move(items));
  return json;
}

Json without(const Json& json, std::string_view key) {
  Json::Object members;
  for (const auto& [name, value] : json.members()) {
    if (name != key) members.emplace_back(name, value);
  }
  return Json(std::move(members));
}

// Applies `change` to every object in the tree.
Json everywhere(const Json& json, const std::function<Json(Json)>& change) {
  if (json.is_array()) {
    Json::Array items;
    for (const Json& item : json.items()) items.push_back(everywhere(item, change));
    return Json(std::move(items));
  }
  if (!json.is_object()) return json;
  Json::Object members;
  for (const auto& [name, value] : json.members()) {
    members.emplace_back(name, name == "env" ? value : everywhere(value, change));
  }
  return change(Json(std::move(members)));
}

std::string resolve_error(const Variables& given, const Pipeline& pipeline = sample_pipeline()) {
  const auto resolved = resolve_params(pipeline, given);
  REQUIRE_FALSE(resolved.ok());
  CHECK(resolved.error().kind == ErrorKind::kInvalid);
  return resolved.error().message;
}

}  // namespace

TEST_CASE("a pipeline survives JSON, as a tree and as text") {
  const Pipeline pipeline = sample_pipeline();
  const Json json = to_json(pipeline);
  CHECK(json.members().back().first == "origin");
  CHECK(equal(pipeline_from_json(json).value(), pipeline));
  for (const int indent : {-1, 2}) {
    const auto parsed = Json::parse(json.dump(indent));
    REQUIRE(parsed.ok());
    CHECK(equal(pipeline_from_json(*parsed).value(), pipeline));
  }
}

TEST_CASE("the JSON form is what stored snapshots have") {
  Pipeline pipeline;
  pipeline.name = "p";
  pipeline.triggers.emplace_back(CronTrigger{CronSchedule::parse("@daily", false).value(), Zone()});
  pipeline.tasks.push_back(Task{});
  pipeline.tasks[0].id = "t";
  pipeline.tasks[0].image = "i";
  CHECK(to_json(pipeline).dump() ==
        R"({"name":"p","title":"","description":"",)"
        R"("triggers":[{"type":"cron","expression":"@daily","seconds":false,"timezone":"UTC"}],)"
        R"("params":[],"tasks":[{"id":"t","image":"i","command":[],"depends_on":[],"env":{},)"
        R"("cpus_milli":1000,"memory_bytes":268435456,"pids":128,"timeout_ms":3600000,)"
        R"("retries":{"limit":0,"delay_ms":10000,"backoff_percent":200,"max_delay_ms":300000,)"
        R"("on":["failed","lost"]},"network":"none","user":"65534","read_only":true}],)"
        R"("origin":{"source":"","file":"","line":0,"revision":""}})");
}

TEST_CASE("missing and null members take the model's default") {
  const auto read = pipeline_from_json(Json::parse(R"({"name":"p","tasks":[{"id":"t"}]})").value());
  REQUIRE(read.ok());
  Pipeline expected;
  expected.name = "p";
  expected.tasks.push_back(Task{});
  expected.tasks[0].id = "t";
  CHECK(equal(*read, expected));
  const auto nulls = pipeline_from_json(
      Json::parse(
          R"({"name":"p","title":null,"triggers":null,"params":null,"origin":null,"tasks":[{"id":"t",
        "env":null,"command":null,"retries":null,"depends_on":null,"pids":null,"read_only":null}]})")
          .value());
  REQUIRE(nulls.ok());
  CHECK(equal(*nulls, expected));
}

TEST_CASE("unknown members are ignored, at every level") {
  const Json json = everywhere(sample_json(), [](Json object) {
    object.set("later_version", Json::array().push(Json::object()));
    return object;
  });
  CHECK(equal(pipeline_from_json(json).value(), sample_pipeline()));
}

TEST_CASE("what contradicts itself is corrupt, and the member is named") {
  CHECK(read_error(Json()) == "the pipeline must be an object");
  CHECK(read_error(Json(5)) == "the pipeline must be an object");
  CHECK(read_error(Json::object()) == "name is no valid name");
  CHECK(read_error(sample_json().set("name", 5)) == "name must be a string");
  CHECK(read_error(sample_json().set("name", "../x")) == "name is no valid name");
  CHECK(read_error(without(sample_json(), "tasks")) == "tasks must list at least one task");
  CHECK(read_error(sample_json().set("tasks", Json::array())) ==
        "tasks must list at least one task");
  CHECK(read_error(sample_json().set("tasks", "x")) == "tasks must be a list of at most 1000");
  CHECK(read_error(sample_json().set("tasks", Json::Array(1001, Json::object()))) ==
        "tasks must be a list of at most 1000");
  CHECK(read_error(sample_json().set("triggers", Json::Array(33, Json::object()))) ==
        "triggers must be a list of at most 32");
  CHECK(read_error(sample_json().set("origin", "here")) == "origin must be an object");
  CHECK(read_error(sample_json().set("origin", Json::object().set("line", -1))) ==
        "origin.line must be an integer from 0 to 4294967295");
}

TEST_CASE("corrupt tasks") {
  CHECK(read_error(with("tasks", 1, "id", "Bad Id")) == "tasks[1].id is no valid name");
  CHECK(read_error(with("tasks", 1, "id", "ship")) == "tasks[1].id 'ship' is another task's");
  CHECK(read_error(with("tasks", 2, "image", true)) == "tasks[2].image must be a string");
  CHECK(read_error(with("tasks", 2, "command", "ls")) ==
        "tasks[2].command must be a list of strings");
  CHECK(read_error(with("tasks", 2, "command", Json::array().push(1))) ==
        "tasks[2].command must be a list of strings");
  CHECK(read_error(with("tasks", 0, "env", Json::array())) ==
        "tasks[0].env must be an object of strings");
  CHECK(read_error(with("tasks", 0, "env", Json::object().set("A", 1))) ==
        "tasks[0].env must be an object of strings");
  CHECK(read_error(with("tasks", 0, "env", Json::Object{{"A", "1"}, {"A", "2"}})) ==
        "tasks[0].env has 'A' twice");
  CHECK(read_error(with("tasks", 0, "pids", -1)) ==
        "tasks[0].pids must be an integer from 0 to 9223372036854775807");
  CHECK(read_error(with("tasks", 0, "memory_bytes", 1.5)) ==
        "tasks[0].memory_bytes must be an integer from 0 to 9223372036854775807");
  CHECK(read_error(with("tasks", 0, "timeout_ms", limits::kTimeoutMaxMs + 1)) ==
        "tasks[0].timeout_ms must be an integer from 0 to 2678400000");
  CHECK(read_error(with("tasks", 0, "read_only", "yes")) ==
        "tasks[0].read_only must be true or false");
  CHECK(read_error(with("tasks", 0, "retries", 3)) == "tasks[0].retries must be an object");
  CHECK(read_error(with("tasks", 0, "retries", Json::object().set("limit", 101))) ==
        "tasks[0].retries.limit must be an integer from 0 to 100");
  CHECK(read_error(
            with("tasks", 0, "retries", Json::object().set("on", Json::array().push("rain")))) ==
        "tasks[0].retries.on must list failed, timeout, oom or lost, not 'rain'");
  CHECK(read_error(with("tasks", 1, "depends_on", Json::array().push("ghost"))) ==
        "tasks[1].depends_on names no task: 'ghost'");
  CHECK(read_error(with("tasks", 2, "depends_on", Json::array().push("dump").push("dump"))) ==
        "tasks[2].depends_on has 'dump' twice");
  CHECK(read_error(with("tasks", 1, "depends_on", Json::array().push("report"))) ==
        "tasks depend on each other in a circle: 'ship'");
}

TEST_CASE("corrupt triggers and params") {
  CHECK(read_error(with("triggers", 0, "type", "carrier-pigeon")) ==
        "triggers[0].type must be cron, webhook or pipeline, not 'carrier-pigeon'");
  CHECK(read_error(with("triggers", 0, "expression", "x * * * * *")) ==
        "triggers[0].expression is wrong: column 1: second: 'x' is no value; write 0-59");
  CHECK(read_error(with("triggers", 1, "timezone", "Mars/Base")) ==
        "triggers[1].timezone is wrong: unknown time zone 'Mars/Base'; write an IANA name like "
        "Europe/Berlin or UTC (capitals count)");
  CHECK(read_error(with("triggers", 2, "path", "")) ==
        "triggers[2].path must have 1 to 200 characters");
  CHECK(read_error(with("triggers", 2, "secrets", Json::array().push(Json()))) ==
        "triggers[2].secrets must be a list of strings");
  CHECK(read_error(with("params", 0, "name", "a b")) == "params[0].name is no param's name");
  CHECK(read_error(with("params", 1, "name", "level")) == "params[1].name is another param's");
  CHECK(read_error(with("params", 1, "type", "date")) ==
        "params[1].type must be string, integer, number or boolean, not 'date'");
  CHECK(read_error(with("params", 1, "default", 5)) == "params[1].default must be a string");
}

TEST_CASE("dependencies may be written in any order, and are kept rising") {
  const Json json = with("tasks", 2, "depends_on", Json::array().push("dump").push("ship"));
  CHECK(pipeline_from_json(json)->tasks[2].upstream == std::vector<std::uint32_t>{0, 1});
}

TEST_CASE("the content hash covers all but the origin") {
  const Pipeline pipeline = sample_pipeline();
  const Sha256 hash = content_hash(pipeline);
  Pipeline moved = pipeline;
  moved.origin = Origin{"elsewhere", "other.yaml", 1, "ffff"};
  CHECK(content_hash(moved) == hash);
  CHECK(content_hash(pipeline_from_json(to_json(moved)).value()) == hash);

  const std::vector<std::function<void(Pipeline&)>> changes = {
      [](Pipeline& p) { p.name = "other"; },
      [](Pipeline& p) { p.title.clear(); },
      [](Pipeline& p) { p.description += "."; },
      [](Pipeline& p) { p.triggers.pop_back(); },
      [](Pipeline& p) { std::get<CronTrigger>(p.triggers[0]).zone = Zone(); },
      [](Pipeline& p) { std::get<WebhookTrigger>(p.triggers[2]).secrets.pop_back(); },
      [](Pipeline& p) { p.params[0].fallback.reset(); },
      [](Pipeline& p) { p.params[3].fallback.reset(); },  // no default is not an empty one
      [](Pipeline& p) { p.params[0].type = ParamType::kNumber; },
      [](Pipeline& p) { p.tasks[0].image += "2"; },
      [](Pipeline& p) { p.tasks[0].command.pop_back(); },
      [](Pipeline& p) { p.tasks[2].upstream = {0}; },
      [](Pipeline& p) { std::swap(p.tasks[0].env[0], p.tasks[0].env[1]); },
      [](Pipeline& p) { p.tasks[0].cpus_milli += 1; },
      [](Pipeline& p) { p.tasks[0].memory_bytes += 1; },
      [](Pipeline& p) { p.tasks[0].pids += 1; },
      [](Pipeline& p) { p.tasks[0].timeout_ms += 1; },
      [](Pipeline& p) { p.tasks[0].retries.limit += 1; },
      [](Pipeline& p) { p.tasks[0].retries.delay_ms += 1; },
      [](Pipeline& p) { p.tasks[0].retries.backoff_percent += 1; },
      [](Pipeline& p) { p.tasks[0].retries.max_delay_ms += 1; },
      [](Pipeline& p) { p.tasks[0].retries.on.oom = false; },
      [](Pipeline& p) { p.tasks[0].network = "none"; },
      [](Pipeline& p) { p.tasks[0].user = "0"; },
      [](Pipeline& p) { p.tasks[0].read_only = true; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Pipeline changed = pipeline;
    changes[i](changed);
    CHECK(content_hash(changed) != hash);
  }
}

TEST_CASE("the content hash of one definition stays what stored runs have") {
  CHECK(hex(content_hash(sample_pipeline())) ==
        "6c565b16334373827c8202280f6ff3f34f11960ef80b603bdb56d13c9af50fdc");
}

TEST_CASE("catch-up, pipeline triggers, concurrency, priority and timeout survive JSON") {
  Pipeline pipeline = later_sample_pipeline();
  const auto survives = [&] {
    const auto read = pipeline_from_json(to_json(pipeline));
    REQUIRE(read.ok());
    CHECK(equal(*read, pipeline));
    CHECK(content_hash(*read) == content_hash(pipeline));
  };
  survives();
  pipeline.priority = 0;
  for (const OnConflict conflict : {OnConflict::kQueue, OnConflict::kSkip}) {
    pipeline.concurrency->on_conflict = conflict;
    survives();
  }
  const Json json = to_json(later_sample_pipeline());
  CHECK(json["triggers"].items()[0]["catchup"].as_string() == "all");
  CHECK(json["triggers"].items()[0]["deadline_ms"].as_integer() == 3'600'000);
  CHECK(json["triggers"].items()[1]["catchup"].as_string() == "none");
  CHECK(json["triggers"].items()[4].dump() ==
        R"({"type":"pipeline","name":"build","on":"failure"})");
  CHECK(json["concurrency"].dump() == R"({"group":"db","limit":3,"on_conflict":"replace"})");
  CHECK(json["priority"].as_integer() == 9);
  CHECK(json["timeout_ms"].as_integer() == 7'200'000);
}

TEST_CASE("each of these members changes the hash, and its default does not show in it") {
  const Pipeline plain = sample_pipeline();
  const std::vector<std::function<void(Pipeline&)>> changes = {
      [](Pipeline& p) { std::get<CronTrigger>(p.triggers[0]).catchup = Catchup::kNone; },
      [](Pipeline& p) { std::get<CronTrigger>(p.triggers[0]).catchup = Catchup::kAll; },
      [](Pipeline& p) { std::get<CronTrigger>(p.triggers[0]).deadline_ms = 1; },
      [](Pipeline& p) {
        p.triggers.emplace_back(PipelineTrigger{"b", UpstreamEnd::kSuccess});
      },
      [](Pipeline& p) {
        p.triggers.emplace_back(PipelineTrigger{"b", UpstreamEnd::kFailure});
      },
      [](Pipeline& p) {
        p.triggers.emplace_back(PipelineTrigger{"c", UpstreamEnd::kSuccess});
      },
      [](Pipeline& p) {
        p.concurrency = Concurrency{"g", 1, OnConflict::kQueue};
      },
      [](Pipeline& p) {
        p.concurrency = Concurrency{"h", 1, OnConflict::kQueue};
      },
      [](Pipeline& p) {
        p.concurrency = Concurrency{"g", 2, OnConflict::kQueue};
      },
      [](Pipeline& p) {
        p.concurrency = Concurrency{"g", 1, OnConflict::kSkip};
      },
      [](Pipeline& p) { p.priority = 4; },
      [](Pipeline& p) { p.timeout_ms = 1; },
      [](Pipeline& p) {
        p.tasks[0].mounts = {{"/srv/in", "/data", true}};
      },
      [](Pipeline& p) {
        p.tasks[0].mounts = {{"/srv/in", "/data", false}};
      },
      [](Pipeline& p) { p.tasks[0].cap_add = {"NET_ADMIN"}; },
      [](Pipeline& p) { p.tasks[0].privileged = true; },
  };
  std::set<std::string> hashes = {hex(content_hash(plain))};
  for (std::size_t i = 0; i < changes.size(); ++i) {
    CAPTURE(i);
    Pipeline changed = plain;
    changes[i](changed);
    CHECK(hashes.insert(hex(content_hash(changed))).second);
  }
  const std::string text = to_json(plain).dump();
  for (const char* member :
       {"catchup", "deadline_ms", "concurrency", "priority", "mounts", "cap_add", "privileged"}) {
    CAPTURE(member);
    CHECK(text.find(member) == std::string::npos);
  }
  CHECK(to_json(plain)["timeout_ms"].is_null());
}

TEST_CASE("what a task has of the host survives JSON") {
  Pipeline pipeline = sample_pipeline();
  Task& task = pipeline.tasks[0];
  task.mounts = {{"/srv/in", "/data", true}, {"/", "/out", false}};
  task.cap_add = {"CHOWN", "NET_ADMIN"};
  task.privileged = true;
  const Json json = to_json(pipeline);
  CHECK(json["tasks"].items()[0]["mounts"].dump() ==
        R"([{"source":"/srv/in","target":"/data","read_only":true},)"
        R"({"source":"/","target":"/out","read_only":false}])");
  const auto read = pipeline_from_json(json);
  REQUIRE(read.ok());
  CHECK(equal(*read, pipeline));
  CHECK(content_hash(*read) == content_hash(pipeline));
}

TEST_CASE("corrupt uses of the host") {
  const auto mount = [](Json source, Json target) {
    Json json = Json::object().set("source", std::move(source)).set("target", std::move(target));
    return with("tasks", 0, "mounts", Json::array().push(std::move(json)));
  };
  CHECK(read_error(mount("/a", "/b")).empty());
  CHECK(read_error(mount("/a/../b", "/b")) ==
        "tasks[0].mounts[0].source is no plain absolute path");
  CHECK(read_error(mount(Json(), "/b")) == "tasks[0].mounts[0].source is no plain absolute path");
  CHECK(read_error(mount("/a", "b")) == "tasks[0].mounts[0].target is no plain absolute path");
  CHECK(read_error(mount("/a", "/")) == "tasks[0].mounts[0].target is no plain absolute path");
  CHECK(read_error(mount(1, "/b")) == "tasks[0].mounts[0].source must be a string");
  CHECK(read_error(with("tasks", 0, "mounts", Json::Array(33, Json::object()))) ==
        "tasks[0].mounts must be a list of at most 32");
  const std::string sorted = "tasks[0].cap_add must list capabilities, sorted, each once";
  for (const Json::Array& capabilities :
       {Json::Array{"NET_ADMIN", "CHOWN"}, Json::Array{"CHOWN", "CHOWN"}, Json::Array{"chown"},
        Json::Array{"CAP_CHOWN"}, Json::Array{""}, Json::Array{"A B"}}) {
    CHECK(read_error(with("tasks", 0, "cap_add", capabilities)) == sorted);
  }
  CHECK(read_error(with("tasks", 0, "privileged", 1)) ==
        "tasks[0].privileged must be true or false");
}

TEST_CASE("corrupt catch-up, pipeline triggers, concurrency, priority and timeout") {
  CHECK(read_error(with("triggers", 0, "catchup", "some")) ==
        "triggers[0].catchup must not be 'some'");
  CHECK(read_error(with("triggers", 0, "catchup", 1)) == "triggers[0].catchup must be a string");
  CHECK(read_error(with("triggers", 0, "deadline_ms", -1)) ==
        "triggers[0].deadline_ms must be an integer from 0 to 9223372036854775807");
  const auto upstream = [](Json name, Json on) {
    Json trigger = Json::object().set("type", "pipeline");
    trigger.set("name", std::move(name)).set("on", std::move(on));
    return sample_json().set("triggers", Json::array().push(std::move(trigger)));
  };
  CHECK(read_error(upstream("../x", "success")) == "triggers[0].name is no valid name");
  CHECK(read_error(upstream(Json(), "success")) == "triggers[0].name is no valid name");
  CHECK(read_error(upstream("build", "later")) == "triggers[0].on must not be 'later'");
  const auto concurrency = [](Json group, Json limit, Json on_conflict) {
    Json json = Json::object().set("group", std::move(group));
    json.set("limit", std::move(limit)).set("on_conflict", std::move(on_conflict));
    return sample_json().set("concurrency", std::move(json));
  };
  CHECK(read_error(sample_json().set("concurrency", "db")) == "concurrency must be an object");
  CHECK(read_error(concurrency(Json(), 1, "queue")) == "concurrency.group is no valid name");
  CHECK(read_error(concurrency("db", 0, "queue")) == "concurrency.limit must be at least 1");
  CHECK(read_error(concurrency("db", 1001, "queue")) ==
        "concurrency.limit must be an integer from 0 to 1000");
  CHECK(read_error(concurrency("db", 1, "wait")) == "concurrency.on_conflict must not be 'wait'");
  CHECK(read_error(sample_json().set("priority", 10)) == "priority must be an integer from 0 to 9");
  CHECK(read_error(sample_json().set("timeout_ms", limits::kTimeoutMaxMs + 1)) ==
        "timeout_ms must be an integer from 0 to 2678400000");
}

TEST_CASE("params: given values and defaults, in the params' order") {
  const auto resolved =
      resolve_params(sample_pipeline(), {{"dry", "false"}, {"count", "-7"}, {"level", "full"}});
  REQUIRE(resolved.ok());
  CHECK(*resolved ==
        Variables{{"level", "full"}, {"count", "-7"}, {"ratio", "0.5"}, {"dry", "false"}});
  Pipeline none;
  none.name = "none";
  CHECK(resolve_params(none, {}).value().empty());
}

TEST_CASE("params: what is wrong names the param and what it takes") {
  CHECK(resolve_error({}) == "param 'count' needs a value; it takes an integer");
  CHECK(resolve_error({{"level", "Full"}, {"count", "1"}}) ==
        "param 'level' takes one of full, delta, not 'Full'");
  CHECK(resolve_error({{"nope", "1"}}) ==
        "pipeline 'nightly-backup' has no param 'nope'; it takes level, count, ratio, dry");
  CHECK(resolve_error({{"a\nb", "1"}}, [] {
          Pipeline pipeline;
          pipeline.name = "none";
          return pipeline;
        }()) == "pipeline 'none' has no param 'a\\nb'; it takes none");
  CHECK(resolve_error({{"count", "1"}, {"count", "2"}}) == "param 'count' is given twice");
  CHECK(resolve_error({{"count", "1"}, {"dry", "yes"}}) ==
        "param 'dry' takes true or false, not 'yes'");
  CHECK(resolve_error({{"count", std::string(limits::kParamValueBytes + 1, '1')}}) ==
        "param 'count' has a value of 4097 bytes; at most 4096 are allowed");
  CHECK(resolve_error({{"level", std::string("full\0x", 6)}, {"count", "1"}}) ==
        "param 'level' has a NUL byte in its value; no environment variable can hold one");
  CHECK(resolve_error({{"count", std::string(200, 'x')}}) ==
        "param 'count' takes an integer, not '" + std::string(100, 'x') + "...'");
  // A default is checked as well.
  CHECK(resolve_error({{"count", "1"}}) == "param 'dry' takes true or false, not ''");
}

TEST_CASE("params: integers and numbers") {
  const auto takes = [](ParamType type, const std::string& value) {
    Pipeline pipeline;
    pipeline.params = {Param{"p", type, {}, std::nullopt}};
    return resolve_params(pipeline, {{"p", value}}).ok();
  };
  for (const char* value : {"0", "-1", "9223372036854775807", "007"}) {
    CHECK(takes(ParamType::kInteger, value));
  }
  for (const char* value : {"", "+1", "1.0", "1e3", "0x10", " 1", "1 ", "9223372036854775808"}) {
    CAPTURE(value);
    CHECK_FALSE(takes(ParamType::kInteger, value));
  }
  for (const char* value : {"0", "-1.5", "1e3", ".5", "9223372036854775808"}) {
    CAPTURE(value);
    CHECK(takes(ParamType::kNumber, value));
  }
  for (const char* value : {"", "1,5", "nan", "inf", "-infinity", "1e999", "0x1p3", "1.5s"}) {
    CAPTURE(value);
    CHECK_FALSE(takes(ParamType::kNumber, value));
  }
  for (const char* value : {"True", "1", "", "yes"}) CHECK_FALSE(takes(ParamType::kBoolean, value));
}
