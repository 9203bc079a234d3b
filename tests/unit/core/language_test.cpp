// What the pipeline language asks of the core: rules, conditions, outputs, instances, hooks, starting tasks.
#include <doctest/doctest.h>

#include "fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

Task with_rule(Task task, TriggerRule rule) {
  task.rule = rule;
  return task;
}

Task with_when(Task task, const std::string& when) {
  task.when = when;
  return task;
}

Task hook(const std::string& id, Hook kind, std::vector<std::uint32_t> upstream = {}) {
  Task task = make_task(id, std::move(upstream));
  task.hook = kind;
  return task;
}

Commands exited_with(Core& core, const AttemptKey& attempt, int code, Variables outputs) {
  AttemptOutcome outcome;
  outcome.exit_code = code;
  outcome.ended_at = core.wall;
  outcome.outputs = std::move(outputs);
  return core.send(AttemptEnded{attempt, outcome});
}

TaskState ended_task(std::uint32_t index, Status status, Reason reason) {
  TaskState task;
  task.run = RunId{1};
  task.index = index;
  task.status = status;
  task.reason = reason;
  return task;
}

std::string value_of(const Variables& variables, const std::string& name) {
  for (const auto& [known, value] : variables) {
    if (known == name) return value;
  }
  return "(none)";
}

}  // namespace

TEST_CASE(
    "a rule that wants a failure runs its task after one, and the run has failed all the same") {
  Core core;
  core.publish({make_pipeline(
      "p", {make_task("a"), with_rule(make_task("mend", {0}), TriggerRule::kOneFailed),
            make_task("b", {0})})});
  core.trigger("p");
  core.exited(key(1, 0), 3);
  CHECK(core.dispatched() == std::vector{key(1, 1)});
  CHECK(core.last_task(2).status == Status::kSkipped);
  CHECK(core.last_task(2).message == "task 'a' did not succeed");
  core.exited(key(1, 1), 0);
  CHECK(core.last_run().status == Status::kFailed);
  CHECK(core.last_run().message == "task 'a': exit code 3");
}

TEST_CASE("a failure goes through what it skipped; a condition's skip does not count as one") {
  Core core;
  core.publish(
      {make_pipeline("p", {make_task("a"), make_task("b", {0}),
                           with_rule(make_task("careful", {1}), TriggerRule::kNoneFailed)})});
  core.trigger("p");
  core.exited(key(1, 0), 1);
  CHECK(core.last_task(2).status == Status::kSkipped);

  core.publish(
      {make_pipeline("q", {with_when(make_task("a"), "${{ false }}"), make_task("b", {0}),
                           with_rule(make_task("careful", {1}), TriggerRule::kNoneFailed)})},
      "other");
  core.trigger("q", "k2");
  CHECK(core.dispatched() == std::vector{key(2, 2)});
  CHECK(core.last_task(0).reason == Reason::kCondition);
  CHECK(core.last_task(1).reason == Reason::kUpstream);
}

TEST_CASE("a run of which every task is skipped succeeds in the step that made it") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {with_when(make_task("a"), "${{ false }}")});
  pipeline.concurrency = Concurrency{"g", 1, OnConflict::kQueue};
  core.publish({pipeline});
  core.trigger("p");
  CHECK(core.last_run().status == Status::kSuccess);
  CHECK(core.state.runs.empty());
  CHECK(core.state.groups.empty());
}

TEST_CASE("a failure that is allowed counts as a success behind it, and for the run") {
  Core core;
  Task lint = make_task("lint");
  lint.allow_failure = true;
  core.publish({make_pipeline("p", {lint, make_task("b", {0})})});
  core.trigger("p");
  core.exited(key(1, 0), 1);
  CHECK(core.last_task(0).status == Status::kFailed);
  CHECK(core.dispatched() == std::vector{key(1, 1)});
  core.exited(key(1, 1), 0);
  CHECK(core.last_run().status == Status::kSuccess);
}

