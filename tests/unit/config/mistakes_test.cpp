// Mistakes that people make in the language of tasks, each with the words and the place that they get.
#include "loading.h"

using namespace pawl;
using Lines = std::vector<std::string>;

namespace {

struct Mistake {
  std::string_view lines;     // see each table
  std::string_view expected;  // of the only problem
};

// `before` + the lines + `after` have the one problem.
void check_each(const std::vector<Mistake>& mistakes, const std::string& before,
                const std::string& after) {
  for (const Mistake& mistake : mistakes) {
    CAPTURE(mistake.lines);
    CHECK(problems_of(before + std::string(mistake.lines) + after) ==
          Lines{std::string(mistake.expected)});
  }
}

constexpr std::string_view kPlaces =
    " cannot have an expression: ${{ }} works in a task's 'when', in values of 'env', in items of "
    "a 'command' list, in a webhook's 'when' and 'params', and ${{ matrix.* }} in 'image'";
constexpr std::string_view kShell =
    " cannot have an expression, because a value pasted into a shell's text could run as code; put "
    "it into 'env' (NAME: \"${{ ... }}\") and write \"$NAME\" here";

std::string at(std::string_view place_and_what, std::string_view rest) {
  return std::string(place_and_what) + std::string(rest);
}

}  // namespace

TEST_CASE("mistakes in a task's own keys") {
  // From line 6 on.
  check_each(
      {
          {"    trigger_rule: all_sucess\n",
           "6:19: 'trigger_rule' must be all_success, all_failed, all_done, one_success, "
           "one_failed, one_done, none_failed or always, not \"all_sucess\"; did you mean "
           "'all_success'?"},
          {"    trigger_rule: [all_done]\n", "6:19: 'trigger_rule' must be text, not a list"},
          {"    trigger_rule:\n", "6:5: 'trigger_rule' must not be empty"},
          {"    triger_rule: always\n",
           "6:5: unknown key \"triger_rule\" in a task; did you mean 'trigger_rule'?"},
          {"    if: true\n", "6:5: unknown key \"if\" in a task; use 'when'"},
          {"    strategy: {}\n", "6:5: unknown key \"strategy\" in a task; use 'matrix'"},
          {"    continue-on-error: true\n",
           "6:5: unknown key \"continue-on-error\" in a task; use 'allow_failure'"},
          {"    matrix: [eu, us]\n", "6:13: 'matrix' must be a mapping (key: value), not a list"},
          {"    matrix: {}\n",
           "6:13: 'matrix' has no axis; leave it out, or write such as {region: [eu, us]}"},
          {"    matrix: {region: eu}\n", "6:22: axis \"region\" must be a list, not \"eu\""},
          {"    matrix: {region: []}\n",
           "6:22: axis \"region\" is an empty list, so the task would have no instance"},
          {"    matrix: {region: [eu, us, eu]}\n", "6:31: axis \"region\" has \"eu\" twice"},
          {"    matrix: {region: [eu, [us]]}\n",
           "6:27: a value of axis \"region\" must be text, not a list"},
          {"    matrix: {region: [eu, ~]}\n",
           "6:27: a value of axis \"region\" has no value; write \"\" if it is meant to be empty"},
          {"    matrix: {a-b: [x]}\n",
           "6:14: \"a-b\" cannot be an axis: a letter or _ first, then letters, digits and _, at "
           "most 63"},
          {"    matrix: {os: [x], OS: [y]}\n",
           "6:23: the axes \"os\" and \"OS\" would both be PAWL_MATRIX_OS"},
          {"    matrix: {a: [x], b: [x], c: [x], d: [x], e: [x], f: [x], g: [x], h: [x], i: [x]}\n",
           "6:5: 'matrix' has 9 axes; at most 8 are allowed"},
          {"    matrix: {a: [x/y, x_y]}\n",
           "6:5: two instances would both be \"a[x_y]\"; use values that differ in their first "
           "characters of A-Z a-z 0-9 . _ -"},
          {"    outputs: version\n", "6:14: 'outputs' must be a list, not \"version\""},
          {"    outputs: [1st]\n",
           "6:15: \"1st\" cannot be an output: a letter or _ first, then letters, digits, _ and -"},
          {"    outputs: [a.b]\n",
           "6:15: \"a.b\" cannot be an output: a letter or _ first, then letters, digits, _ and -"},
          {"    outputs: [v, w, v]\n", "6:21: 'outputs' has \"v\" twice"},
          {"    allow_failure: yes\n", "6:20: 'allow_failure' must be true or false, not \"yes\""},
          {"    kill_grace: 11m\n", "6:17: 'kill_grace' must be from 0s to 10m, not \"11m\""},
          {"    kill_grace: soon\n",
           "6:17: 'kill_grace' must be a duration such as 90s, 15m or 1h30m, not \"soon\""},
          {"    stop_grace_period: 1s\n",
           "6:5: unknown key \"stop_grace_period\" in a task; use 'kill_grace'"},
          {"    depends_on: [\"a[x]\"]\n    matrix: {x: [x]}\n",
           "6:18: no task \"a[x]\": write 'a', which stands for all instances of its matrix"},
      },
      with_task_lines(""), "");
}

