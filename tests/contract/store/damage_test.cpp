// Damaged records: each is found by its checksum, named, and kept from spoiling anything else. The damage is done through
// LMDB itself, so that its pages stay sound and only what we store is wrong.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <functional>

#include "harness.h"
#include "store/environment.h"

using namespace pawl;
using store::Environment;
using store::Table;

namespace {

// Runs `body` in a transaction on the closed store.
void change(LmdbHarness& harness, const std::function<void(store::Transaction&)>& body) {
  harness.close();
  {
    auto environment =
        value_of(Environment::open({harness.options().directory, 1 << 26, false, true}));
    auto transaction = value_of(environment->write());
    body(transaction);
    require_ok(transaction.commit());
  }
  harness.reopen();
}

void flip(LmdbHarness& harness, Table table, const std::string& key, std::size_t byte) {
  change(harness, [&](store::Transaction& transaction) {
    const auto found = value_of(transaction.get(table, key));
    REQUIRE(found);
    std::string value(*found);
    REQUIRE(byte < value.size());
    value[byte] = static_cast<char>(value[byte] ^ 0x10);
    require_ok(transaction.put(table, key, value));
  });
}

// Every record of a table gets a flipped bit.
void flip_all(LmdbHarness& harness, Table table) {
  change(harness, [&](store::Transaction& transaction) {
    std::vector<std::pair<std::string, std::string>> records;
    {
      auto cursor = value_of(transaction.cursor(table));
      for (bool found = value_of(cursor.next()); found; found = value_of(cursor.next())) {
        records.emplace_back(cursor.key(), cursor.value());
      }
    }
    REQUIRE_FALSE(records.empty());
    for (auto& [key, value] : records) {
      value.back() = static_cast<char>(value.back() ^ 1);
      require_ok(transaction.put(table, key, value));
    }
  });
}

bool names(const std::vector<std::string>& damaged, const std::string& what) {
  for (const std::string& line : damaged) {
    if (line.find(what) != std::string::npos) return true;
  }
  return false;
}

Run unfinished(std::uint64_t id, const PipelinePtr& pipeline) {
  Run run = samples::run(id, pipeline->name, Status::kRunning);
  run.definition = content_hash(*pipeline);
  return run;
}

// How many records a table of the closed store has.
std::size_t count(LmdbHarness& harness, Table table) {
  std::size_t records = 0;
  change(harness, [&](store::Transaction& transaction) {
    auto cursor = value_of(transaction.cursor(table));
    for (bool found = value_of(cursor.next()); found; found = value_of(cursor.next())) ++records;
  });
  return records;
}

// Listings hold each run against the query and would hide an entry too many: the tables themselves tell.
void check_one_entry_per_run(LmdbHarness& harness) {
  const std::size_t runs = count(harness, Table::kRuns);
  for (Table table : {Table::kRunsByPipeline, Table::kRunsByStatus, Table::kRunsByPipelineStatus,
                      Table::kRunsByTrigger}) {
    INFO("table " << std::string(store::table_name(table)));
    CHECK(count(harness, table) == runs);
  }
}

// Runs 1 to 3 with two tasks and an attempt each.
void fill(LmdbHarness& harness) {
  const PipelinePtr pipeline = samples::pipeline_ptr("build");
  Commands commands = {SavePipeline{pipeline}, SaveSource{samples::source("fleet")},
                       SaveScheduleMark{"build", WallTime{5}},
                       SaveSuspension{"build", {WallTime{5}, "uid 0"}},
                       SaveAction{{WallTime{5}, "uid 0", "suspend", "pipeline build"}}};
  for (std::uint64_t id = 1; id <= 3; ++id) {
    commands.push_back(SaveRun{unfinished(id, pipeline)});
    commands.push_back(SaveTask{samples::task(id, 0, Status::kRunning)});
    commands.push_back(SaveTask{samples::task(id, 1)});
    commands.push_back(SaveAttempt{samples::attempt(id, 0, 1)});
    commands.push_back(SaveTrigger{"build", "identity-" + std::to_string(id), RunId{id}});
  }
  commit(harness.store(), commands);
}

}  // namespace

