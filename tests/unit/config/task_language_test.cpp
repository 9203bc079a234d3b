// What the keys of a task and of a pipeline's hooks, hosts and notifications become in the model.
#include <algorithm>

#include "loading.h"
#include "model/limits.h"
#include "model/pipeline_json.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

Task task_of(std::string_view lines) { return pipeline_of(with_task_lines(lines)).tasks.front(); }

Lines ids(const Pipeline& pipeline) {
  Lines result;
  for (const Task& task : pipeline.tasks) result.push_back(task.id);
  return result;
}

const std::string kDigest = "alpine@sha256:" + std::string(64, 'a');

// The tasks are on lines from 4 on.
std::string with_tasks(std::string_view lines) {
  return "name: p\ndefaults: {image: \"" + kDigest + "\"}\ntasks:\n" + std::string(lines);
}

}  // namespace

TEST_CASE("every trigger rule has its word") {
  for (int i = 0; i <= static_cast<int>(TriggerRule::kAlways); ++i) {
    const auto rule = static_cast<TriggerRule>(i);
    const Pipeline pipeline =
        pipeline_of(with_tasks("  - {id: a}\n  - {id: b, depends_on: a, trigger_rule: " +
                               std::string(to_string(rule)) + "}\n"));
    CHECK(pipeline.tasks[1].rule == rule);
  }
  CHECK(task_of("").rule == TriggerRule::kAllSuccess);
}

TEST_CASE("a condition is kept as it is written; true is none, false is an expression") {
  CHECK(task_of("    when: \"${{ run.attempt == 1 }}\"\n").when == "${{ run.attempt == 1 }}");
  CHECK(task_of("    when: ${{ host.name == 'a' }}\n").when == "${{ host.name == 'a' }}");
  CHECK(task_of("    when: |\n      ${{ host.labels.site == 'berlin' }}\n").when ==
        "${{ host.labels.site == 'berlin' }}");
  CHECK(task_of("    when: true\n").when.empty());
  CHECK(task_of("    when: \"true\"\n").when.empty());
  CHECK(task_of("    when: false\n").when == "${{ false }}");
  CHECK(task_of("").when.empty());
}

TEST_CASE("a condition that asks for the status waits for all, unless a rule is written") {
  for (std::string_view call : {"success()", "failure()", "always()", "!failure() && always()"}) {
    CAPTURE(call);
    const std::string when = "    when: \"${{ " + std::string(call) + " }}\"\n";
    CHECK(task_of(when).rule == TriggerRule::kAllDone);
    CHECK(task_of(when + "    trigger_rule: all_success\n").rule == TriggerRule::kAllSuccess);
    CHECK(task_of(when + "    trigger_rule: none_failed\n").rule == TriggerRule::kNoneFailed);
  }
  CHECK(task_of("    when: \"${{ run.id != '' }}\"\n").rule == TriggerRule::kAllSuccess);
  // Not of a condition.
  CHECK(task_of("    env: {A: \"${{ success() }}\"}\n").rule == TriggerRule::kAllSuccess);
}

TEST_CASE("a matrix makes one instance per combination, the first axis slowest") {
  const Pipeline pipeline =
      pipeline_of(with_tasks("  - id: build\n    matrix: {region: [eu, us], py: [3.10, 3.11]}\n"
                             "  - id: test\n    depends_on: build\n    matrix: {n: [1, 2]}\n"
                             "  - {id: ship, depends_on: [test, build]}\n"));
  CHECK(ids(pipeline) == Lines{"build[eu,3.10]", "build[eu,3.11]", "build[us,3.10]",
                               "build[us,3.11]", "test[1]", "test[2]", "ship"});
  const Task& second = pipeline.tasks[1];
  CHECK(second.base == "build");
  CHECK(second.matrix == Variables{{"region", "eu"}, {"py", "3.11"}});
  CHECK(pipeline.tasks[4].upstream == std::vector<std::uint32_t>{0, 1, 2, 3});
  CHECK(pipeline.tasks[5].upstream == std::vector<std::uint32_t>{0, 1, 2, 3});
  const Task& ship = pipeline.tasks[6];
  CHECK(ship.upstream == std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5});
  CHECK(ship.base.empty());
  CHECK(ship.matrix.empty());
  const Result<Pipeline> stored = pipeline_from_json(to_json(pipeline));
  REQUIRE(stored.ok());
  CHECK(content_hash(*stored) == content_hash(pipeline));
}