TEST_CASE("mistakes in secrets") {
  check_each(
      {
          {"    secrets: db\n", "6:14: 'secrets' must be a list, not \"db\""},
          {"    secrets: [a/b]\n",
           "6:15: \"a/b\" is not a secret's name: a file name of A-Z a-z 0-9 . _ -"},
          {"    secrets: [[a]]\n", "6:15: a secret must be a mapping (key: value), not a list"},
          {"    secrets: [{file: /a}]\n", "6:15: a secret needs 'name'"},
          {"    secrets: [{name: .., file: /a}]\n",
           "6:22: \"..\" is not a secret's name: a file name of A-Z a-z 0-9 . _ -"},
          {"    secrets: [{name: a, file: /x, env: X}]\n",
           "6:35: a secret is a 'file' or a variable ('env'), not both; list it twice for both"},
          {"    secrets: [{name: a, path: /x}]\n",
           "6:25: unknown key \"path\" in a secret; use 'file'"},
          {"    secrets: [{name: a, file: /workspace}]\n",
           "6:31: \"/workspace\" is pawl's own; use such as /run/secrets/NAME"},
          {"    secrets: [{name: a, file: run/x}]\n",
           "6:31: \"run/x\" is not a file's absolute path without \".\", \"..\" and \"//\""},
          {"    secrets: [{name: a, file: /run/../etc/x}]\n",
           "6:31: \"/run/../etc/x\" is not a file's absolute path without \".\", \"..\" and "
           "\"//\""},
          {"    secrets: [{name: a, file: /}]\n",
           "6:31: \"/\" is not a file's absolute path without \".\", \"..\" and \"//\""},
          {"    secrets: [{name: a, file: /run/}]\n",
           "6:31: \"/run/\" is not a file's absolute path without \".\", \"..\" and \"//\""},
          {"    secrets: [{name: a, file: /proc/1/x}]\n",
           "6:31: a secret cannot be a file in /proc, which is the kernel's; use such as "
           "/run/secrets/NAME"},
          {"    secrets: [{name: a, file: /sys}]\n",
           "6:31: a secret cannot be a file in /sys, which is the kernel's; use such as "
           "/run/secrets/NAME"},
          {"    secrets: [{name: a, file: /dev/shm/x}]\n",
           "6:31: a secret cannot be a file in /dev, which is the kernel's; use such as "
           "/run/secrets/NAME"},
          {"    secrets: [a, {name: b, file: /run/secrets/a}]\n",
           "6:18: file \"/run/secrets/a\" is given twice"},
          {"    secrets: [{name: a, file: /x}, {name: b, file: /x/y}]\n",
           "6:36: of the files \"/x\" and \"/x/y\" one would be the other's folder"},
          {"    secrets: [{name: a, env: X}, {name: b, env: X}]\n",
           "6:34: variable \"X\" is given twice"},
          {"    secrets: [{name: a, env: 1X}]\n",
           "6:30: \"1X\" cannot be an environment variable: a letter or _ first, then letters, "
           "digits and _"},
          {"    secrets: [{name: a, env: PAWL_TOKEN}]\n",
           "6:30: \"PAWL_TOKEN\" is reserved: names that start with PAWL_ are set by pawl"},
          {"    env: {X: y}\n    secrets: [{name: a, env: X}]\n",
           "5:5: variable \"X\" of the task is both in 'env' (line 6) and a secret"},
      },
      with_task_lines(""), "");
  CHECK(problems_of(with_task_lines("    secrets: [{name: a, file: /process}, {name: b, file: "
                                    "/process2}, {name: c, file: /devices}]\n"))
            .empty());
}