TEST_CASE("a damaged run is left out, named, and can be saved again") {
  LmdbHarness harness;
  fill(harness);
  flip(harness, Table::kRuns, store::run_key(RunId{2}), 20);
  CHECK(ids(value_of(harness.store().runs({}))) == Ids{3, 1});
  RunQuery query;
  query.pipeline = "build";
  CHECK(ids(value_of(harness.store().runs(query))) == Ids{3, 1});
  const auto direct = harness.store().run(RunId{2});
  REQUIRE(kind_of(direct) == ErrorKind::kCorrupt);
  CHECK(direct.error().context == "run 2");
  const StoredWorld world = value_of(harness.store().load());
  CHECK(world.unfinished.size() == 2);
  CHECK(world.last_run == RunId{3});
  CHECK(world.damaged.size() == 1);
  CHECK(names(world.damaged, "run 2"));

  // Its old status is not known any more; it must not stay in that list.
  commit(harness.store(), {SaveRun{samples::run(2, "build", Status::kFailed)}});
  query = {};
  query.status = Status::kRunning;
  CHECK(ids(value_of(harness.store().runs(query))) == Ids{3, 1});
  CHECK(value_of(harness.store().load()).damaged.empty());
  check_one_entry_per_run(harness);
}

TEST_CASE("a damaged run goes by age, and not before the clock is to be trusted") {
  LmdbHarness harness;
  commit(harness.store(), {SaveRun{samples::run(1, "build", Status::kSuccess)}});
  flip(harness, Table::kRuns, store::run_key(RunId{1}), 20);
  flip_all(harness, Table::kRunsByStatus);  // its age is nowhere to be read
  KeepRules rules;
  rules.age_ms = 1;
  while (value_of(harness.store().prune(rules, {}))) continue;
  CHECK(count(harness, Table::kRuns) == 1);
  while (value_of(harness.store().prune(rules, WallTime{samples::kStartMs * 2}))) continue;
  CHECK(count(harness, Table::kRuns) == 0);
}

TEST_CASE("an index has one entry for each run, whatever the run went through") {
  LmdbHarness harness;
  fill(harness);
  check_one_entry_per_run(harness);
  for (Status status : {Status::kPending, Status::kRunning, Status::kFailed, Status::kFailed}) {
    commit(harness.store(), {SaveRun{samples::run(2, "build", status)}});
  }
  Run moved = samples::run(3, "another", Status::kSuccess, TriggerKind::kWebhook);
  commit(harness.store(), {SaveRun{moved}, SaveRun{samples::run(4)}});
  check_one_entry_per_run(harness);
}

TEST_CASE("a number that was handed out is never handed out again") {
  LmdbHarness harness;
  fill(harness);
  change(harness, [](store::Transaction& transaction) {
    require_ok(transaction.remove(Table::kRuns, store::run_key(RunId{3})));
    require_ok(transaction.remove(Table::kRuns, store::run_key(RunId{2})));
  });
  CHECK(value_of(harness.store().load()).last_run == RunId{3});
  commit(harness.store(), {SaveRun{samples::run(1, "build", Status::kSuccess)}});
  harness.reopen();
  CHECK(value_of(harness.store().load()).last_run == RunId{3});
}

TEST_CASE("slow output does not become a record a line") {
  LmdbHarness harness;
  const AttemptKey key{RunId{1}, 0, 1};
  for (std::uint64_t line = 0; line < 400; ++line) {
    commit(harness.store(), {}, {samples::lines(key, line, 1, 100)});
  }
  CHECK(count(harness, Table::kLogChunks) < 20);
  CHECK(value_of(harness.store().log(key, {}, 1 << 20)).records ==
        samples::lines(key, 0, 400, 100).records);
}

TEST_CASE("a damaged task or attempt leaves its run and the others alone") {
  LmdbHarness harness;
  fill(harness);
  flip(harness, Table::kTasks, store::task_key(RunId{2}, 0), 9);
  flip(harness, Table::kAttempts, store::attempt_key({RunId{3}, 0, 1}), 30);
  CHECK(kind_of(harness.store().run(RunId{2})) == ErrorKind::kCorrupt);
  CHECK(harness.store().run(RunId{1}).ok());
  const StoredWorld world = value_of(harness.store().load());
  REQUIRE(world.unfinished.size() == 3);
  CHECK(world.unfinished[0].tasks.size() == 2);
  REQUIRE(world.unfinished[1].tasks.size() == 1);
  CHECK(world.unfinished[1].tasks[0].index == 1);
  CHECK(world.unfinished[2].attempts.empty());
  CHECK(names(world.damaged, "task 0 of run 2"));
  CHECK(names(world.damaged, "attempt 1 of task 0 of run 3"));
  CHECK(world.damaged.size() == 2);
}

