// What the history keeps, and what it lets go of: by age, by number, for want of room; never a run that has not ended.
#include <doctest/doctest.h>

#include "harness.h"

using namespace pawl;

namespace {

constexpr std::int64_t kHourMs = 3'600'000;

// samples::run() ends half a second after its creation, `id` seconds after kStartMs.
WallTime end_of(std::uint64_t id) {
  return WallTime{samples::kStartMs + static_cast<std::int64_t>(id) * 1000 + 500};
}

AttemptKey attempt_of(std::uint64_t id) { return {RunId{id}, 0, 1}; }

void save(Store& store, std::uint64_t id, const std::string& pipeline, Status status) {
  const Run run = samples::run(id, pipeline, status);
  commit(store,
         {SaveRun{run}, SaveTask{samples::task(id, 0, status)},
          SaveAttempt{samples::attempt(id, 0, 1, status)},
          SaveTrigger{pipeline, run.trigger.identity, RunId{id}},
          SaveTrigger{pipeline, "digest-" + std::to_string(id), RunId{id}}},
         {samples::lines(attempt_of(id), 0, 10)});
}

// Until there is nothing more to remove; how many calls it took.
int prune_all(Store& store, const KeepRules& rules, WallTime now) {
  for (int calls = 1; calls < 10'000; ++calls) {
    if (!value_of(store.prune(rules, now))) return calls;
  }
  FAIL("there is always more to remove");
  return 0;
}

Ids stored(const Store& store) {
  RunQuery query;
  query.limit = limits::kPageRows;
  return ids(value_of(store.runs(query)));
}

std::optional<RunId> identity(Store& store, const std::string& pipeline, const std::string& name) {
  auto transaction = value_of(store.begin());
  return value_of(transaction->find_trigger(pipeline, name));
}

}  // namespace

TEST_CASE_TEMPLATE("without rules nothing goes", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  for (std::uint64_t id = 1; id <= 5; ++id) save(harness.store(), id, "build", Status::kSuccess);
  CHECK(prune_all(harness.store(), {}, WallTime{samples::kStartMs * 2}) == 1);
  CHECK(stored(harness.store()) == Ids{5, 4, 3, 2, 1});
}

