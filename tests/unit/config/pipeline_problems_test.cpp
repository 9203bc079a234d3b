// Each problem, where it is reported and in what words.
#include <algorithm>

#include "loading.h"
#include "model/limits.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

// Problems of a task's lines; the first of them is line 6, indented by four.
Lines task_problems(std::string_view text, const HostConfig& host = permissive_host()) {
  return problems_of(with_task_lines(text), host);
}

// Problems of lines before `tasks`; the first of them is line 2.
Lines pipeline_problems(std::string_view text) {
  return problems_of("name: p\n" + std::string(text) + "tasks: [{id: a, image: i}]\n");
}

}  // namespace

TEST_CASE("all problems of a file are reported at once, in its order") {
  CHECK(problems_of("tasks:\n"
                    "  - id: a\n"
                    "    image: alpine\n"
                    "    cpus: lots\n"
                    "    depends_on: [b]\n"
                    "    timout: 5m\n"
                    "name: \"!\"\n") ==
        Lines{"4:11: 'cpus' must be a number, not \"lots\"", "5:18: no task \"b\" in this pipeline",
              "6:5: unknown key \"timout\" in a task; did you mean 'timeout'?",
              "7:7: \"!\" is not a valid name (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ -)"});
  const PipelineFileResult result = load("name: p\n");
  REQUIRE(result.problems.size() == 1);
  CHECK(result.problems.front().text() == "pipelines/p.yaml:1:1: error: a pipeline needs 'tasks'");
}

TEST_CASE("one pipeline with problems takes the whole file with it") {
  const PipelineFileResult result =
      load("name: a\ntasks: [{id: x, image: i}]\n---\nname: b\ntasks: []\n");
  CHECK(result.pipelines.empty());
  CHECK(lines(result.problems) == Lines{"5:8: 'tasks' is empty; a pipeline has at least one task"});
}

TEST_CASE("keys: unknown, known to others, and not built yet") {
  CHECK(pipeline_problems("descripton: x\n") ==
        Lines{"2:1: unknown key \"descripton\" in a pipeline; did you mean 'description'?"});
  CHECK(pipeline_problems("zzzzzz: x\n") == Lines{"2:1: unknown key \"zzzzzz\" in a pipeline"});
  CHECK(pipeline_problems("jobs: x\n") ==
        Lines{"2:1: unknown key \"jobs\" in a pipeline; use 'tasks'"});
  CHECK(task_problems("    cpus: 1\n    cpus: 2\n") ==
        Lines{"7:5: key \"cpus\" is given twice; the first is in line 6"});
  CHECK(pipeline_problems("? [a]\n: 1\n") ==
        Lines{"2:3: a key must be text, not a list or a mapping"});
}

TEST_CASE("wrong kinds of values") {
  CHECK(problems_of("just text\n") ==
        Lines{"1:1: a pipeline must be a mapping (key: value), not \"just text\""});
  CHECK(problems_of("name:p\n") == Lines{"1:1: a pipeline must be a mapping (key: value, with a "
                                         "space after ':'), not \"name:p\""});
  CHECK(problems_of("- a\n") ==
        Lines{"1:1: a pipeline must be a mapping (key: value), not a list"});
  CHECK(problems_of("name: p\ntasks: {id: a}\n") ==
        Lines{"2:8: 'tasks' must be a list, not a mapping"});
  CHECK(problems_of("name: p\ntasks:\n") == Lines{"2:1: 'tasks' must be a list, not empty"});
  CHECK(problems_of("name: p\ntasks:\n  -\n  - ~\n") ==
        Lines{"3:3: a task must be a mapping (key: value), not empty",
              "4:3: a task must be a mapping (key: value), not empty"});
  CHECK(pipeline_problems("description: [x]\n") ==
        Lines{"2:14: 'description' must be text, not a list"});
  CHECK(pipeline_problems("description:\n") ==
        Lines{"2:1: 'description' has no value; write \"\" if it is meant to be empty"});
  CHECK(pipeline_problems("triggers: {cron: x}\n") ==
        Lines{"2:11: 'triggers' must be a list, not a mapping"});
  CHECK(pipeline_problems("defaults: 3\n") ==
        Lines{"2:11: 'defaults' must be a mapping (key: value), not \"3\""});
  CHECK(task_problems("    image:\n    pids: 1\n") == Lines{"6:5: 'image' must not be empty"});
}