TEST_CASE("a condition sees params by their type, outputs and the state of tasks before it") {
  Core core;
  Task build = make_task("build");
  build.outputs = {"version"};
  Pipeline pipeline = make_pipeline(
      "p",
      {build,
       with_when(
           make_task("yes", {0}),
           "${{ params.count > 9 && params.dry == false && tasks.build.status == 'success' }}"),
       with_when(make_task("no", {0}), "${{ tasks.build.outputs.version != '1.2' }}")});
  pipeline.params = {{"count", ParamType::kInteger, {}, "10"},
                     {"dry", ParamType::kBoolean, {}, "false"}};
  core.publish({pipeline});
  core.trigger("p");
  exited_with(core, key(1, 0), 0, {{"version", "1.2"}});
  CHECK(core.last_task(0).outputs == Variables{{"version", "1.2"}});
  CHECK(core.dispatched() == std::vector{key(1, 1)});
  CHECK(core.last_task(2).reason == Reason::kCondition);
}

TEST_CASE(
    "a worker is told values, not expressions; the host, the run and the instances' outputs among "
    "them") {
  Core core;
  core.state.settings.host_name = "edge-01";
  core.state.settings.host_labels = {{"site", "berlin"}};
  std::vector<Task> tasks;
  for (const std::string region : {"eu", "us"}) {
    Task task = make_task("build[" + region + "]");
    task.base = "build";
    task.matrix = {{"region", region}};
    task.outputs = {"size"};
    task.env = {{"REGION", "${{ matrix.region }}"}};
    tasks.push_back(task);
  }
  Task report = make_task("report", {0, 1});
  report.env = {{"ALL", "${{ toJSON(tasks.build.outputs.size) }} by ${{ tasks.build.status }}"},
                {"WHERE", "${{ host.name }}/${{ host.labels.site }}"}};
  report.command = {"echo", "${{ run.pipeline }}#${{ run.id }}: ${{ env.WHERE }}", "$HOME"};
  tasks.push_back(report);
  core.publish({make_pipeline("p", tasks)});
  core.trigger("p");
  auto orders = all_of_type<RunAttempt>(core.last);
  REQUIRE(orders.size() == 2);
  CHECK(value_of(orders[1].env, "REGION") == "us");
  exited_with(core, key(1, 0), 0, {{"size", "3"}});
  exited_with(core, key(1, 1), 0, {});
  orders = all_of_type<RunAttempt>(core.last);
  REQUIRE(orders.size() == 1);
  CHECK(value_of(orders[0].env, "ALL") == R"(["3",null] by success)");
  CHECK(orders[0].command == std::vector<std::string>{"echo", "p#1: edge-01/berlin", "$HOME"});
}

TEST_CASE("what cannot be evaluated fails its task without an attempt") {
  Core core;
  Task task = make_task("a");
  task.env = {{"X", "${{ matches('x', params.pattern) }}"}};
  Pipeline pipeline = make_pipeline("p", {task, make_task("b", {0})});
  pipeline.params = {{"pattern", ParamType::kString, {}, "("}};
  core.publish({pipeline});
  core.trigger("p");
  CHECK(core.dispatched().empty());
  CHECK(core.last_task(0).status == Status::kFailed);
  CHECK(core.last_task(0).reason == Reason::kCondition);
  CHECK(core.last_task(0).message.starts_with("env X: "));
  CHECK(core.last_task(1).status == Status::kSkipped);
  CHECK(core.last_run().status == Status::kFailed);
  CHECK(core.state.slots_used == 0);

  pipeline.tasks[0].env.clear();
  pipeline.tasks[0].when = "${{ matches('x', params.pattern) }}";
  core.publish({pipeline});
  core.trigger("p", "k2");
  CHECK(core.last_task(0).reason == Reason::kCondition);
  CHECK(core.last_run().status == Status::kFailed);
}