TEST_CASE_TEMPLATE("by age, since the end of a run, with all that belongs to it", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  Store& store = harness.store();
  save(store, 1, "build", Status::kSuccess);
  save(store, 2, "build", Status::kRunning);
  save(store, 3, "nightly", Status::kFailed);
  save(store, 4, "build", Status::kCancelled);
  save(store, 5, "build", Status::kSkipped);
  Run late = samples::run(6, "build", Status::kSuccess);
  late.ended_at = end_of(6).plus_ms(kHourMs);
  commit(store, {SaveRun{late}});
  KeepRules rules;
  rules.age_ms = kHourMs;

  // The clock is not to be trusted: no rule about age holds.
  CHECK_FALSE(value_of(store.prune(rules, {})));
  CHECK(stored(store).size() == 6);
  CHECK_FALSE(value_of(store.prune(rules, end_of(1).plus_ms(kHourMs - 1))));
  CHECK(stored(store).size() == 6);
  prune_all(store, rules, end_of(3).plus_ms(kHourMs));
  CHECK(stored(store) == Ids{6, 5, 4, 2});
  prune_all(store, rules, end_of(6).plus_ms(kHourMs));
  CHECK(stored(store) == Ids{6, 2});

  harness.reopen();
  Store& again = harness.store();
  CHECK(stored(again) == Ids{6, 2});
  CHECK(kind_of(again.run(RunId{1})) == ErrorKind::kNotFound);
  CHECK(value_of(again.log(attempt_of(1), {}, 10'000)).records.empty());
  CHECK(value_of(again.log(attempt_of(2), {}, 10'000)).records.size() == 10);
  RunQuery query;
  query.pipeline = "nightly";
  CHECK(value_of(again.runs(query)).runs.empty());
  query = {};
  query.status = Status::kFailed;
  CHECK(value_of(again.runs(query)).runs.empty());
  // The numbers are not handed out again.
  CHECK(value_of(again.load()).last_run == RunId{6});
}

TEST_CASE_TEMPLATE("runs of a clock that was years ahead do not keep the older ones alive", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  Store& store = harness.store();
  const std::int64_t years_ms = 10 * 365 * 24 * kHourMs;
  for (std::uint64_t id = 1; id <= 3; ++id) {
    Run run = samples::run(id, "build", Status::kSuccess);
    run.created_at = run.created_at.plus_ms(years_ms);
    run.ended_at = run.ended_at.plus_ms(years_ms);
    commit(store, {SaveRun{run}});
  }
  for (std::uint64_t id = 4; id <= 6; ++id) save(store, id, "build", Status::kSuccess);
  KeepRules rules;
  rules.age_ms = kHourMs;
  prune_all(store, rules, end_of(6).plus_ms(kHourMs));
  CHECK(stored(store) == Ids{3, 2, 1});
}

TEST_CASE_TEMPLATE("by number, the newest of each pipeline stay", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  KeepRules rules;
  rules.runs_per_pipeline = 3;
  for (std::uint64_t id = 1; id <= 12; ++id) {
    save(harness.store(), id, id % 3 == 0 ? "nightly" : "build", Status::kSuccess);
  }
  save(harness.store(), 13, "build", Status::kRunning);
  // Those of before a start and those that come after it.
  harness.reopen();
  Store& store = harness.store();
  prune_all(store, rules, {});
  CHECK(stored(store) == Ids{13, 12, 11, 10, 9, 8, 6});
  CHECK_FALSE(value_of(store.prune(rules, {})));
  // An old run that ends late counts from then on, and is the oldest.
  save(store, 14, "build", Status::kSuccess);
  save(store, 15, "other", Status::kSuccess);
  prune_all(store, rules, {});
  CHECK(stored(store) == Ids{15, 14, 13, 12, 11, 10, 9, 6});
  commit(store, {SaveRun{samples::run(13, "build", Status::kFailed)}});
  prune_all(store, rules, {});
  CHECK(stored(store) == Ids{15, 14, 13, 12, 11, 9, 6});
  // Another rule holds at once.
  rules.runs_per_pipeline = 1;
  prune_all(store, rules, {});
  CHECK(stored(store) == Ids{15, 14, 12});
}

TEST_CASE_TEMPLATE("many runs take several transactions", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  Commands commands;
  const std::uint64_t runs = limits::kPruneRuns * 2 + 10;
  for (std::uint64_t id = 1; id <= runs; ++id) {
    commands.push_back(SaveRun{samples::run(id, "build", Status::kSuccess)});
  }
  commit(harness.store(), commands);
  KeepRules rules;
  rules.runs_per_pipeline = 4;
  CHECK(prune_all(harness.store(), rules, {}) >= 3);
  CHECK(stored(harness.store()) == Ids{runs, runs - 1, runs - 2, runs - 3});
}

TEST_CASE_TEMPLATE("an identity outlives its run for as long as duplicates may come", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  Store& store = harness.store();
  save(store, 1, "build", Status::kSuccess);
  save(store, 2, "build", Status::kRunning);
  KeepRules rules;
  rules.age_ms = kHourMs;
  // Once for the run; twice more, as below, since the walk through all identities may begin in their middle.
  for (int i = 0; i < 3; ++i) prune_all(store, rules, end_of(1).plus_ms(kHourMs));
  CHECK(stored(store) == Ids{2});
  CHECK(identity(store, "build", "identity-1") == RunId{1});
  CHECK(identity(store, "build", "digest-1") == RunId{1});
  for (int i = 0; i < 2; ++i) {
    prune_all(store, rules, end_of(1).plus_ms(limits::kDedupeWindowMs + kHourMs));
  }
  CHECK_FALSE(identity(store, "build", "identity-1"));
  CHECK_FALSE(identity(store, "build", "digest-1"));
  CHECK(identity(store, "build", "identity-2") == RunId{2});
  CHECK(identity(store, "build", "digest-2") == RunId{2});
}

TEST_CASE_TEMPLATE("suspensions are kept, and go", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  const Suspension suspension{WallTime{samples::kStartMs}, "uid 1000"};
  commit(harness.store(),
         {SaveSuspension{"build", suspension}, SaveSuspension{"nightly", {WallTime{5}, ""}}});
  harness.reopen();
  const auto world = value_of(harness.store().load());
  REQUIRE(world.suspensions.size() == 2);
  CHECK(world.suspensions[0].first == "build");
  CHECK(world.suspensions[0].second == suspension);
  CHECK(world.suspensions[1].first == "nightly");
  commit(harness.store(), {DeleteSuspension{"build"}, DeleteSuspension{"never was"}});
  const auto later = value_of(harness.store().load());
  REQUIRE(later.suspensions.size() == 1);
  CHECK(later.suspensions[0].first == "nightly");
}

TEST_CASE_TEMPLATE("the highest time of all runs is known, whatever became of them", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  CHECK_FALSE(value_of(harness.store().load()).highest_time.is_set());
  Run run = samples::run(1, "build", Status::kSuccess);
  run.created_at = WallTime{samples::kStartMs * 2};
  commit(harness.store(), {SaveRun{run}, SaveRun{samples::run(2, "build", Status::kSuccess)}});
  harness.reopen();
  CHECK(value_of(harness.store().load()).highest_time == run.created_at);
  KeepRules rules;
  rules.runs_per_pipeline = 1;
  prune_all(harness.store(), rules, {});
  harness.reopen();
  CHECK(stored(harness.store()) == Ids{2});
  CHECK(value_of(harness.store().load()).highest_time == run.created_at);
}

TEST_CASE_TEMPLATE("a sound store has room and nothing to warn of", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  CHECK(harness.store().has_room());
  CHECK(harness.store().warnings().empty());
  CHECK(harness.store().former_instances().empty());
}

TEST_CASE("a log larger than one transaction may remove goes in several, and never by halves") {
  LmdbHarness harness;
  Store& store = harness.store();
  save(store, 1, "build", Status::kSuccess);
  std::uint64_t state = 1;
  std::vector<LogChunk> logs;
  for (std::uint64_t chunk = 0; chunk < limits::kPruneLogChunks + 40; ++chunk) {
    // Too large to be merged with the one before, and noise that does not pack.
    LogChunk log{attempt_of(1), {{LogStream::kStdout, static_cast<std::int64_t>(1 + chunk), {}}}};
    for (int i = 0; i < 5'000; ++i) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      log.records[0].text.push_back(static_cast<char>(state >> 56));
    }
    logs.push_back(std::move(log));
  }
  commit(store, {}, logs);
  KeepRules rules;
  rules.age_ms = kHourMs;
  const WallTime now = end_of(1).plus_ms(kHourMs);
  CHECK(value_of(store.prune(rules, now)));
  // What is there meanwhile is a run without a log.
  CHECK(value_of(store.run(RunId{1})).attempts.size() == 1);
  CHECK(value_of(store.log(attempt_of(1), {}, 1'000'000)).records.empty());
  prune_all(store, rules, now);
  CHECK(stored(store).empty());
}