TEST_CASE("numbers, booleans, durations and sizes") {
  CHECK(task_problems("    cpus: \"1\"\n") ==
        Lines{"6:11: 'cpus' must be a number without quotes, not \"1\""});
  CHECK(task_problems("    cpus: 0.001\n") ==
        Lines{"6:11: 'cpus' must be from 0.01 to 1000, not \"0.001\""});
  CHECK(task_problems("    cpus: .inf\n") == Lines{"6:11: 'cpus' must be a number, not \".inf\""});
  CHECK(task_problems("    pids: 1.5\n") ==
        Lines{"6:11: 'pids' must be a whole number, not \"1.5\""});
  CHECK(task_problems("    pids: \"5\"\n") ==
        Lines{"6:11: 'pids' must be a whole number without quotes, not \"5\""});
  CHECK(task_problems("    pids: 0\n") == Lines{"6:11: 'pids' must be from 1 to 4194304, not 0"});
  CHECK(task_problems("    read_only: yes\n") ==
        Lines{"6:16: 'read_only' must be true or false, not \"yes\""});
  CHECK(task_problems("    read_only: \"true\"\n") ==
        Lines{"6:16: 'read_only' must be true or false without quotes, not \"true\""});
  CHECK(task_problems("    timeout: 5 minutes\n") ==
        Lines{"6:14: 'timeout' must be a duration such as 90s, 15m or 1h30m, not \"5 minutes\""});
  CHECK(task_problems("    timeout: 0\n") ==
        Lines{"6:14: 'timeout' must be from 1ms to 31d, not \"0\""});
  CHECK(task_problems("    memory: 5m\n") ==
        Lines{"6:13: 'memory' must be from 6m to 1024t, not \"5m\""});
  CHECK(task_problems("    memory: 1.5g\n") ==
        Lines{"6:13: 'memory' must be a size such as 512m or 2g, not \"1.5g\""});
}

TEST_CASE("caps of the host policy, with both figures") {
  HostConfig host = permissive_host();
  host.policy.max_cpus_milli = 1500;
  host.policy.max_memory_bytes = 512LL * 1024 * 1024;
  host.policy.max_pids = 64;
  host.policy.max_timeout_ms = 5'400'000;
  host.policy.max_tasks = 1;
  CHECK(problems_of("name: p\n"
                    "defaults: {image: i, cpus: 2, memory: 1g, pids: 65, timeout: 2h}\n"
                    "tasks:\n"
                    "  - {id: a, cpus: 1.501}\n"
                    "  - {id: b, cpus: 1.5, memory: 512m, pids: 64, timeout: 90m}\n",
                    host) ==
        Lines{"2:28: 'cpus' is 2; this host allows at most 1.5 (policy.max.cpus)",
              "2:39: 'memory' is 1g; this host allows at most 512m (policy.max.memory)",
              "2:49: 'pids' is 65; this host allows at most 64 (policy.max.pids)",
              "2:62: 'timeout' is 2h; this host allows at most 1h30m (policy.max.timeout)",
              "3:1: the pipeline has 2 tasks, hooks included; this host allows at most 1 "
              "(policy.max.tasks)",
              "4:19: 'cpus' is 1.501; this host allows at most 1.5 (policy.max.cpus)"});
  std::string many = "name: p\ndefaults: {image: i}\ntasks:\n";
  for (std::size_t i = 0; i <= limits::kTasks; ++i) many += "  - id: t" + std::to_string(i) + "\n";
  CHECK(problems_of(many) ==
        Lines{"3:1: the pipeline has 201 tasks, hooks included; at most 200 are allowed"});
}

TEST_CASE("images and networks that the host policy does not name") {
  HostConfig host = permissive_host();
  host.policy.images = {"registry.local/*"};
  const std::string_view refusal =
      "; add it, or a pattern such as \"alpine:*\", to policy.images in ";
  CHECK(task_problems("    network: bridge\n", host) ==
        Lines{"3:10: image \"alpine:3.20\" is not allowed on this host (policy.images names "
              "registry.local/*)" +
              std::string(refusal) + "/etc/pawl/pawl.yaml"});
  host.policy.images.clear();
  host.file.clear();
  CHECK(task_problems("", host) ==
        Lines{"3:10: image \"alpine:3.20\" is not allowed on this host (policy.images names none)" +
              std::string(refusal) + "the host config"});
  CHECK(task_problems("    network: brigde\n") ==
        Lines{"6:14: network \"brigde\" is not allowed on this host (policy.networks names "
              "none and bridge); did you mean 'bridge'? Else add it to policy.networks in "
              "/etc/pawl/pawl.yaml"});
  CHECK(task_problems("    image: a b\n") ==
        Lines{"6:12: \"a b\" is not an image reference ([registry/]name[:tag][@digest])"});
  CHECK(problems_of("name: p\ntasks: [{id: a}]\n") ==
        Lines{"2:9: the task has no image: give it one, or set defaults.image here or "
              "policy.default_image in /etc/pawl/pawl.yaml"});
}