TEST_CASE("mistakes in expressions") {
  const std::string before =
      "name: p\nparams: [{name: level, default: x}]\ndefaults: {image: alpine, env: {OWN: "
      "\"${{ params.level }}\"}}\ntasks:\n  - {id: up, outputs: [version], command: [x]}\n"
      "  - {id: side}\n  - {id: dot.ted, outputs: [o]}\n  - id: a\n    depends_on: [up, dot.ted]\n";
  // From line 10 on.
  check_each(
      {
          {"    when: params.level == 'x'\n",
           "10:11: 'when' is one ${{ ... }} with nothing around it, or true or false; write \"${{ "
           "params.level == 'x' }}\""},
          {"    when: \"${{ true }} x\"\n",
           "10:11: 'when' is one ${{ ... }} with nothing around it, or true or false"},
          {"    when: [x]\n", "10:11: 'when' must be text, not a list"},
          {"    when: \"${{ parms.level == 'x' }}\"\n",
           "10:16: unknown name \"parms\" in an expression; did you mean 'params'?"},
          {"    when: ${{ 1 == 1 && params.levl == 'x' }}\n",
           "10:25: no param \"levl\" in this pipeline; did you mean 'level'?"},
          {"    when: \"${{ params.level.x }}\"\n",
           "10:16: param \"level\" is a single value; nothing comes after it"},
          {"    when: '${{ full == params.level }}'\n",
           "10:16: unknown name \"full\" in an expression; known are params, matrix, env, run, "
           "host "
           "and tasks, and text stands in 'quotes'"},
          {"    when: \"${{ matrix.region == 'eu' }}\"\n", "10:16: task \"a\" has no matrix"},
          {"    matrix: {region: [x]}\n    when: \"${{ matrix.regoin == 'eu' }}\"\n",
           "11:16: no axis \"regoin\" in the matrix of task \"a\"; did you mean 'region'?"},
          {"    when: \"${{ env.OWNN }}\"\n",
           "10:16: no variable \"OWNN\" in the env of task \"a\"; did you mean 'OWN'?"},
          {"    env: {B: \"x${{ env.OWN }}\"}\n",
           "10:20: a value of 'env' cannot take in other variables"},
          {"    when: \"${{ run.idd }}\"\n", "10:16: no \"idd\" in run; did you mean 'id'?"},
          {"    when: \"${{ run.status == 'failed' }}\"\n",
           "10:16: run.status is known in hooks only, which run after the tasks"},
          {"    when: \"${{ host.nam }}\"\n", "10:16: no \"nam\" in host; did you mean 'name'?"},
          {"    when: \"${{ payload.ref }}\"\n",
           "10:16: the payload is known to a webhook's 'when' and 'params' only; take the value "
           "into a param there, and use params.NAME"},
          {"    when: \"${{ tasks.upp.status }}\"\n",
           "10:16: no task \"upp\" in this pipeline; did you mean 'up'?"},
          {"    when: \"${{ tasks.up.stats }}\"\n",
           "10:16: no \"stats\" in a task; did you mean 'status'?"},
          {"    when: \"${{ tasks.up }}\"\n",
           "10:16: write tasks.ID.outputs.NAME or tasks.ID.status"},
          {"    when: \"${{ tasks[params.level].status }}\"\n",
           "10:16: the id of a task cannot be computed: write tasks.ID.outputs.NAME or "
           "tasks.ID.status"},
          {"    when: \"${{ tasks.up.outputs.vrsion }}\"\n",
           "10:16: task \"up\" declares no output \"vrsion\"; did you mean 'version'?"},
          {"    when: \"${{ tasks.side.status }}\"\n",
           "10:16: task \"side\" is not upstream of this one, so it may not have ended; name it in "
           "'depends_on', or a task that depends on it"},
          {"    when: \"${{ tasks.a.status }}\"\n", "10:16: task \"a\" is this task itself"},
          {"    when: \"${{ tasks.dot.ted.outputs.o }}\"\n",
           "10:16: no task \"dot\"; for an id with a dot write tasks['dot.ted']"},
          {"    command: [x, \"${{ tasks.side.outputs.v }}\"]\n",
           "10:23: task \"side\" is not upstream of this one, so it may not have ended; name it in "
           "'depends_on', or a task that depends on it"},
          {"    image: \"alpine:${{ params.level }}\"\n",
           "10:24: 'params' is not known here; only matrix is"},
          {"    matrix: {v: [\"/\"]}\n    image: \"${{ matrix.v }}\"\n",
           "11:12: \"/\" is not an image reference ([registry/]name[:tag][@digest])"},
          {"    env: {A: \"\xc3\xa4\xc3\xb6 ${{ parms.x }}\"}\n",
           "10:22: unknown name \"parms\" in an expression; did you mean 'params'?"},
          {"    env:\n      A: |\n        one\n        two ${{ parms.x }}\n",
           "13:17: unknown name \"parms\" in an expression; did you mean 'params'?"},
          // Where the text is not as it is in the file, the value's place.
          {"    env: {A: \"\\x41 ${{ parms.x }}\"}\n",
           "10:14: unknown name \"parms\" in an expression; did you mean 'params'?"},
          {"    env:\n      A: one\n        two ${{ parms.x }}\n",
           "11:10: unknown name \"parms\" in an expression; did you mean 'params'?"},
      },
      before, "");
}