TEST_CASE("ids of instances have safe characters and a bounded length") {
  const Pipeline pipeline =
      pipeline_of(with_tasks("  - id: a\n    matrix: {x: [\"b c/\\u00e4]\", \"\"], y: [\"" +
                             std::string(256, 'z') + "\"]}\n"));
  CHECK(pipeline.tasks[0].id == "a[b_c____," + std::string(189, 'z') + "]");
  CHECK(pipeline.tasks[0].id.size() == limits::kInstanceIdBytes);
  CHECK(pipeline.tasks[0].matrix[0].second == "b c/ä]");
  CHECK(pipeline.tasks[1].id.starts_with("a[,zzz"));
}

TEST_CASE("a matrix may have as many instances as a pipeline, and no more") {
  std::string values = "[";
  for (std::size_t i = 0; i < 500; ++i) values += (i > 0 ? "," : "") + std::to_string(i);
  values += "]";
  const Pipeline pipeline =
      pipeline_of(with_tasks("  - {id: a, matrix: {x: [0, 1], y: " + values + "}}\n"));
  CHECK(pipeline.tasks.size() == 1000);
  CHECK(pipeline.tasks.back().id == "a[1,499]");
  CHECK(problems_of(
            with_tasks("  - {id: b}\n  - {id: a, matrix: {x: [0, 1], y: " + values + "}}\n")) ==
        Lines{"5:13: with the instances of this task the pipeline has 1001 or more; at most 1000 "
              "are allowed"});
}

TEST_CASE("an image names axes, and every instance's is checked") {
  HostConfig host = permissive_host();
  host.policy.images = {"alpine:*", "debian:12"};
  const std::string text =
      "name: p\ntasks:\n  - id: a\n    image: \"${{ matrix.os }}:${{ matrix.tag }}\"\n"
      "    matrix: {os: [alpine, debian], tag: [12]}\n";
  const Pipeline pipeline = pipeline_of(text, host);
  CHECK(pipeline.tasks[0].image == "alpine:12");
  CHECK(pipeline.tasks[1].image == "debian:12");
  host.policy.images = {"alpine:*"};
  CHECK(problems_of(text, host) ==
        Lines{"4:12: image \"debian:12\" is not allowed on this host (policy.images names "
              "alpine:*); add it, or a pattern such "
              "as \"debian:*\", to policy.images in /etc/pawl/pawl.yaml"});
  // Also that of the defaults.
  CHECK(pipeline_of("name: p\ndefaults: {image: \"alpine:${{ matrix.v }}\"}\n"
                    "tasks: [{id: a, matrix: {v: [1, 2]}}]\n",
                    host)
            .tasks[1]
            .image == "alpine:2");
}

