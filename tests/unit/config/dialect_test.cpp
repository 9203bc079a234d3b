#include "config/dialect.h"

#include "config/yaml_parser.h"
#include "loading.h"
#include "model/limits.h"
#include "model/pipeline_json.h"

using namespace pawl;
using namespace pawl::config;

namespace {

using Lines = std::vector<std::string>;

std::string shown(const YamlNode& node) {
  std::string text;
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      return "null";
    case YamlNode::Kind::kScalar:
      return node.is_plain ? node.text : "'" + node.text + "'";
    case YamlNode::Kind::kSequence:
      for (const YamlNode* item : node.items) text += (text.empty() ? "" : ", ") + shown(*item);
      return "[" + text + "]";
    case YamlNode::Kind::kMapping:
      for (const YamlNode::Entry& entry : node.entries) {
        text += (text.empty() ? "" : ", ") + entry.key + ": " + shown(*entry.value);
      }
      return "{" + text + "}";
  }
  return text;
}

struct Rewritten {
  std::string form;
  Lines problems;
  bool is_same = false;  // nothing had to change
};

Rewritten rewrite(std::string_view text) {
  ProblemList problems("p.yaml");
  YamlFile file = parse_yaml(text, limits::kPipelineFileBytes, problems);
  REQUIRE(problems.empty());
  REQUIRE(file.documents.size() == 1);
  const std::string before = shown(*file.documents.front());
  const YamlNode& node = to_todays_form(file, *file.documents.front(), problems);
  CHECK(shown(*file.documents.front()) == before);
  return {shown(node), lines(problems.take()), &node == file.documents.front()};
}

// The form of a document that has no problem.
std::string form(std::string_view text) {
  const Rewritten rewritten = rewrite(text);
  CHECK(rewritten.problems == Lines{});
  return rewritten.form;
}

Lines dialect_problems(std::string_view text) { return rewrite(text).problems; }

std::string model_of(std::string_view text) { return to_json(pipeline_of(text)).dump(); }

// Both texts are one pipeline; where its document starts does not count.
void check_same(std::string_view old_text, std::string_view new_text) {
  CHECK(rewrite(new_text).is_same);
  CHECK(form(old_text) == form(new_text));
  CHECK(model_of(old_text) == model_of(new_text));
  CHECK(content_hash(pipeline_of(old_text)) == content_hash(pipeline_of(new_text)));
}

constexpr std::string_view kTasks = "tasks: [{id: a, image: i}]\n";

std::string with_tasks(std::string_view lines) { return std::string(lines) + std::string(kTasks); }

}  // namespace

TEST_CASE("today's form stays the same node") {
  CHECK(rewrite(with_tasks("name: p\ntriggers:\n  - cron: '@daily'\n  - webhook: {path: x}\n"))
            .is_same);
  CHECK(rewrite("name: Nightly Backup\ntasks:\n  - {id: a, depends_on: [b]}\n  - id: b\n").is_same);
  CHECK(rewrite("just text").is_same);
  CHECK(rewrite("[a, b]").is_same);
}

TEST_CASE("a mapping 'pipeline' around the document") {
  check_same("pipeline:\n  name: p\n  timeout: 1h\n  tasks: [{id: a, image: i}]\n",
             "name: p\ntimeout: 1h\ntasks: [{id: a, image: i}]\n");
  check_same(with_tasks("priority: 3\npipeline: {id: p, description: d}\n"),
             with_tasks("priority: 3\nname: p\ndescription: d\n"));
  CHECK(problems_of(with_tasks("version: 2\npipeline: {name: p}\n")) ==
        Lines{"1:1: unknown key \"version\" in a pipeline"});
  CHECK(dialect_problems(with_tasks("name: p\npipeline: {name: q}\n")) ==
        Lines{"2:12: key \"name\" is given twice, in 'pipeline' and beside it in line 1"});
  CHECK(dialect_problems(with_tasks("name: p\npipeline: q\n")) ==
        Lines{"2:11: 'pipeline' must be a mapping (key: value)"});
}