TEST_CASE("expressions where they are not evaluated") {
  const auto one = [](std::string_view lines, const std::string& expected) {
    CAPTURE(lines);
    CHECK(problems_of(with_task_lines(lines)) == Lines{expected});
  };
  one("    timeout: ${{ params.x }}\n", at("6:14: 'timeout'", kPlaces));
  one("    cpus: \"${{ params.x }}\"\n", at("6:12: 'cpus'", kPlaces));
  one("    user: a${{ params.x }}\n", at("6:12: 'user'", kPlaces));
  one("    depends_on: \"${{ params.x }}\"\n", at("6:18: 'depends_on'", kPlaces));
  one("    matrix: {x: [\"${{ params.x }}\"]}\n", at("6:19: a value of axis \"x\"", kPlaces));
  one("    script: |\n      echo\n      echo ${{ params.x }}\n", at("8:12: 'script'", kShell));
  one("    command: echo ${{ params.x }}\n", at("6:19: 'command'", kShell));
  one("    command: [sh, -c, \"echo ${{ params.x }}\"]\n",
      at("6:29: the text that the shell runs", kShell));
}

TEST_CASE("mistakes in hooks, hosts and notifications") {
  // From line 2 on.
  check_each(
      {
          {"on_failure: {id: x}\n", "2:13: 'on_failure' must be a list, not a mapping"},
          {"on_failure: [{id: a, image: i}]\n",
           "2:19: task \"a\" is given twice; the first is in line 3"},
          {"on_exit: [{id: x, image: i, depends_on: a}]\n",
           "2:41: task \"a\" is one of 'tasks'; a task depends on tasks of its own list only, and "
           "hooks run after all others anyway"},
          {"on_exit: [{id: xy, image: i}, {id: z, image: i, depends_on: yx}]\n",
           "2:61: no task \"yx\" in 'on_exit'; did you mean 'xy'?"},
          {"on_exit: [{id: x, image: i, depends_on: y}]\non_cancel: [{id: y, image: i}]\n",
           "2:41: task \"y\" is one of 'on_cancel'; a task depends on tasks of its own list only, "
           "and hooks run after all others anyway"},
          {"on_exit: [{id: x, image: i, wen: true}]\n",
           "2:29: unknown key \"wen\" in a task; did you mean 'when'?"},
          {"on_exit: [{id: x, image: i, when: \"${{ run.stats }}\"}]\n",
           "2:40: no \"stats\" in run; did you mean 'status'?"},
          {"on_failur: []\n",
           "2:1: unknown key \"on_failur\" in a pipeline; did you mean 'on_failure'?"},
          {"hosts: [edge-1]\n", "2:8: 'hosts' must be a mapping (key: value), not a list"},
          {"hosts: {names: []}\n",
           "2:16: 'names' is an empty list, so no host would be meant; leave it out for every "
           "host"},
          {"hosts: {names: [\"a b\"]}\n",
           "2:17: \"a b\" is not a host's name (letters, digits, '-' and '.') or a pattern of it "
           "such as edge-*"},
          {"hosts: {labels: [x]}\n", "2:17: 'labels' must be a mapping (key: value), not a list"},
          {"hosts: {labels: {Site: x}}\n",
           "2:18: \"Site\" is not a label's name (a-z or 0-9 first, then up to 62 of a-z 0-9 . _ "
           "-)"},
          {"hosts: {label: {site: x}}\n", "2:9: unknown key \"label\" in hosts; use 'labels'"},
          {"notify: [{on: [faild], url_secret: x}]\n",
           "2:16: 'on' takes success, failed, cancelled and skipped, not \"faild\"; did you mean "
           "'failed'?"},
          {"notify: [{on: [], url_secret: x}]\n",
           "2:15: 'on' is an empty list, so nothing would be sent"},
          {"notify: [{on: [failed]}]\n",
           "2:10: a notification needs 'url_secret': the name of a secret on the host that holds "
           "the address"},
          {"notify: [{on: [failed], url: 'https://x', url_secret: x}]\n",
           "2:25: unknown key \"url\" in a notification; use 'url_secret'"},
          {"notify: [{on: failed, url_secret: x, format: slak}]\n",
           "2:46: 'format' must be slack, json or healthchecks, not \"slak\"; did you mean "
           "'slack'?"},
      },
      "name: p\n", "tasks: [{id: a, image: i}]\n");
  const Lines two = problems_of(
      "name: p\ntasks: [{id: a, image: i, when: \"${{ tasks.x.status }}\"}]\n"
      "on_exit: [{id: x, image: i}]\n");
  CHECK(two == Lines{"2:38: task \"x\" is a hook, which runs after this task"});
  std::string many = "name: p\ndefaults: {image: i}\non_exit:\n";
  for (int i = 0; i < 21; ++i) many += "  - {id: h" + std::to_string(i) + "}\n";
  CHECK(problems_of(many + "tasks: [{id: a}]\n") ==
        Lines{"24:5: 'on_exit' has 21 items; at most 20 are allowed"});
}

