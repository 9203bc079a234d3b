// History without an agent: a real store, made as the agent makes it, closed, and read by the commands.
#include <doctest/doctest.h>

#include <memory>

#include "base/digest.h"
#include "cli/history.h"
#include "golden.h"
#include "harness.h"
#include "store/lmdb_store.h"

using namespace pawl;
using namespace pawl::cli;

namespace {

constexpr WallTime kDay{1'774'742'400'000};  // 2026-03-29T00:00:00Z

std::shared_ptr<Pipeline> diamond() {
  auto pipeline = std::make_shared<Pipeline>();
  pipeline->name = "diamond";
  pipeline->origin = {"fleet", "diamond.yaml", 1, "0123456789abcdef"};
  const std::vector<std::pair<std::string, std::vector<std::uint32_t>>> tasks = {
      {"merge", {2, 3}}, {"start", {}}, {"left", {1}}, {"right", {1}}};
  for (const auto& [id, upstream] : tasks) {
    Task task;
    task.id = id;
    task.image = "alpine";
    task.command = {"true"};
    task.upstream = upstream;
    pipeline->tasks.push_back(task);
  }
  return pipeline;
}

void put_run(StoreTransaction& transaction, std::uint64_t number, Status status,
             const std::shared_ptr<Pipeline>& pipeline) {
  Run run;
  run.id = RunId{number};
  run.pipeline = number % 2 == 0 ? "even" : "diamond";
  run.status = status;
  run.reason = status == Status::kFailed ? Reason::kExitCode : Reason::kNone;
  run.trigger.kind = number % 3 == 0 ? TriggerKind::kCron : TriggerKind::kManual;
  run.trigger.identity = "identity-" + std::to_string(number);
  run.params = {{"level", "full"}};
  run.definition = content_hash(*pipeline);
  run.revision = pipeline->origin.revision;
  run.created_at = kDay.plus_ms(static_cast<std::int64_t>(number) * 60'000);
  run.started_at = run.created_at.plus_ms(100);
  if (is_final(status)) run.ended_at = run.created_at.plus_ms(30'100);
  REQUIRE(transaction.apply(SaveRun{run}));
}

void put_tasks(StoreTransaction& transaction, std::uint64_t number) {
  for (std::uint32_t i = 0; i < 4; ++i) {
    TaskState task;
    task.run = RunId{number};
    task.index = i;
    task.status = i == 0 ? Status::kSkipped : i == 3 ? Status::kFailed : Status::kSuccess;
    task.reason = i == 0 ? Reason::kUpstream : i == 3 ? Reason::kExitCode : Reason::kNone;
    task.attempts = i == 0 ? 0 : i == 3 ? 2 : 1;
    if (i != 0) task.started_at = kDay.plus_ms(60'100);
    if (i != 0) task.ended_at = kDay.plus_ms(65'100);
    REQUIRE(transaction.apply(SaveTask{task}));
    for (std::uint32_t number_of = 1; number_of <= task.attempts; ++number_of) {
      Attempt attempt;
      attempt.key = {RunId{number}, i, number_of};
      attempt.status = task.status;
      attempt.reason = task.reason;
      if (i == 3) attempt.exit_code = 3;
      attempt.created_at = kDay.plus_ms(60'000);
      REQUIRE(transaction.apply(SaveAttempt{attempt}));
      LogChunk chunk;
      chunk.key = attempt.key;
      chunk.records.push_back(
          {LogStream::kStdout, 1'000,
           "task " + std::to_string(i) + " attempt " + std::to_string(number_of) + "\n"});
      chunk.records.push_back({LogStream::kStderr, 2'000, "raw \xff bytes"});
      REQUIRE(transaction.append_log(chunk));
    }
  }
}

// A host whose agent has run and is down.
struct StoppedHost {
  TemporaryDirectory directory;
  std::string config;

  StoppedHost() {
    const std::string state = directory.path() + "/state";
    config =
        directory.write("pawl.yaml", "state: {directory: " + state + "}\n" +
                                         "http: {socket: " + directory.path() + "/pawl.sock}\n");
    const auto pipeline = diamond();
    Result<std::unique_ptr<Store>> store = open_store({.directory = state});
    REQUIRE(store);
    Result<std::unique_ptr<StoreTransaction>> transaction = (*store)->begin();
    REQUIRE(transaction);
    REQUIRE((*transaction)->apply(SaveDefinition{pipeline}));
    for (std::uint64_t number = 1; number <= 450; ++number) {
      const Status status = number == 450     ? Status::kRunning
                            : number % 7 == 1 ? Status::kFailed
                                              : Status::kSuccess;
      put_run(**transaction, number, status, pipeline);
    }
    put_tasks(**transaction, 1);
    REQUIRE((*transaction)->commit());
  }
  [[nodiscard]] std::string note() const {
    return "pawl: agent is not running: reading the store directly (" + directory.path() +
           "/state)\n";
  }
  [[nodiscard]] Outcome invoke(const std::vector<std::string>& arguments) const {
    return cli::invoke(arguments, {.default_config = config});
  }
};

Json parse(const std::string& text) {
  Result<Json> json = Json::parse(text);
  REQUIRE(json);
  return std::move(json).value();
}

}  // namespace

TEST_CASE("runs, show and logs read the store when the agent is down, and say so") {
  const StoppedHost host;
  const Outcome runs = host.invoke({"runs", "--limit", "3"});
  CHECK(runs.exit_code == 0);
  CHECK(runs.err == host.note());
  check_golden("stored-runs.txt", runs.out);

  const Outcome show = host.invoke({"show", "1"});
  CHECK(show.exit_code == 0);
  CHECK(show.err == host.note());
  check_golden("stored-show.txt", show.out);
  check_golden("stored-show.json", host.invoke({"show", "1", "-o", "json"}).out);

  CHECK(host.invoke({"logs", "1", "start"}).out == "task 1 attempt 1\nraw \xff bytes");
  CHECK(host.invoke({"logs", "1", "right"}).out == "task 3 attempt 2\nraw \xff bytes");
  CHECK(host.invoke({"logs", "1", "right", "--attempt", "1"}).out ==
        "task 3 attempt 1\nraw \xff bytes");
  CHECK(host.invoke({"logs", "1", "right", "-f"}).out == "task 3 attempt 2\nraw \xff bytes");
  check_golden("stored-logs.txt", host.invoke({"logs", "1"}).out);
}

TEST_CASE("The store's history takes the same filters") {
  const StoppedHost host;
  const auto listed = [&](const std::vector<std::string>& filters) {
    std::vector<std::string> arguments = {"runs", "-o", "json", "--limit", "1000"};
    arguments.insert(arguments.end(), filters.begin(), filters.end());
    const Outcome outcome = host.invoke(arguments);
    CHECK(outcome.exit_code == 0);
    return parse(outcome.out)["runs"].items();
  };
  CHECK(listed({}).size() == 450);
  CHECK(listed({}).front()["id"].as_string() == "450");
  CHECK(listed({"--pipeline", "even"}).size() == 225);
  CHECK(listed({"--status", "running"}).size() == 1);
  CHECK(listed({"--trigger", "cron"}).size() == 150);
  CHECK(listed({"--since", "2026-03-29T07:00:00Z"}).size() == 31);  // run 420 is of that minute
  CHECK(listed({"--since", "5h"}).size() == 31);
  CHECK(listed({"--pipeline", "none"}).empty());
  const Json page = parse(host.invoke({"runs", "-o", "json", "--limit", "250"}).out);
  CHECK(page["runs"].items().size() == 250);
  CHECK(page["runs"].items().back()["id"].as_string() == "201");
}

TEST_CASE("What is not in the store is not found") {
  const StoppedHost host;
  CHECK(host.invoke({"show", "9999"}).exit_code == 3);
  CHECK(host.invoke({"logs", "9999"}).exit_code == 3);
  CHECK(host.invoke({"logs", "1", "nope"}).exit_code == 3);
}

TEST_CASE("What only an agent can do says that there is none") {
  const StoppedHost host;
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"status"}, {"pipelines"}, {"run", "diamond"}, {"cancel", "450"}}) {
    const Outcome outcome = host.invoke(arguments);
    CHECK(outcome.exit_code == 4);
    CHECK(outcome.out.empty());
    CHECK(outcome.err.find("no agent answers") != std::string::npos);
  }
}

TEST_CASE("The store is not read in place of an agent elsewhere") {
  const StoppedHost host;
  const Outcome elsewhere =
      invoke({"runs", "--config", host.config}, {.server = "http://127.0.0.1:1"});
  CHECK(elsewhere.exit_code == 4);
  CHECK(elsewhere.out.empty());
  const Outcome own =
      invoke({"runs", "--config", host.config}, {.server = host.directory.path() + "/pawl.sock"});
  CHECK(own.exit_code == 0);
  CHECK(own.err == host.note());
}

TEST_CASE("Neither agent nor store: both reasons") {
  const TemporaryDirectory directory;
  const std::string config =
      directory.write("pawl.yaml", "state: {directory: " + directory.path() + "/state}\n" +
                                       "http: {socket: " + directory.path() + "/pawl.sock}\n");
  const Outcome outcome = invoke({"runs"}, {.default_config = config});
  CHECK(outcome.exit_code == 4);
  CHECK(outcome.err.starts_with("pawl: the store cannot be read either: "));
  CHECK(outcome.err.find("\npawl: error: unix://") != std::string::npos);
}

namespace {

// A store that ends in the middle: the log of its only attempt comes in two pages, the definition is
// damaged.
class OddStore : public StoreReader {
 public:
  Result<RunPage> runs(const RunQuery&) const override { return RunPage{}; }
  Result<RunDetail> run(RunId id) const override {
    RunDetail detail;
    detail.run.id = id;
    detail.tasks.resize(1);
    detail.attempts.resize(1);
    detail.attempts[0].key = {id, 0, 1};
    return detail;
  }
  Result<PipelinePtr> definition(const Sha256&) const override {
    return Error{ErrorKind::kCorrupt, "damaged", ""};
  }
  Result<std::vector<PipelinePtr>> pipelines() const override { return std::vector<PipelinePtr>{}; }
  Result<std::vector<SourceState>> sources() const override { return std::vector<SourceState>{}; }
  Result<LogPage> log(const AttemptKey&, const LogCursor& from, std::size_t) const override {
    LogPage page;
    page.records = {{LogStream::kStdout, 1, from.chunk == 0 ? "one " : "two"}};
    page.next = {from.chunk + 1, 0};
    page.at_end = from.chunk == 1;
    return page;
  }
  Result<LogPosition> log_position(const AttemptKey&) const override { return LogPosition{}; }
};

}  // namespace

TEST_CASE("A run whose definition is damaged is still shown; logs are read page by page") {
  const auto history = make_store_history(std::make_unique<OddStore>(), kTestNow);
  const Result<Json> run = history->run(RunId{5});
  REQUIRE(run);
  CHECK((*run)["tasks"].items()[0]["id"].as_string() == "0");
  std::string text;
  REQUIRE(history->log({RunId{5}, "0", 0, false}, [&](std::string_view piece) {
    text += piece;
    return true;
  }));
  CHECK(text == "one two");
  text.clear();
  REQUIRE(history->log({RunId{5}, "0", 0, false}, [&](std::string_view piece) {
    text += piece;
    return false;
  }));
  CHECK(text == "one ");
}