TEST_CASE("a damaged definition takes its pipeline out, and comes back with the next save") {
  LmdbHarness harness;
  fill(harness);
  const PipelinePtr pipeline = samples::pipeline_ptr("build");
  flip(harness, Table::kDefinitions, store::hash_key(content_hash(*pipeline)), 40);
  CHECK(value_of(harness.store().pipelines()).empty());
  CHECK(kind_of(harness.store().definition(content_hash(*pipeline))) == ErrorKind::kCorrupt);
  const StoredWorld world = value_of(harness.store().load());
  CHECK(world.pipelines.empty());
  REQUIRE(world.unfinished_definitions.size() == 3);
  CHECK(world.unfinished_definitions[0] == nullptr);
  CHECK(names(world.damaged, "pipeline 'build'"));
  CHECK(names(world.damaged, "run 3"));
  commit(harness.store(), {SavePipeline{pipeline}});
  CHECK(value_of(harness.store().pipelines()).size() == 1);
}

TEST_CASE("an agent starts whatever table is damaged throughout") {
  for (Table table : store::all_tables()) {
    if (table == Table::kLogs || table == Table::kLogChunks || table == Table::kPrunedRuns) {
      continue;  // empty here
    }
    INFO("table " << std::string(store::table_name(table)));
    LmdbHarness harness;
    fill(harness);
    const std::string instance = harness.store().instance_id();
    flip_all(harness, table);
    CHECK(harness.store().instance_id() == instance);
    const StoredWorld world = value_of(harness.store().load());
    CHECK(world.last_run == RunId{3});
    if (table != Table::kRuns) CHECK(world.unfinished.size() == 3);
    // And goes on.
    commit(harness.store(), {SaveRun{samples::run(4)}});
    const bool runs_are_gone = table == Table::kRuns;
    CHECK(ids(value_of(harness.store().runs({}))) == (runs_are_gone ? Ids{4} : Ids{4, 3, 2, 1}));
  }
}

TEST_CASE("an index that lies can hide a run, but not misfile one") {
  LmdbHarness harness;
  fill(harness);
  SUBCASE("an entry too many") {
    change(harness, [](store::Transaction& transaction) {
      const std::string from = store::status_prefix(Status::kRunning) + store::run_key(RunId{1});
      const std::string value(*value_of(transaction.get(Table::kRunsByStatus, from)));
      const std::string to = store::status_prefix(Status::kFailed) + store::run_key(RunId{1});
      require_ok(transaction.put(Table::kRunsByStatus, to, value));
      const std::string nowhere = store::status_prefix(Status::kFailed) + store::run_key(RunId{77});
      require_ok(transaction.put(Table::kRunsByStatus, nowhere, value));
    });
    RunQuery query;
    query.status = Status::kFailed;
    CHECK(value_of(harness.store().runs(query)).runs.empty());
  }
  SUBCASE("an entry of a run that has ended") {
    commit(harness.store(), {SaveRun{samples::run(1, "build", Status::kSuccess)}});
    change(harness, [](store::Transaction& transaction) {
      require_ok(transaction.put(Table::kRunsByStatus,
                                 store::status_prefix(Status::kPending) + store::run_key(RunId{1}),
                                 "damaged"));
    });
    CHECK(value_of(harness.store().load()).unfinished.size() == 2);
  }
  SUBCASE("a key of a wrong length") {
    change(harness, [](store::Transaction& transaction) {
      require_ok(transaction.put(Table::kRunsByStatus,
                                 store::status_prefix(Status::kRunning) + "abc", "x"));
      require_ok(transaction.put(Table::kRuns, "short", "x"));
    });
    RunQuery query;
    query.status = Status::kRunning;
    CHECK(ids(value_of(harness.store().runs(query))) == Ids{3, 2, 1});
    CHECK(ids(value_of(harness.store().runs({}))) == Ids{3, 2, 1});
    CHECK(value_of(harness.store().load()).unfinished.size() == 3);
  }
}