TEST_CASE("hooks answer how the run ended, after everything else, and do not change it") {
  Core core;
  core.publish({make_pipeline(
      "p", {make_task("a"), hook("cheer", Hook::kOnSuccess), hook("page", Hook::kOnFailure),
            hook("sorry", Hook::kOnCancel), hook("clean", Hook::kOnExit)})});
  SUBCASE("success") {
    core.trigger("p");
    CHECK(core.dispatched() == std::vector{key(1, 0)});
    core.exited(key(1, 0), 0);
    CHECK(core.dispatched() == std::vector{key(1, 1), key(1, 4)});
    CHECK(core.last_task(2).reason == Reason::kCondition);
    core.exited(key(1, 1), 1);
    core.exited(key(1, 4), 0);
    CHECK(core.last_run().status == Status::kSuccess);
    CHECK(core.last_run().message == "hook 'cheer': exit code 1");
  }
  SUBCASE("failure") {
    core.trigger("p");
    core.exited(key(1, 0), 1);
    CHECK(core.dispatched() == std::vector{key(1, 2), key(1, 4)});
    core.exited(key(1, 2), 0);
    core.exited(key(1, 4), 0);
    CHECK(core.last_run().status == Status::kFailed);
    CHECK(core.last_run().message == "task 'a': exit code 1");
  }
  SUBCASE("cancelled; a second cancellation ends the hooks") {
    core.trigger("p");
    core.send(CancelRequested{1, RunId{1}, "ann"});
    core.exited(key(1, 0), 143);
    CHECK(core.dispatched() == std::vector{key(1, 3), key(1, 4)});
    core.send(CancelRequested{2, RunId{1}, "ann"});
    CHECK(all_of_type<SignalAttempt>(core.last).size() == 2);
    CHECK(core.last_run().hooks_cancelled);
    core.exited(key(1, 3), 143);
    core.exited(key(1, 4), 143);
    CHECK(core.last_task(4).status == Status::kCancelled);
    CHECK(core.last_run().status == Status::kCancelled);
    CHECK(core.state.runs.empty());
  }
}