TEST_CASE("a single 'task' instead of the list") {
  check_same("name: p\ntask: {name: a, image: i}\n", "name: p\ntasks:\n  - {id: a, image: i}\n");
  // One name is enough for both.
  check_same("name: p\ntask: {image: i}\n", "name: p\ntasks:\n  - {id: p, image: i}\n");
  check_same("task: {name: a, image: i}\n", "name: a\ntasks:\n  - {id: a, image: i}\n");
  check_same("task: {id: Big Job, image: i}\n",
             "name: Big Job\ntasks: [{id: big-job, image: i}]\n");
  CHECK(dialect_problems("name: p\ntask: {id: a}\ntasks: [{id: b}]\n") ==
        Lines{"2:1: 'task' means the same as 'tasks' in line 3, column 1; leave one of them out"});
  CHECK(dialect_problems("name: p\ntask: [{id: a}]\n") ==
        Lines{"2:7: 'task' must be a mapping (key: value); a list of tasks is called 'tasks'"});
}

TEST_CASE("id and name") {
  check_same("id: p\ntasks: [{name: a, image: i}]\n", "name: p\ntasks: [{id: a, image: i}]\n");
  CHECK(dialect_problems("id: p\nname: q\ntasks:\n  - id: a\n    name: b\n") ==
        Lines{"2:1: 'name' means the same as 'id' in line 1, column 1; leave one of them out",
              "5:5: 'name' means the same as 'id' in line 4, column 5; leave one of them out"});
}

TEST_CASE("display names become names, and references follow") {
  const Pipeline titled = pipeline_of(with_tasks("id: \"Nightly Backup (DB)\"\n"));
  CHECK(titled.name == "nightly-backup-db");
  CHECK(titled.title == "Nightly Backup (DB)");
  CHECK(pipeline_of(with_tasks("name: plain\n")).title.empty());
  check_same(
      "name: p\n"
      "defaults: {image: i}\n"
      "tasks:\n"
      "  - name: Build it!\n"
      "  - name: Test\n    needs: Build it!\n"
      "  - id: ship\n    needs: [Test, Build it!]\n",
      "name: p\n"
      "defaults: {image: i}\n"
      "tasks:\n"
      "  - id: build-it\n"
      "  - id: test\n    depends_on: build-it\n"
      "  - id: ship\n    depends_on: [test, build-it]\n");
  CHECK(form("on_failure: [{name: Call Me}, {name: x, needs: Call Me}]") ==
        "{on_failure: [{id: call-me}, {id: x, depends_on: call-me}]}");
  CHECK(form("tasks: [{id: A B}]\ntriggers: [{cron: x, tasks: [A B]}, "
             "{webhook: {path: y, tasks: A B}}]") ==
        "{tasks: [{id: a-b}], triggers: [{cron: x, tasks: [a-b]}, "
        "{webhook: {path: y, tasks: a-b}}]}");
  CHECK(problems_of("name: p\ndefaults: {image: i}\n"
                    "tasks: [{id: Build}, {id: build}, {id: c, needs: [BUILD]}]\n") ==
        Lines{"3:27: task \"build\" is given twice; the first is in line 3",
              "3:51: no task \"BUILD\" in this pipeline"});
}

TEST_CASE("dependencies") {
  for (std::string_view key : {"dependencies", "depends", "needs"}) {
    CAPTURE(key);
    const auto document = [](std::string_view dependency) {
      return "name: p\ndefaults: {image: i}\ntasks:\n  - {id: a}\n  - {id: b}\n  - {id: c, " +
             std::string(dependency) + "}\n";
    };
    check_same(document(std::string(key) + ": a"), document("depends_on: a"));
    check_same(document(std::string(key) + ": [b, a]"), document("depends_on: [b, a]"));
    CHECK(dialect_problems(document("depends_on: a, " + std::string(key) + ": b")) ==
          Lines{"6:28: '" + std::string(key) +
                "' means the same as 'depends_on' in line 6, column 13; leave one of them out"});
    CHECK(problems_of(document(std::string(key) + ": [x]")) ==
          Lines{"6:" + std::to_string(16 + key.size()) + ": no task \"x\" in this pipeline"});
  }
}