TEST_CASE("task ids and their graph") {
  CHECK(problems_of("name: p\ntasks: [{image: i}]\n") == Lines{"2:9: a task needs 'id'"});
  CHECK(problems_of("name: p\ndefaults: {image: i}\ntasks:\n"
                    "  - id: build\n"
                    "  - id: test\n    depends_on: [biuld, test, build, build]\n"
                    "  - id: build\n"
                    "  - id: \"!\"\n") ==
        Lines{"6:18: no task \"biuld\" in this pipeline; did you mean 'build'?",
              "6:25: task \"test\" depends on itself", "6:38: 'depends_on' has \"build\" twice",
              "7:9: task \"build\" is given twice; the first is in line 4",
              "8:9: \"!\" is not a valid id (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ -)"});
  CHECK(problems_of("name: p\ndefaults: {image: i}\ntasks:\n"
                    "  - {id: a, depends_on: b}\n"
                    "  - {id: b, depends_on: [d, c]}\n"
                    "  - {id: c, depends_on: a}\n"
                    "  - {id: d}\n"
                    "  - {id: x, depends_on: y}\n"
                    "  - {id: y, depends_on: x}\n") ==
        Lines{"4:25: the tasks depend on each other in a circle: a → b → c → a",
              "8:25: the tasks depend on each other in a circle: x → y → x"});
  const Lines hostile = problems_of(
      "name: p\ndefaults: {image: i}\ntasks:\n"
      "  - {id: \"\\e[\", depends_on: b}\n"
      "  - {id: b, depends_on: \"\\e[\"}\n");
  REQUIRE(hostile.size() == 2);
  CHECK(hostile[1].ends_with("in a circle: \\x1b[ → b → \\x1b["));
}

TEST_CASE("commands and scripts") {
  CHECK(task_problems("    command: x\n    script: y\n") ==
        Lines{"7:5: a task has 'command' or 'script', not both"});
  CHECK(task_problems("    command: []\n") ==
        Lines{"6:14: 'command' is an empty list; leave it out to run the image's own"});
  CHECK(task_problems("    command: [\"\", x]\n") ==
        Lines{"6:15: the program in 'command' must not be empty"});
  CHECK(task_problems("    command: [x, [y]]\n") ==
        Lines{"6:18: an item of 'command' must be text, not a list"});
  CHECK(task_problems("    command: {x: y}\n") ==
        Lines{"6:14: 'command' must be text or a list of texts, not a mapping"});
  CHECK(task_problems("    script: \"\"\n") == Lines{"6:13: 'script' must not be empty"});
  CHECK(task_problems("    script: \"a\\0b\"\n") ==
        Lines{"6:13: 'script' has a NUL character, which no text may have"});
  CHECK(task_problems("    script: " + std::string(limits::kValueBytes + 1, 'x') + "\n") ==
        Lines{"6:13: 'script' has 65537 bytes; at most 65536 are allowed"});
}

TEST_CASE("retries and users") {
  CHECK(task_problems("    retries: 101\n") ==
        Lines{"6:14: 'retries' must be from 0 to 100, not 101"});
  CHECK(
      task_problems("    retries: {limit: -1, backoff: 0.5, on: [faild, success], tries: 3}\n") ==
      Lines{"6:22: 'limit' must be from 0 to 100, not -1",
            "6:35: 'backoff' must be from 1 to 100, not \"0.5\"",
            "6:45: 'on' takes failed, timeout, oom and lost, not \"faild\"; did you mean 'failed'?",
            "6:52: 'on' takes failed, timeout, oom and lost, not \"success\"",
            "6:62: unknown key \"tries\" in retries"});
  CHECK(task_problems("    retries: {limit: 1, delay: 1h, max_delay: 1m}\n") ==
        Lines{"6:14: 'max_delay' (1m) is shorter than 'delay' (1h)"});
  CHECK(task_problems("    retries: {on: []}\n") ==
        Lines{"6:19: 'on' is an empty list, so nothing would be tried again; leave out 'retries' "
              "instead"});
  CHECK(task_problems("    retries: [1]\n") ==
        Lines{"6:14: 'retries' must be a mapping (key: value), not a list"});
  CHECK(task_problems("    user: \"a:b:c\"\n") ==
        Lines{"6:11: \"a:b:c\" is not a user: a name or number, or user:group"});
}