TEST_CASE("outputs, allow_failure and kill_grace") {
  const Task task =
      task_of("    outputs: [version, _a-b]\n    allow_failure: true\n    kill_grace: 90s\n");
  CHECK(task.outputs == Lines{"version", "_a-b"});
  CHECK(task.allow_failure);
  CHECK(task.kill_grace_ms == 90'000);
  CHECK_FALSE(task_of("").allow_failure);
  CHECK(task_of("").kill_grace_ms == limits::kKillGraceMs);
  CHECK(task_of("    kill_grace: 0\n").kill_grace_ms == 0);
  const Pipeline pipeline = pipeline_of(
      "name: p\ndefaults: {image: i, kill_grace: 1m, allow_failure: true, secrets: [x]}\n"
      "tasks: [{id: a}, {id: b, kill_grace: 2s, allow_failure: false, secrets: []}]\n");
  CHECK(pipeline.tasks[0].kill_grace_ms == 60'000);
  CHECK(pipeline.tasks[0].allow_failure);
  CHECK(pipeline.tasks[0].secrets.size() == 1);
  CHECK(pipeline.tasks[1].kill_grace_ms == 2'000);
  CHECK_FALSE(pipeline.tasks[1].allow_failure);
  CHECK(pipeline.tasks[1].secrets.empty());
}

TEST_CASE("secrets are files or variables") {
  const Task task = task_of(
      "    secrets:\n      - db-password\n      - {name: a.b, file: /etc/app/key}\n"
      "      - {name: db-password, env: PGPASSWORD}\n      - {name: plain}\n");
  CHECK(task.secrets == std::vector<SecretUse>{{"db-password", "/run/secrets/db-password", ""},
                                               {"a.b", "/etc/app/key", ""},
                                               {"db-password", "", "PGPASSWORD"},
                                               {"plain", "/run/secrets/plain", ""}});
}

TEST_CASE("hooks stand behind the tasks, in the order of their kinds") {
  const Pipeline pipeline = pipeline_of(
      "name: p\ndefaults: {image: i, pids: 7}\nenv: {A: b}\n"
      "on_exit: [{id: e2, depends_on: e1}, {id: e1}]\n"
      "on_failure: [{id: f, matrix: {x: [1, 2]}}]\non_cancel: [{id: c}]\non_success: [{id: s}]\n"
      "tasks: [{id: a}]\n");
  CHECK(ids(pipeline) == Lines{"a", "s", "f[1]", "f[2]", "c", "e2", "e1"});
  std::vector<Hook> hooks;
  for (const Task& task : pipeline.tasks) hooks.push_back(task.hook);
  CHECK(hooks == std::vector<Hook>{Hook::kNone, Hook::kOnSuccess, Hook::kOnFailure,
                                   Hook::kOnFailure, Hook::kOnCancel, Hook::kOnExit,
                                   Hook::kOnExit});
  CHECK(pipeline.tasks[5].upstream == std::vector<std::uint32_t>{6});
  CHECK(pipeline.tasks[6].pids == 7);
  CHECK(pipeline.tasks[6].env == Variables{{"A", "b"}});
}

TEST_CASE("what expressions may name, where they work") {
  CHECK(warnings_of(
            "name: p\nparams: [{name: level, type: integer, default: 1}]\n"
            "env: {STAGE: \"${{ params.level }}\"}\ndefaults: {image: \"" +
            kDigest +
            "\"}\ntasks:\n"
            "  - {id: a, outputs: [v, w-x], matrix: {region: [eu, us]}, command: [x, \"${{ "
            "matrix.region }}\"]}\n"
            "  - {id: b, depends_on: a}\n"
            "  - id: a.b\n    depends_on: [b]\n"
            "    when: \"${{ tasks.a.outputs.v[0] == env.STAGE && contains(tasks.a.status, 's') "
            "}}\"\n"
            "    command: [x, \"a${{ toJSON(tasks.a.outputs) }}b ${{ tasks['a'].outputs.w-x }}\",\n"
            "              \"${{ run.id }}${{ run.attempt }}${{ host.labels.any }}\", \"$${{ x\"]\n"
            "on_exit:\n"
            "  - {id: e, env: {S: \"${{ run.status }} ${{ run.message }} ${{ tasks['a.b'].status "
            "}}\"}}\n"
            "  - {id: f, depends_on: e, when: \"${{ failure() && tasks.e.status != 'failed' "
            "}}\"}\n") == Lines{});
}

TEST_CASE("in commands, only what a shell reads as its program is closed to expressions") {
  const auto is_open = [](std::string_view command) {
    return problems_of(with_task_lines("    command: " + std::string(command) + "\n")).empty();
  };
  CHECK(is_open("[echo, \"${{ run.id }}\"]"));
  CHECK(is_open("[sh, script.sh, \"${{ run.id }}\"]"));
  CHECK(is_open("[sh, -c, 'echo \"$1\"', sh, \"${{ run.id }}\"]"));
  CHECK(is_open("[bash, -o, pipefail, script.sh, -c, \"${{ run.id }}\"]"));
  CHECK(is_open("[bash, --rcfile, \"${{ run.id }}\"]"));
  CHECK(is_open("[\"${{ run.id }}\", \"${{ run.id }}\"]"));
  CHECK(is_open("[python3, -c, \"${{ run.id }}\"]"));
  for (std::string_view shell : {"sh", "bash", "ash", "dash", "zsh", "ksh", "/bin/sh", "./bash"}) {
    for (std::string_view option : {"-c", "-ec", "-euc", "-ce", "+xc"}) {
      CAPTURE(shell);
      CAPTURE(option);
      const std::string start = "[" + std::string(shell) + ", \"" + std::string(option) + "\", ";
      CHECK_FALSE(is_open(start + "\"echo ${{ run.id }}\"]"));
      CHECK(is_open(start + "echo, \"${{ run.id }}\"]"));
    }
  }
  CHECK_FALSE(is_open("[bash, -euo, pipefail, -c, \"${{ run.id }}\"]"));
  CHECK_FALSE(is_open("[bash, --norc, -c, \"${{ run.id }}\"]"));
  CHECK_FALSE(is_open("[sh, -c, -e, \"${{ run.id }}\"]"));
  CHECK_FALSE(is_open("[env, A=1, sh, -c, \"${{ run.id }}\"]"));
  CHECK_FALSE(is_open("[busybox, sh, -c, \"${{ run.id }}\"]"));
  CHECK_FALSE(is_open("[\"${{ run.id }}\", -c, \"${{ run.id }}\"]"));
}

TEST_CASE("a pipeline for other hosts is checked and left out") {
  HostConfig host = permissive_host();
  host.host_name = "core-1";
  host.labels = {{"site", "berlin"}};
  const auto with_hosts = [](const std::string& hosts) {
    return "# a comment\nname: p\nhosts: " + hosts + "\ntasks: [{id: a, image: i}]\n";
  };
  for (std::string_view here :
       {"{}", "{names: core-1}", "{names: [edge-*, c*1]}", "{labels: {site: berlin}}",
        "{names: ['*'], labels: {site: berlin}}"}) {
    CAPTURE(here);
    CHECK(pipeline_of(with_hosts(std::string(here)), host).name == "p");
  }
  const PipelineFileResult other = load(with_hosts("{names: [\"edge-*\", x]}"), host);
  CHECK(lines(other.problems) == Lines{});
  CHECK(other.pipelines.empty());
  CHECK(other.elsewhere ==
        std::vector<Elsewhere>{
            {"p", "pipelines/p.yaml", 2, "hosts.names is for edge-*, x; this host is core-1"}});
  CHECK(load(with_hosts("{names: [core-1], labels: {site: paris}}"), host).elsewhere.size() == 1);
  CHECK(problems_of(with_hosts("{names: [edge-1]}") + "bad: 1\n", host).size() == 1);
}

TEST_CASE("a pipeline for other hosts is not held to this host's policy") {
  HostConfig host = permissive_host();
  host.host_name = "core-1";
  host.policy.images = {"alpine:*"};
  host.policy.max_pids = 5;
  const std::string text =
      "name: p\nhosts: {names: [HOST]}\ndefaults: {pids: 6}\n"
      "tasks: [{id: a, image: 'cuda:12', network: gpu, privileged: true, cap_add: [SYS_TIME], "
      "mounts: ['/srv:/srv:rw']}, {id: b}]\n";
  const auto at = text.find("HOST");
  CHECK(problems_of(std::string(text).replace(at, 4, "edge-1"), host).empty());
  CHECK(problems_of(std::string(text).replace(at, 4, "core-1"), host).size() == 7);
}

TEST_CASE("a name may stand once for each host") {
  HostConfig host = permissive_host();
  host.host_name = "b1";
  const PipelineFileResult result = load(
      "name: p\nhosts: {names: ['a*']}\ntasks: [{id: x, image: i}]\n---\n"
      "name: p\nhosts: {names: ['b*']}\ntasks: [{id: y, image: i}]\n",
      host);
  CHECK(lines(result.problems) == Lines{});
  REQUIRE(result.pipelines.size() == 1);
  CHECK(result.pipelines.front().tasks.front().id == "y");
  CHECK(result.elsewhere.size() == 1);
}

TEST_CASE("the host's defaults are below those of the pipeline and above the model's") {
  HostConfig host = permissive_host();
  host.defaults = {250, 32LL << 20, 9, 60'000};
  const Pipeline pipeline = pipeline_of(
      "name: p\ndefaults: {image: i, pids: 10}\ntasks: [{id: a}, {id: b, cpus: 2, timeout: 5m}]\n",
      host);
  CHECK(pipeline.tasks[0].cpus_milli == 250);
  CHECK(pipeline.tasks[0].memory_bytes == 32LL << 20);
  CHECK(pipeline.tasks[0].pids == 10);
  CHECK(pipeline.tasks[0].timeout_ms == 60'000);
  CHECK(pipeline.tasks[1].cpus_milli == 2000);
  CHECK(pipeline.tasks[1].timeout_ms == 300'000);
}

TEST_CASE("params that nothing reads") {
  const auto with_param = [](std::string_view task) {
    return "name: p\nparams:\n  - {name: level, default: x}\ntasks: [{id: a, image: \"" + kDigest +
           "\", " + std::string(task) + "}]\n";
  };
  const Lines unused = {
      "3:12: param \"level\" is not used: no expression names params.level, and no command, script "
      "or env reads PAWL_PARAM_LEVEL"};
  CHECK(warnings_of(with_param("command: x")) == unused);
  CHECK(warnings_of(with_param("command: 'echo $PAWL_PARAM_LEVELS'")) == unused);
  CHECK(warnings_of(with_param("command: 'echo params.level'")) == unused);
  CHECK(warnings_of(with_param("command: 'echo \"$PAWL_PARAM_LEVEL\"'")).empty());
  CHECK(warnings_of(with_param("script: 'echo ${PAWL_PARAM_LEVEL:-x}'")).empty());
  CHECK(warnings_of(with_param("command: [printenv, PAWL_PARAM_LEVEL]")).empty());
  CHECK(warnings_of(with_param("script: 'env | grep ^PAWL_PARAM_'")).empty());
  CHECK(warnings_of(with_param("env: {A: \"${{ params.level }}\"}")).empty());
  CHECK(warnings_of(with_param("env: {A: \"${{ params['level'] }}\"}")).empty());
  CHECK(warnings_of(with_param("env: {A: \"${{ toJSON(params) }}\"}")).empty());
  CHECK(warnings_of(with_param("when: \"${{ params.level == 'x' }}\"")).empty());
}

TEST_CASE("tasks that never run") {
  CHECK(warnings_of(with_tasks("  - {id: a, when: false}\n")) ==
        Lines{"4:10: task \"a\" never runs: its 'when' is always false"});
  CHECK(warnings_of(with_tasks("  - {id: a, when: \"${{ 1 > 2 }}\"}\n")).size() == 1);
  CHECK(warnings_of(with_tasks("  - {id: a, when: \"${{ 1 < 2 }}\"}\n")).empty());
  CHECK(warnings_of(with_tasks("  - {id: a, when: false, matrix: {x: [1, 2]}}\n")).size() == 1);
  for (std::string_view rule : {"all_failed", "one_success", "one_failed", "one_done"}) {
    CHECK(warnings_of(with_tasks("  - {id: a, trigger_rule: " + std::string(rule) + "}\n")) ==
          Lines{"4:10: task \"a\" never runs: trigger_rule " + std::string(rule) +
                " waits for tasks in 'depends_on', and it has none"});
  }
  for (std::string_view rule : {"all_success", "all_done", "none_failed", "always"}) {
    CHECK(
        warnings_of(with_tasks("  - {id: a, trigger_rule: " + std::string(rule) + "}\n")).empty());
  }
  CHECK(warnings_of(with_tasks("  - {id: a, when: false}\n"
                               "  - {id: b, depends_on: a}\n"
                               "  - {id: c, depends_on: a, trigger_rule: all_done}\n"
                               "  - {id: d, depends_on: a, trigger_rule: none_failed}\n"
                               "  - {id: e, depends_on: [a, c], trigger_rule: one_success}\n"
                               "  - {id: f, depends_on: [b, c], trigger_rule: one_failed}\n"
                               "  - {id: g, depends_on: a, trigger_rule: all_failed}\n")) ==
        Lines{"4:10: task \"a\" never runs: its 'when' is always false",
              "5:10: task \"b\" never runs: trigger_rule all_success cannot hold, since \"a\" "
              "never runs",
              "10:10: task \"g\" never runs: trigger_rule all_failed cannot hold, since \"a\" "
              "never runs"});
}

TEST_CASE("images without a digest, each once") {
  CHECK(warnings_of("name: p\ntasks:\n  - {id: a, image: \"alpine:3.20\"}\n"
                    "  - {id: b, image: \"alpine:3.20\"}\n  - {id: c, image: \"" +
                    kDigest + "\"}\n") ==
        Lines{"3:20: image \"alpine:3.20\" has no digest, so it may become another one; pin it as "
              "alpine:3.20@sha256:..."});
  HostConfig host = permissive_host();
  host.policy.default_image = "alpine:3.20";
  CHECK(load("name: p\ntasks: [{id: a}]\n", host).warnings.empty());
}

TEST_CASE("notifications are checked, and a warning says that they are not sent") {
  CHECK(warnings_of(with_tasks("  - {id: a}\nnotify:\n  - {on: [failed, success], url_secret: "
                               "hook, format: slack}\n  - {on: cancelled, url_secret: x}\n")) ==
        Lines{"5:1: 'notify' is checked, but nothing is sent by this version of pawl"});
}

TEST_CASE("merge keys and aliases carry the new keys") {
  const Pipeline pipeline = pipeline_of(
      "name: p\ndefaults: {image: i}\ntasks:\n"
      "  - &base\n    id: a\n    matrix: &m {x: [1, 2]}\n    when: \"${{ matrix.x == '1' }}\"\n"
      "    secrets: &s [k]\n"
      "  - {<<: *base, id: b}\n  - {id: c, matrix: *m, secrets: *s}\n");
  CHECK(ids(pipeline) == Lines{"a[1]", "a[2]", "b[1]", "b[2]", "c[1]", "c[2]"});
  CHECK(pipeline.tasks[2].when == pipeline.tasks[0].when);
  CHECK(pipeline.tasks[4].secrets == pipeline.tasks[0].secrets);
}

TEST_CASE("a matrix of very many combinations is refused before one is made") {
  std::string text = with_tasks("  - id: a\n    matrix:\n");
  for (int axis = 0; axis < 8; ++axis) {
    text += "      x" + std::to_string(axis) + ": [";
    for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ",";
    text += "]\n";
  }
  CHECK(problems_of(text) ==
        Lines{"5:5: the matrix has more than 1000 combinations, which is the most that all tasks "
              "of a pipeline may have together"});
}

TEST_CASE("many tasks with large matrices are refused before they are made") {
  std::string values = "[";
  for (int i = 0; i < 900; ++i) values += std::to_string(i) + ",";
  std::string text = with_tasks("  - {id: first, matrix: &m {x: " + values + "]}}\n");
  for (int i = 0; i < 40; ++i) text += "  - {id: t" + std::to_string(i) + ", matrix: *m}\n";
  const Lines problems = problems_of(text);
  REQUIRE(problems.size() == 1);
  CHECK(problems.front() ==
        "5:14: with the instances of this task the pipeline has 1800 or more; at most 1000 are "
        "allowed");
}

TEST_CASE("aliases and a matrix do not multiply text without bound") {
  std::string text = "name: p\ndefaults: {image: i}\nenv:\n  A0: &v \"" +
                     std::string(limits::kValueBytes, 'x') + "\"\n";
  for (int i = 1; i < 60; ++i) text += "  A" + std::to_string(i) + ": *v\n";
  text += "tasks:\n";
  for (int i = 0; i < 10; ++i) text += "  - {id: t" + std::to_string(i) + "}\n";
  const Lines problems = problems_of(text);
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().starts_with("69:5: with this task the pipeline's commands and "));
}

TEST_CASE("a pipeline that the store cannot keep as one record is refused") {
  std::string text = "name: p\ntasks:\n  - id: t\n    image: i\n    matrix: {n: [";
  for (int i = 0; i < 1000; ++i) text += std::to_string(i) + ", ";
  text += "x]}\n    command: [x, \"";
  const auto with_argument = [&](std::size_t bytes) {
    std::string all = text;
    all.replace(all.find("0, "), 3, "");  // a thousand with the x
    return problems_of(all + std::string(bytes, 'x') + "\"]\n");
  };
  CHECK(with_argument(7'000) == Lines{});
  const Lines problems = with_argument(9'000);
  REQUIRE(problems.size() == 1);
  CHECK(problems.front().starts_with("1:1: the pipeline takes 9"));
}

TEST_CASE("deep and long expressions are refused, and end") {
  CHECK(problems_of(with_task_lines("    when: \"${{ " + std::string(30'000, '(') + " }}\"\n"))
            .size() == 1);
  CHECK(problems_of(with_task_lines("    when: \"${{ " + std::string(30'000, '!') + "1 }}\"\n"))
            .size() == 1);
  std::string many = "    command:\n      - x\n";
  for (int i = 0; i < 5'000; ++i) many += "      - ${{ parms.x }}\n";
  CHECK(problems_of(with_task_lines(many)).size() == limits::kYamlProblems);
}