TEST_CASE("typed triggers") {
  for (std::string_view type : {"cron", "crontab"}) {
    for (std::string_view key : {"expression", "schedule", "cron"}) {
      CAPTURE(type);
      CAPTURE(key);
      check_same(
          with_tasks("name: p\ntriggers:\n  - {type: " + std::string(type) + ", " +
                     std::string(key) + ": 5 4 * * *, timezone: Europe/Berlin}\n"),
          with_tasks("name: p\ntriggers:\n  - {cron: 5 4 * * *, timezone: Europe/Berlin}\n"));
    }
  }
  for (std::string_view key : {"path", "endpoint", "token"}) {
    CAPTURE(key);
    check_same(with_tasks("name: p\ntriggers:\n  - {type: webhook, " + std::string(key) + ": x}\n"),
               with_tasks("name: p\ntriggers:\n  - {webhook: x}\n"));
    check_same(with_tasks("name: p\ntriggers:\n  - {type: webhook, secret: [s], " +
                          std::string(key) + ": ops/x}\n"),
               with_tasks("name: p\ntriggers:\n  - webhook: {secret: [s], path: ops/x}\n"));
  }
  // The dialects wrote the address' whole path.
  CHECK(form("triggers: [{type: webhook, endpoint: /hooks/a/b}, {type: webhook, path: /c}]") ==
        "{triggers: [{webhook: a/b}, {webhook: c}]}");
  CHECK(form("triggers: [{type: webhook, path: x, tasks: [a], events: [push]}]") ==
        "{triggers: [{webhook: {path: x, events: [push]}, tasks: [a]}]}");
  CHECK(form("triggers: [{type: pipeline, pipeline: build}]") == "{triggers: [{pipeline: build}]}");
  CHECK(dialect_problems("triggers:\n  - {type: crom, expression: x}\n  - {type: [cron]}\n") ==
        Lines{"2:12: a trigger's 'type' is cron, crontab or webhook, not \"crom\"; did you mean "
              "'cron'?",
              "3:12: a trigger's 'type' is cron, crontab or webhook"});
  CHECK(dialect_problems("triggers:\n  - {type: cron, cron: x, schedule: y}\n") ==
        Lines{"2:27: 'schedule' means the same as 'cron' in line 2, column 18; leave one of them "
              "out"});
  CHECK(problems_of(with_tasks("name: p\ntriggers:\n  - {type: cron, expression: '99 * * * *'}\n"))
            .front()
            .starts_with("3:30: bad cron expression"));
}

TEST_CASE("schedule and webhook_path at the top") {
  check_same(with_tasks("name: p\nschedule: '@daily'\n"),
             with_tasks("name: p\ntriggers: [{cron: '@daily'}]\n"));
  check_same(with_tasks("name: p\nwebhook_path: /deploy\nschedule: [1 2 * * *, '@hourly']\n"),
             with_tasks("name: p\ntriggers: [{cron: 1 2 * * *}, {cron: '@hourly'}, "
                        "{webhook: deploy}]\n"));
  check_same(
      with_tasks(
          "schedule: {type: cron, expression: '@daily'}\nname: p\ntriggers: [{webhook: x}]\n"),
      with_tasks("name: p\ntriggers: [{webhook: x}, {cron: '@daily'}]\n"));
  CHECK(form("a: 1\nwebhook_path: x\nb: 2\nschedule: y\n") ==
        "{a: 1, triggers: [{cron: y}, {webhook: x}], b: 2}");
  CHECK(dialect_problems("schedule: [[x], ]\n") ==
        Lines{"1:12: 'schedule' must be a cron expression or a list of them"});
  CHECK(
      problems_of(with_tasks("name: p\nschedule: daily\n")).front().starts_with("2:11: bad cron"));
}