TEST_CASE("environment") {
  CHECK(pipeline_problems("env: {1A: x, PAWL_RUN_ID: x, a-b: x, N: , L: [x]}\n") ==
        Lines{"2:7: \"1A\" cannot be an environment variable: a letter or _ first, then letters, "
              "digits and _",
              "2:14: \"PAWL_RUN_ID\" is reserved: names that start with PAWL_ are set by pawl",
              "2:30: \"a-b\" cannot be an environment variable: a letter or _ first, then letters, "
              "digits and _",
              "2:38: 'N' has no value; write \"\" if it is meant to be empty",
              "2:46: 'L' must be text, not a list"});
  CHECK(pipeline_problems("env: [A=1]\n") ==
        Lines{"2:6: 'env' must be a mapping (key: value), not a list"});
  std::string many = "name: p\nenv: &env\n";
  for (std::size_t i = 0; i < limits::kEnvVariables; ++i)
    many += "  V" + std::to_string(i) + ": x\n";
  CHECK(problems_of(many + "tasks: [{id: a, image: i, env: *env}]\n").empty());
  CHECK(
      problems_of(many + "tasks: [{id: a, image: i, env: {X: y}}]\n") ==
      Lines{"259:9: the task has 257 environment variables together with those of the pipeline; at "
            "most 256 are allowed"});
}

TEST_CASE("the shell's own syntax is none of pawl's") {
  CHECK(task_problems("    script: echo ${A} $((1+1)) '{{ x }}'\n").empty());
}

TEST_CASE("triggers") {
  const auto trigger_problems = [](std::string_view trigger) {
    return pipeline_problems("triggers:\n  - " + std::string(trigger) + "\n");
  };
  const Lines bad_cron = trigger_problems("cron: \"61 2 * * *\"");
  REQUIRE(bad_cron.size() == 1);
  CHECK(bad_cron.front().starts_with("3:11: bad cron expression \"61 2 * * *\": "));
  CHECK(trigger_problems("cron: \"0 0 2 * * *\"").size() == 1);
  CHECK(trigger_problems("{cron: '@daily', timezone: Europe/Berln}") ==
        Lines{"3:32: unknown timezone \"Europe/Berln\"; write a name of the IANA database such as "
              "Europe/Berlin"});
  CHECK(trigger_problems("{cron: '@daily', timezone: ../../etc/passwd}").size() == 1);
  CHECK(
      trigger_problems("{cron: '@daily', webhook: x}") ==
      Lines{"3:5: a trigger is of one kind; give each of cron, webhook and pipeline a list item of "
            "its own"});
  CHECK(trigger_problems("{timezone: UTC}") ==
        Lines{"3:5: a trigger needs 'cron', 'webhook' or 'pipeline'"});
  CHECK(trigger_problems("{webhook: x, seconds: true}") ==
        Lines{"3:18: 'seconds' belongs to cron triggers only"});
  CHECK(trigger_problems("{pipeline: x, catchup: all, deadline: 1h}") ==
        Lines{"3:19: 'catchup' belongs to cron triggers only",
              "3:33: 'deadline' belongs to cron triggers only"});
  CHECK(trigger_problems("{cron: '@daily', catchup: last, deadline: 500ms}") ==
        Lines{"3:31: 'catchup' must be none, latest or all, not \"last\"; did you mean 'latest'?",
              "3:47: 'deadline' must be from 1s to 31d, not \"500ms\""});
  CHECK(trigger_problems("{schedule: '@daily'}") ==
        Lines{"3:5: a trigger needs 'cron', 'webhook' or 'pipeline'",
              "3:6: unknown key \"schedule\" in a trigger; use 'cron'"});
  // Unquoted, a star is YAML's alias.
  CHECK(trigger_problems("cron: * * * * *") ==
        Lines{"3:12: put text that starts with '*' into quotes"});
  CHECK(trigger_problems("cron: @daily") ==
        Lines{"3:11: no value starts with this character; put the text into quotes"});
}