TEST_CASE("an index that lies does not make retention remove what has not ended") {
  LmdbHarness harness;
  fill(harness);
  change(harness, [](store::Transaction& transaction) {
    const std::string from = store::status_prefix(Status::kRunning) + store::run_key(RunId{1});
    const std::string to = store::status_prefix(Status::kSuccess) + store::run_key(RunId{1});
    require_ok(transaction.remove(Table::kRunsByStatus, from));
    require_ok(transaction.put(Table::kRunsByStatus, to, "a lie"));
  });
  KeepRules rules;
  rules.age_ms = 1;
  while (value_of(harness.store().prune(rules, WallTime{samples::kStartMs * 2}))) continue;
  CHECK(value_of(harness.store().run(RunId{1})).run.status == Status::kRunning);
  CHECK(value_of(harness.store().load()).unfinished.size() == 3);
  check_one_entry_per_run(harness);
}

TEST_CASE("a damaged trigger is an error, and never a second run") {
  LmdbHarness harness;
  fill(harness);
  flip(harness, Table::kTriggers, store::trigger_key("build", "identity-2"), 12);
  auto transaction = value_of(harness.store().begin());
  CHECK(kind_of(transaction->find_trigger("build", "identity-2")) == ErrorKind::kCorrupt);
  CHECK(value_of(transaction->find_trigger("build", "identity-1")) == RunId{1});
  // The transaction is still good.
  require_ok(transaction->apply(SaveTrigger{"build", "another", RunId{3}}));
  require_ok(transaction->commit());
}