TEST_CASE("a trigger on a task starts with that task") {
  CHECK(form("tasks:\n"
             "  - {id: a, trigger: '@daily'}\n"
             "  - {name: Big Task, trigger: {type: webhook, token: x}}\n"
             "  - {id: c, trigger: [{cron: '@daily'}, {webhook: y}, 1 1 * * *]}\n") ==
        "{triggers: [{cron: '@daily', tasks: [a, c]}, {webhook: x, tasks: [big-task]}, "
        "{webhook: y, tasks: [c]}, {cron: 1 1 * * *, tasks: [c]}], "
        "tasks: [{id: a}, {id: big-task}, {id: c}]}");
  CHECK(form("triggers: [{cron: x}]\ntasks: [{id: a, trigger: x}]\n") ==
        "{triggers: [{cron: x}, {cron: x, tasks: [a]}], tasks: [{id: a}]}");
  CHECK(form("task: {id: a, trigger: x}\n") ==
        "{name: a, triggers: [{cron: x, tasks: [a]}], tasks: [{id: a}]}");
  CHECK(dialect_problems("tasks:\n  - {id: a, trigger: [[x]]}\n"
                         "  - {id: b, trigger: {cron: x, tasks: [a]}}\n"
                         "  - {id: c, trigger: }\n") ==
        Lines{"2:23: a task's 'trigger' must be a mapping, a cron expression or a list of them",
              "3:22: a task's own trigger starts that task; 'tasks' belongs to the pipeline's "
              "'triggers'",
              "4:13: a task's 'trigger' must be a mapping, a cron expression or a list of them"});
  // A hook is started by the end of its run.
  CHECK(form("on_exit: [{id: a, trigger: x}]") == "{on_exit: [{id: a, trigger: x}]}");
}

TEST_CASE("resources") {
  for (std::string_view key : {"cpu", "cpus"}) {
    CAPTURE(key);
    check_same("name: p\ndefaults: {image: i, resources: {" + std::string(key) +
                   ": 0.5}}\ntasks:\n  - {id: a, resources: {memory: 64m, " + std::string(key) +
                   ": 2}, pids: 9}\n",
               "name: p\ndefaults: {image: i, cpus: 0.5}\n"
               "tasks:\n  - {id: a, memory: 64m, cpus: 2, pids: 9}\n");
  }
  CHECK(dialect_problems("tasks:\n"
                         "  - {cpus: 1, resources: {cpu: 2, gpus: 1}}\n"
                         "  - {resources: {cpu: 1, cpus: 2}}\n"
                         "  - {resources: 1}\n") ==
        Lines{"2:27: 'resources.cpu' means the same as 'cpus' in line 2, column 6; leave one of "
              "them out",
              "2:35: unknown key \"gpus\" in resources; it has cpu, cpus and memory",
              "3:26: 'resources.cpus' means the same as 'cpus' in line 3, column 18; leave one of "
              "them out",
              "4:17: 'resources' must be a mapping (key: value)"});
}

TEST_CASE("an image at the top is the tasks' default") {
  check_same("name: p\nimage: i\ntasks: [{id: a}]\n",
             "name: p\ndefaults: {image: i}\ntasks: [{id: a}]\n");
  check_same("name: p\nimage: i\ndefaults: {pids: 7}\ntasks: [{id: a}]\n",
             "name: p\ndefaults: {image: i, pids: 7}\ntasks: [{id: a}]\n");
  CHECK(dialect_problems("image: i\ndefaults:\n  image: j\n") ==
        Lines{"1:1: 'image' means the same as defaults.image in line 3, column 3; leave one of "
              "them out"});
  CHECK(problems_of("name: p\ndefaults: 1\nimage: i\ntasks: [{id: a, image: i}]\n") ==
        Lines{"2:11: 'defaults' must be a mapping (key: value), not \"1\""});
}

TEST_CASE("what aliases share is left alone") {
  CHECK(form("tasks:\n"
             "  - &one {name: Job A, resources: {cpu: 1}, image: i}\n"
             "  - <<: *one\n    name: b\n    needs: Job A\n"
             "  - *one\n") ==
        "{tasks: [{id: job-a, cpus: 1, image: i}, {id: b, depends_on: job-a, cpus: 1, image: i}, "
        "{id: job-a, cpus: 1, image: i}]}");
}

TEST_CASE("hostile sizes end in time") {
  std::string many = "name: p\ntasks:\n";
  for (int i = 0; i < 3'000; ++i) {
    many += "  - {name: T " + std::to_string(i) + ", trigger: " + std::to_string(i) + " * * * *}\n";
  }
  CHECK(problems_of(many).size() == limits::kYamlProblems);
  std::string wide = "name: p\ntasks: &t [";
  for (int i = 0; i < 500; ++i) wide += "{name: A, needs: B, resources: {cpu: 1}}, ";
  wide += "]\non_exit: *t\non_failure: *t\non_success: *t\n";
  CHECK(problems_of(wide).size() == limits::kYamlProblems);
}