TEST_CASE("triggers by other pipelines") {
  const auto trigger_problems = [](std::string_view trigger) {
    return pipeline_problems("triggers:\n  - pipeline: " + std::string(trigger) + "\n");
  };
  CHECK(trigger_problems("build").empty());
  const std::string itself =
      "pipeline \"p\" would trigger itself for ever; name another pipeline, or use 'cron' to run "
      "it "
      "again and again";
  CHECK(trigger_problems("p") == Lines{"3:15: " + itself});
  CHECK(trigger_problems("{on: success, name: p}") == Lines{"3:35: " + itself});
  CHECK(trigger_problems("Build Image") ==
        Lines{"3:15: \"Build Image\" is no pipeline's name (a-z or 0-9 first, then up to 62 of a-z "
              "0-9 . _ -); use 'build-image'"});
  CHECK(trigger_problems("{on: sucess}") ==
        Lines{"3:15: a pipeline trigger needs 'name'",
              "3:20: 'on' must be success, failure or completion, not \"sucess\"; did you mean "
              "'success'?"});
  CHECK(trigger_problems("{name: build, status: failed, nam: x}") ==
        Lines{"3:29: unknown key \"status\" in a pipeline trigger; use 'on'",
              "3:45: unknown key \"nam\" in a pipeline trigger; did you mean 'name'?"});
  CHECK(trigger_problems("[build]") == Lines{"3:15: 'pipeline' must be text, not a list"});
  CHECK(trigger_problems("") == Lines{"3:5: 'pipeline' must not be empty"});
  CHECK(
      pipeline_problems("triggers:\n  - pipeline: a\n  - pipeline: {name: a, on: failure}\n"
                        "  - pipeline: {name: a, on: success}\n") ==
      Lines{
          "5:5: the trigger on success of pipeline \"a\" is given twice; the first is in line 3"});
}

TEST_CASE("concurrency, priority and the timeout of a run") {
  CHECK(
      pipeline_problems("concurrency: {group: Big DB, limit: 0, on_conflict: skp}\n") ==
      Lines{"2:22: \"Big DB\" is not a valid group (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ "
            "-); use 'big-db'",
            "2:37: 'limit' must be from 1 to 1000, not 0",
            "2:53: 'on_conflict' must be queue, skip or replace, not \"skp\"; did you mean "
            "'skip'?"});
  CHECK(pipeline_problems("concurrency: 2\n") ==
        Lines{"2:14: 'concurrency' is the name of a group, or a mapping; for a limit alone write "
              "{limit: 2}"});
  CHECK(pipeline_problems("concurrency: \"2\"\n").empty());
  CHECK(pipeline_problems("concurrency: Big DB\n").size() == 1);
  CHECK(pipeline_problems("concurrency: [db]\n") ==
        Lines{"2:14: 'concurrency' must be text, not a list"});
  CHECK(pipeline_problems("concurrency: {group: db, cancel-in-progress: true, limt: 2}\n") ==
        Lines{"2:26: unknown key \"cancel-in-progress\" in concurrency; use 'on_conflict'",
              "2:52: unknown key \"limt\" in concurrency; did you mean 'limit'?"});
  CHECK(pipeline_problems("priority: 10\n") ==
        Lines{"2:11: 'priority' must be from 0 to 9, not 10"});
  CHECK(pipeline_problems("priority: high\n") ==
        Lines{"2:11: 'priority' must be a whole number, not \"high\""});
  CHECK(pipeline_problems("timeout: 0\n") ==
        Lines{"2:10: 'timeout' must be from 1s to 31d, not \"0\""});
  CHECK(pipeline_problems("timeout: 32d\n") ==
        Lines{"2:10: 'timeout' must be from 1s to 31d, not \"32d\""});
}

