// Runs, tasks and attempts: what was saved is read back, and every query finds exactly its runs.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <random>

#include "harness.h"

using namespace pawl;

TEST_CASE_TEMPLATE("a run is read back with its tasks and attempts", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  Run run = samples::run(7, "nightly", Status::kFailed, TriggerKind::kCron);
  run.reason = Reason::kExitCode;
  run.message = "task 'build' failed";
  run.trigger.scheduled_at = WallTime{samples::kStartMs - 5};
  run.definition.fill(0xab);
  run.stop = RunStop::kCancel;
  TaskState task = samples::task(7, 1, Status::kFailed);
  task.reason = Reason::kTimeout;
  task.retry_at = WallTime{samples::kStartMs + 9};
  const Attempt running = samples::attempt(7, 1, 2);
  const Attempt ended = samples::attempt(7, 1, 1, Status::kFailed);
  // Neighbours that must not show up.
  commit(harness.store(),
         {SaveRun{run}, SaveTask{task}, SaveTask{samples::task(7, 0)}, SaveAttempt{running},
          SaveAttempt{ended}, SaveRun{samples::run(6)}, SaveTask{samples::task(6, 0)},
          SaveRun{samples::run(8)}, SaveAttempt{samples::attempt(8, 0, 1)}});
  harness.reopen();

  const RunDetail detail = value_of(harness.store().run(RunId{7}));
  CHECK(detail.run == run);
  REQUIRE(detail.tasks.size() == 2);
  CHECK(detail.tasks[0] == samples::task(7, 0));
  CHECK(detail.tasks[1] == task);
  REQUIRE(detail.attempts.size() == 2);
  CHECK(detail.attempts[0] == ended);
  CHECK(detail.attempts[1] == running);
  CHECK(kind_of(harness.store().run(RunId{9})) == ErrorKind::kNotFound);
}

TEST_CASE_TEMPLATE("saving again replaces", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  commit(harness.store(), {SaveRun{samples::run(1)}, SaveTask{samples::task(1, 0)},
                           SaveAttempt{samples::attempt(1, 0, 1)}});
  commit(harness.store(), {SaveRun{samples::run(1, "build", Status::kSuccess)},
                           SaveTask{samples::task(1, 0, Status::kSuccess)},
                           SaveAttempt{samples::attempt(1, 0, 1, Status::kSuccess)}});
  const RunDetail detail = value_of(harness.store().run(RunId{1}));
  CHECK(detail.run.status == Status::kSuccess);
  REQUIRE(detail.tasks.size() == 1);
  CHECK(detail.tasks[0].status == Status::kSuccess);
  REQUIRE(detail.attempts.size() == 1);
  CHECK(detail.attempts[0].exit_code == -1);
}

TEST_CASE_TEMPLATE("runs are listed newest first, in pages", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  CHECK(value_of(harness.store().runs({})).runs.empty());
  Commands commands;
  for (std::uint64_t id = 1; id <= 7; ++id) commands.push_back(SaveRun{samples::run(id)});
  commit(harness.store(), commands);

  RunQuery query;
  query.limit = 3;
  RunPage page = value_of(harness.store().runs(query));
  CHECK(ids(page) == Ids{7, 6, 5});
  REQUIRE(page.next);
  query.before = page.next;
  page = value_of(harness.store().runs(query));
  CHECK(ids(page) == Ids{4, 3, 2});
  query.before = page.next;
  page = value_of(harness.store().runs(query));
  CHECK(ids(page) == Ids{1});
  CHECK_FALSE(page.next);
  query.before = RunId{1};
  CHECK(value_of(harness.store().runs(query)).runs.empty());
  // A page that is just full and the last has no cursor.
  query = {};
  query.limit = 7;
  CHECK_FALSE(value_of(harness.store().runs(query)).next);
  // A cursor need not be a run.
  query.before = RunId{1000};
  CHECK(value_of(harness.store().runs(query)).runs.size() == 7);
}

TEST_CASE_TEMPLATE("a page never has more rows than its bound", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  Commands commands;
  for (std::uint64_t id = 1; id <= limits::kPageRows + 5; ++id) {
    commands.push_back(SaveRun{samples::run(id)});
  }
  commit(harness.store(), commands);
  RunQuery query;
  query.limit = 100'000;
  CHECK(value_of(harness.store().runs(query)).runs.size() == limits::kPageRows);
  query.limit = 0;
  CHECK(value_of(harness.store().runs(query)).runs.size() == 1);
}

TEST_CASE_TEMPLATE("a run leaves the lists of its old status", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  commit(harness.store(), {SaveRun{samples::run(1)}, SaveRun{samples::run(2)}});
  const auto count = [&](Status status, std::optional<std::string> pipeline) {
    RunQuery query;
    query.status = status;
    query.pipeline = std::move(pipeline);
    return value_of(harness.store().runs(query)).runs.size();
  };
  for (Status status : {Status::kRunning, Status::kSuccess}) {
    commit(harness.store(), {SaveRun{samples::run(1, "build", status)}});
    for (const auto& pipeline :
         {std::optional<std::string>(), std::optional<std::string>("build")}) {
      CHECK(count(Status::kPending, pipeline) == 1);
      CHECK(count(Status::kRunning, pipeline) == (status == Status::kRunning ? 1 : 0));
      CHECK(count(Status::kSuccess, pipeline) == (status == Status::kSuccess ? 1 : 0));
    }
  }
}