TEST_CASE("images that were meant to be others") {
  HostConfig host = permissive_host();
  host.policy.images = {"registry.local/*", "alpine:*", "postgres:16"};
  const auto meant = [&](std::string_view image) {
    const Lines problems =
        problems_of("name: p\ntasks:\n  - {id: a, image: \"" + std::string(image) +
                        "\"}\n  - {id: b, image: \"registry.local/tools/fleet:2\"}\n",
                    host);
    REQUIRE(problems.size() == 1);
    const std::size_t at = problems.front().find("did you mean '");
    if (at == std::string::npos) return std::string();
    const std::string rest = problems.front().substr(at + 14);
    return rest.substr(0, rest.find('\''));
  };
  CHECK(meant("alpin:3.20") == "alpine:3.20");
  CHECK(meant("postgers:16") == "postgres:16");
  CHECK(meant("postgres:15") == "postgres:16");
  CHECK(meant("registry.locl/app:1") == "registry.local/app:1");
  CHECK(meant("registy.lan/tools/fleet:2").empty());
  CHECK(meant("zookeeper:3").empty());
  CHECK(problems_of("name: p\ntasks: [{id: a, image: 'alpin:3'}]\n", host) ==
        Lines{"2:24: image \"alpin:3\" is not allowed on this host (policy.images names "
              "registry.local/*, alpine:* and postgres:16); did you mean 'alpine:3'? Else add it, "
              "or a pattern such as \"alpin:*\", to policy.images in "
              "/etc/pawl/pawl.yaml"});
}