TEST_CASE("webhooks") {
  const auto webhook_problems = [](std::string_view webhook) {
    return pipeline_problems("triggers:\n  - webhook: " + std::string(webhook) + "\n");
  };
  for (std::string_view path : {"/x", "x/", "a//b", "a/../b", ".", "a b", "ä", "a?b", "a%2fb"}) {
    CAPTURE(path);
    const Lines problems = webhook_problems("\"" + std::string(path) + "\"");
    REQUIRE(problems.size() == 1);
    CHECK(problems.front().find("is not a webhook's path: segments of") != std::string::npos);
  }
  CHECK(webhook_problems("A-1/b_2/c.3").empty());
  CHECK(webhook_problems(std::string(201, 'x')) ==
        Lines{"3:14: a webhook's path has at most 200 bytes"});
  CHECK(webhook_problems("{provider: gitlap}") ==
        Lines{"3:14: a webhook needs 'path'",
              "3:25: 'provider' must be github, gitlab, gitea, forgejo, bitbucket or standard, not "
              "\"gitlap\"; did you mean 'gitlab'?"});
  CHECK(webhook_problems("{path: x, secret: []}") ==
        Lines{"3:32: 'secret' is an empty list; webhooks without a signature are not taken"});
  CHECK(webhook_problems("{path: x, secret: [a, ../b, a]}") ==
        Lines{"3:36: \"../b\" is not a secret's name: a file name of A-Z a-z 0-9 . _ -",
              "3:42: secret \"a\" is given twice"});
  CHECK(pipeline_problems("triggers:\n  - webhook: x\n  - webhook: {path: x}\n") ==
        Lines{"4:5: webhook \"x\" is given twice; the first is in line 3"});
}

TEST_CASE("params") {
  CHECK(
      pipeline_problems("params:\n  - {name: level, type: strin}\n  - {name: level}\n"
                        "  - {name: a-b}\n  - {type: integer}\n") ==
      Lines{"3:25: 'type' must be string, integer, number or boolean, not \"strin\"; did you mean "
            "'string'?",
            "4:5: param \"level\" is given twice; the first is in line 3",
            "5:12: \"a-b\" cannot be a param's name: a letter or _ first, then letters, digits and "
            "_",
            "6:5: a param needs 'name'"});
  CHECK(pipeline_problems("params: [{name: n, type: integer, enum: [1, x], default: 2}]\n") ==
        Lines{"2:45: param 'n' takes an integer, not 'x'",
              "2:58: param 'n' takes one of 1, not '2'"});
  CHECK(pipeline_problems("params: [{name: n, enum: []}]\n") ==
        Lines{"2:26: 'enum' is an empty list, so no value would be taken; leave it out"});
  CHECK(pipeline_problems("params: [{name: n, enum: x}]\n") ==
        Lines{"2:26: 'enum' must be a list, not \"x\""});
}

TEST_CASE("names of pipelines") {
  CHECK(
      problems_of("name: \"!!\"\ntasks: [{id: a, image: i}]\n") ==
      Lines{"1:7: \"!!\" is not a valid name (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ -)"});
  CHECK(problems_of("tasks: [{id: a, image: i}]\n") == Lines{"1:1: a pipeline needs 'name'"});
  const std::string document = "name: p\ntasks: [{id: a, image: i}]\n";
  CHECK(problems_of(document + "---\n" + document) ==
        Lines{"4:7: pipeline \"p\" is given twice in this file; the first starts in line 1"});
}

TEST_CASE("a file without a pipeline is a mistake") {
  for (std::string_view text : {"", "\n", "# nothing\n", "---\n", "---\n---\n", "\xef\xbb\xbf"}) {
    CAPTURE(text);
    CHECK(problems_of(text) ==
          Lines{"1:1: the file has no pipeline; delete the file if it is meant to have none"});
  }
}

TEST_CASE("so many problems are cut off, with their number") {
  std::string text = "name: p\ntasks: [{id: a, image: i}]\n";
  for (int i = 0; i < 5000; ++i) text += "bad" + std::to_string(i) + ": x\n";
  const Lines problems = problems_of(text);
  REQUIRE(problems.size() == limits::kYamlProblems);
  CHECK(problems.front() == "3:1: unknown key \"bad0\" in a pipeline");
  CHECK(problems.back() == "102:1: and 4901 more problems from here on");
}

TEST_CASE("outside text in messages is short and harmless") {
  const Lines problems = pipeline_problems("\"a\\e[2Jb\\n" + std::string(500, 'x') + "\": 1\n");
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().size() < 200);
  CHECK(std::none_of(problems.front().begin(), problems.front().end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
}