TEST_CASE_TEMPLATE("names that begin alike are kept apart", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  commit(harness.store(), {SaveRun{samples::run(1, "a")}, SaveRun{samples::run(2, "ab")},
                           SaveRun{samples::run(3, "a.b")}, SaveRun{samples::run(4, "a-")}});
  for (const auto& [name, id] :
       std::map<std::string, std::uint64_t>{{"a", 1}, {"ab", 2}, {"a.b", 3}, {"a-", 4}}) {
    RunQuery query;
    query.pipeline = name;
    CHECK(ids(value_of(harness.store().runs(query))) == Ids{id});
    query.status = Status::kPending;
    CHECK(ids(value_of(harness.store().runs(query))) == Ids{id});
  }
  RunQuery query;
  query.pipeline = std::string(600, 'x');
  CHECK(value_of(harness.store().runs(query)).runs.empty());
  query.pipeline = "";
  CHECK(value_of(harness.store().runs(query)).runs.empty());
}

namespace {

// What a query means, told the slow way.
Ids expected(const std::map<std::uint64_t, Run>& runs, const RunQuery& query) {
  Ids found;
  for (auto it = runs.rbegin(); it != runs.rend(); ++it) {
    const Run& run = it->second;
    if (query.pipeline && run.pipeline != *query.pipeline) continue;
    if (query.status && run.status != *query.status) continue;
    if (query.trigger && run.trigger.kind != *query.trigger) continue;
    if (query.since.is_set() && run.created_at < query.since) continue;
    found.push_back(run.id.value);
  }
  return found;
}

Ids all_pages(const Store& store, RunQuery query) {
  Ids found;
  for (int pages = 0; pages < 1000; ++pages) {
    const RunPage page = value_of(store.runs(query));
    for (std::uint64_t id : ids(page)) found.push_back(id);
    if (!page.next) return found;
    query.before = page.next;
  }
  FAIL("the pages never end");
  return found;
}

}  // namespace

TEST_CASE_TEMPLATE("every mix of filters finds exactly its runs, whatever the clock did", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  std::mt19937 random(20231114);
  const auto pick = [&](int count) {
    return static_cast<int>(random() % static_cast<unsigned>(count));
  };
  const std::vector<std::string> names = {"a", "b", "long-name.with-dots"};
  std::map<std::uint64_t, Run> runs;
  std::int64_t clock_ms = samples::kStartMs;
  for (std::uint64_t id = 1; id <= 120; ++id) {
    clock_ms += 1000;
    if (id == 40) clock_ms += 86'400'000;
    if (id == 60) clock_ms -= 2 * 86'400'000;
    Run run = samples::run(id, names[static_cast<std::size_t>(pick(3))],
                           static_cast<Status>(pick(kStatusCount)),
                           static_cast<TriggerKind>(pick(kTriggerKindCount)));
    run.created_at = WallTime{clock_ms};
    Commands commands = {SaveRun{run}};
    // And an older run moves on.
    if (id > 5) {
      Run& older = runs.at(id - 5);
      older.status = static_cast<Status>(pick(kStatusCount));
      commands.push_back(SaveRun{older});
    }
    runs[id] = run;
    commit(harness.store(), commands);
  }
  harness.reopen();

  for (int i = 0; i < 400; ++i) {
    RunQuery query;
    if (pick(2) == 0) query.pipeline = names[static_cast<std::size_t>(pick(3))];
    if (pick(2) == 0) query.status = static_cast<Status>(pick(kStatusCount));
    if (pick(2) == 0) query.trigger = static_cast<TriggerKind>(pick(kTriggerKindCount));
    if (pick(2) == 0) query.since = runs.at(static_cast<std::uint64_t>(1 + pick(120))).created_at;
    query.limit = static_cast<std::uint32_t>(1 + pick(30));
    INFO("query " << i);
    CHECK(all_pages(harness.store(), query) == expected(runs, query));
  }
}

TEST_CASE_TEMPLATE("a run that cannot be stored is refused and spoils nothing", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  auto transaction = value_of(harness.store().begin());
  CHECK(kind_of(transaction->apply(SaveRun{samples::run(0)})) == ErrorKind::kInvalid);
  CHECK(kind_of(transaction->apply(SaveRun{samples::run(1, "")})) == ErrorKind::kInvalid);
  CHECK(kind_of(transaction->apply(SaveRun{samples::run(1, std::string(64, 'x'))})) ==
        ErrorKind::kInvalid);
  CHECK(kind_of(transaction->apply(SaveRun{samples::run(1, std::string("a\0b", 3))})) ==
        ErrorKind::kInvalid);
  require_ok(transaction->apply(SaveRun{samples::run(2)}));
  require_ok(transaction->commit());
  CHECK(ids(value_of(harness.store().runs({}))) == Ids{2});
}