TEST_CASE("a damaged piece of a log is shown as one, and the rest is read") {
  LmdbHarness harness;
  const AttemptKey key{RunId{1}, 0, 1};
  for (std::uint64_t first = 0; first < 3000; first += 1000) {
    commit(harness.store(), {}, {samples::lines(key, first, 1000, 100)});
  }
  flip(harness, Table::kLogChunks, store::log_chunk_key(key, 1), 200);
  std::vector<LogRecord> records;
  LogCursor cursor;
  for (bool at_end = false; !at_end;) {
    const LogPage page = value_of(harness.store().log(key, cursor, 10'000));
    records.insert(records.end(), page.records.begin(), page.records.end());
    cursor = page.next;
    at_end = page.at_end;
  }
  const auto all = samples::lines(key, 0, 3000, 100).records;
  CHECK(records.front() == all.front());
  CHECK(records.back() == all.back());
  std::size_t notes = 0;
  for (const LogRecord& record : records) {
    if (record.stream != LogStream::kPawl) continue;
    ++notes;
    CHECK(record.text.find("damaged") != std::string::npos);
  }
  CHECK(notes == 1);
  // It goes on growing, also when the newest chunk is the damaged one.
  commit(harness.store(), {}, {samples::lines({RunId{2}, 0, 1}, 0, 2)});
  flip(harness, Table::kLogChunks, store::log_chunk_key({RunId{2}, 0, 1}, 0), 30);
  commit(harness.store(), {}, {samples::lines({RunId{2}, 0, 1}, 2, 1)});
  const LogPage page = value_of(harness.store().log({RunId{2}, 0, 1}, {}, 10'000));
  REQUIRE(page.records.size() == 2);
  CHECK(page.records[1] == samples::lines({RunId{2}, 0, 1}, 2, 1).records[0]);
}

TEST_CASE("a damaged summary of a log is made again from its chunks") {
  LmdbHarness harness(64 * 1024);
  const AttemptKey key{RunId{1}, 0, 1};
  SUBCASE("of a whole log") {
    commit(harness.store(), {}, {samples::lines(key, 0, 100, 100)});
    flip(harness, Table::kLogs, store::attempt_key(key), 10);
    const auto expected = samples::lines(key, 0, 100, 100);
    CHECK(value_of(harness.store().log_position(key)) ==
          LogPosition{expected.records.back().time_ns, 1});
    commit(harness.store(), {}, {samples::lines(key, 100, 10, 100)});
    CHECK(value_of(harness.store().log(key, {}, 1 << 20)).records ==
          samples::lines(key, 0, 110, 100).records);
  }
  SUBCASE("of one with a gap") {
    for (std::uint64_t first = 0; first < 2000; first += 100) {
      commit(harness.store(), {}, {samples::lines(key, first, 100, 100)});
    }
    const auto before = value_of(harness.store().log(key, {}, 1 << 20)).records;
    flip(harness, Table::kLogs, store::attempt_key(key), 10);
    const auto after = value_of(harness.store().log(key, {}, 1 << 20)).records;
    REQUIRE(after.size() == before.size());
    std::size_t different = 0;
    for (std::size_t i = 0; i < after.size(); ++i) different += after[i] == before[i] ? 0 : 1;
    CHECK(different == 1);  // the mark, which cannot know the size any more
    commit(harness.store(), {}, {samples::lines(key, 2000, 100, 100)});
    const auto last = value_of(harness.store().log(key, {}, 1 << 20)).records.back();
    CHECK(last == samples::lines(key, 2099, 1, 100).records[0]);
  }
}

namespace {

// A store of 200 unfinished runs with logs, and copies of it that were cut off.
class CutStore {
 public:
  CutStore() {
    const PipelinePtr pipeline = samples::pipeline_ptr("build");
    commit(harness_.store(), {SaveDefinition{pipeline}});
    for (std::uint64_t id = 1; id <= 200; ++id) {
      commit(harness_.store(), {SaveRun{unfinished(id, pipeline)}, SaveTask{samples::task(id, 0)}},
             {samples::lines({RunId{id}, 0, 1}, 0, 50)});
    }
    harness_.close();
  }

  // Calls `body` with the directory of each copy: every cut near the end, some before.
  void each(const std::function<void(const std::string&)>& body) {
    namespace files = std::filesystem;
    const std::string& directory = harness_.options().directory;
    const auto pages = files::file_size(directory + "/data.mdb") / 4096;
    for (std::uintmax_t kept = 1; kept < pages; kept += kept + 12 < pages ? 7 : 1) {
      INFO(kept << " of " << pages << " pages kept");
      TempDirectory copy;
      for (const char* name : {"data.mdb", "instance", "agent.lock", "host.key"}) {
        files::copy(directory + "/" + name, copy / name);
      }
      files::resize_file(copy / "data.mdb", kept * 4096);
      body(copy.path());
    }
  }

 private:
  LmdbHarness harness_;
};

}  // namespace

TEST_CASE("of a file that was cut off an agent gets what is left, or a new store, and says which") {
  CutStore store;
  int loaded = 0;
  store.each([&](const std::string& directory) {
    StoreOptions options;
    options.directory = directory;
    options.map_bytes = 1 << 26;
    const auto opened = open_store(options);
    REQUIRE(opened);
    const auto world = (*opened)->load();
    REQUIRE(world);
    if (names((*opened)->warnings(), "the store was damaged and set aside as")) {
      // LMDB could not open it: a new store was begun, behind every number of the old one.
      CHECK(value_of((*opened)->load()).last_run >= RunId{200});
      return;
    }
    ++loaded;
    CHECK(names(world->damaged, "cut off"));
    // A write works or says why; what it needs may be lost.
    auto transaction = value_of((*opened)->begin());
    auto written = transaction->apply(SaveRun{samples::run(201)});
    if (written) written = transaction->commit();
    if (!written) CHECK(written.error().kind == ErrorKind::kCorrupt);
  });
  CHECK(loaded > 0);
}

TEST_CASE("of a file that was cut off a reader gets what is left") {
  CutStore store;
  int found = 0;
  store.each([&](const std::string& directory) {
    const auto reader = open_store_reader(directory);
    if (!reader) {
      CHECK(reader.error().kind == ErrorKind::kCorrupt);
      return;
    }
    for (std::uint64_t id = 1; id <= 200; id += 9) {
      const auto run = (*reader)->run(RunId{id});
      if (run) {
        ++found;
        CHECK(run->run.id == RunId{id});
      } else {
        CHECK(run.error().kind == ErrorKind::kCorrupt);
      }
      const auto log = (*reader)->log({RunId{id}, 0, 1}, {}, 10'000);
      if (!log) CHECK(log.error().kind == ErrorKind::kCorrupt);
    }
    const auto runs = (*reader)->runs({});
    if (!runs) CHECK(runs.error().kind == ErrorKind::kCorrupt);
  });
  CHECK(found > 0);
}

TEST_CASE("a page of zeros is an error and not the end of the process") {
  CutStore store;
  unsigned state = 1;
  store.each([&](const std::string& directory) {
    // Anywhere in what is left: LMDB's own assertions fail on it.
    const std::string data = directory + "/data.mdb";
    const auto size = std::filesystem::file_size(data);
    if (size <= 8192) return;
    state = state * 1664525u + 1013904223u;
    std::fstream file(data, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(8192 + state % (size / 4096 - 2) * 4096));
    file << std::string(4096, '\0');
    file.close();
    StoreOptions options;
    options.directory = directory;
    options.map_bytes = 1 << 26;
    const auto opened = open_store(options);
    if (!opened) return;
    (void)(*opened)->load().ok();
    (void)(*opened)->runs({}).ok();
  });
}