TEST_CASE("a run's timeout and a replacement end its tasks, and not its hooks") {
  Core core;
  Pipeline pipeline = make_pipeline("p", {make_task("a"), hook("page", Hook::kOnFailure)});
  pipeline.timeout_ms = 60'000;
  pipeline.concurrency = Concurrency{"g", 1, OnConflict::kReplace};
  core.publish({pipeline});
  core.trigger("p");
  core.pass_ms(60'000);
  core.pass();
  core.exited(key(1, 0), 143);
  CHECK(core.dispatched() == std::vector{key(1, 1)});
  core.pass_ms(120'000);
  core.pass();
  core.trigger("p", "k2");
  CHECK(all_of_type<SignalAttempt>(core.last).empty());
  core.exited(key(1, 1), 0);
  CHECK(core.dispatched() == std::vector{key(2, 0)});
  bool seen = false;
  for (const SaveRun& save : all_of_type<SaveRun>(core.last)) {
    if (save.run.id != RunId{1}) continue;
    CHECK(save.run.status == Status::kFailed);
    CHECK(save.run.reason == Reason::kTimeout);
    seen = true;
  }
  CHECK(seen);
}

TEST_CASE("a hook is told how the run stands, and its own condition may ask") {
  Core core;
  Task page = hook("page", Hook::kOnExit);
  page.env = {{"STATUS", "${{ run.status }}/${{ run.reason }}: ${{ run.message }}"}};
  core.publish({make_pipeline(
      "p", {make_task("a"), page, with_when(hook("only", Hook::kOnExit), "${{ success() }}")})});
  core.trigger("p");
  core.exited(key(1, 0), 2);
  const auto orders = all_of_type<RunAttempt>(core.last);
  REQUIRE(orders.size() == 1);
  CHECK(value_of(orders[0].env, "STATUS") == "failed/exit_code: task 'a': exit code 2");
  CHECK(core.last_task(2).reason == Reason::kCondition);
}

TEST_CASE("a task's own grace is between the signals") {
  Core core;
  Task task = make_task("a");
  task.kill_grace_ms = 3'000;
  core.publish({make_pipeline("p", {task})});
  core.trigger("p");
  core.send(CancelRequested{1, RunId{1}, "ann"});
  core.pass_ms(2'999);
  CHECK(all_of_type<SignalAttempt>(core.pass()).empty());
  core.pass_ms(1);
  const auto signals = all_of_type<SignalAttempt>(core.pass());
  REQUIRE(signals.size() == 1);
  CHECK(signals[0].kill);
}

TEST_CASE("a trigger's runs begin with its tasks; what is not behind them is no part of the run") {
  Core core;
  Pipeline pipeline = make_pipeline(
      "p", {make_task("a"), make_task("b", {0}), make_task("c", {1}), make_task("d", {0})});
  pipeline.params = {{"who", ParamType::kString, {}, {}}};
  core.publish({pipeline});
  WebhookReceived webhook;
  webhook.targets.push_back({"p", {"webhook:1"}, {}, {{"who", "ann"}}, {1}});
  core.send(webhook);
  CHECK(core.dispatched() == std::vector{key(1, 1)});
  CHECK(core.last_run().params == Variables{{"who", "ann"}});
  CHECK(core.last_task(0).status == Status::kSkipped);
  CHECK(core.last_task(0).reason == Reason::kNone);
  core.exited(key(1, 1), 1);
  CHECK(core.last_run().status == Status::kFailed);

  // A retry begins where the original did.
  RunDetail original;
  original.run = core.last_run();
  original.tasks = {ended_task(0, Status::kSkipped, Reason::kNone),
                    ended_task(1, Status::kFailed, Reason::kExitCode),
                    ended_task(2, Status::kSkipped, Reason::kUpstream),
                    ended_task(3, Status::kSkipped, Reason::kNone)};
  RetryRequested retry;
  retry.target = TriggerTarget{"p", {"retry:1"}, {}};
  retry.original = original;
  retry.definition = std::make_shared<const Pipeline>(pipeline);
  core.send(retry);
  CHECK(core.dispatched() == std::vector{key(2, 1)});
}

TEST_CASE("a cron trigger gives its params; a pipeline trigger likewise") {
  Core core;
  Pipeline first = make_pipeline("first", {make_task("a")});
  first.params = {{"level", ParamType::kString, {}, "delta"}};
  add_cron(first, "* * * * *");
  std::get<CronTrigger>(first.triggers[0]).params = {{"level", "full"}};
  Pipeline second = make_pipeline("second", {make_task("a")});
  second.params = {{"from", ParamType::kString, {}, {}}};
  second.triggers.emplace_back(
      PipelineTrigger{"first", UpstreamEnd::kSuccess, {{"from", "first"}}});
  core.publish({first, second});
  core.pass_ms(60'000);
  core.pass();
  CHECK(core.last_run().params == Variables{{"level", "full"}});
  core.exited(key(1, 0), 0);
  CHECK(core.last_run().params == Variables{{"from", "first"}});
}

TEST_CASE("hooks, conditions and outputs go on after a restart") {
  Core core;
  Task build = make_task("build");
  build.outputs = {"version"};
  Task page = hook("page", Hook::kOnExit);
  page.env = {{"V", "${{ tasks.build.outputs.version }}"}};
  core.publish({make_pipeline("p", {build, page})});
  core.trigger("p");
  exited_with(core, key(1, 0), 0, {{"version", "7"}});
  const RunEntry& before = core.state.runs.at(RunId{1});

  StoredWorld world;
  world.pipelines = {before.definition};
  world.last_run = RunId{1};
  RunDetail detail;
  detail.run = before.run;
  for (const TaskEntry& task : before.tasks) detail.tasks.push_back(task.state);
  detail.attempts = {*before.tasks[1].live};
  world.unfinished = {detail};
  world.unfinished_definitions = {before.definition};
  State state(CoreSettings{4});
  const Commands commands = recover(state, world, core.wall, core.mono);
  const auto orders = all_of_type<RunAttempt>(commands);
  REQUIRE(orders.size() == 1);
  CHECK(value_of(orders[0].env, "V") == "7");
  CHECK_FALSE(orders[0].stop);
  AttemptOutcome outcome;
  const Commands end = step(state, Event{core.wall, core.mono, AttemptEnded{key(1, 1), outcome}});
  const auto runs = all_of_type<SaveRun>(end);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].run.status == Status::kSuccess);
}
