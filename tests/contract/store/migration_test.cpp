// Stores of earlier formats are opened for ever. tests/golden/store/format-N has one that the code of that format wrote: six runs
// of two pipelines, one for each status, with two tasks, an attempt, a log and two identities each. Those of later formats also have
// what the one before could not hold.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "harness.h"
#include "store/compression.h"
#include "store/history_chain.h"
#include "store/identity.h"

using namespace pawl;

namespace {

struct Format {
  std::string number;
  std::size_t data_bytes;
  std::string instance_id;
};
const Format kFormat1{"1", 184'320, "ec029c113c55"};
const Format kFormat2{"2", 200'704, "94ea153da648"};
const Format kFormat3{"3", 200'704, "02f22f60c16e"};

constexpr Status kStatuses[] = {Status::kSuccess, Status::kFailed,  Status::kCancelled,
                                Status::kSkipped, Status::kRunning, Status::kPending};

std::string read_bytes(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class OldStore {
 public:
  explicit OldStore(const Format& format) {
    const std::string golden =
        std::string(PAWL_GOLDEN_DIRECTORY) + "/format-" + format.number + "/";
    options_.directory = directory_.path();
    options_.map_bytes = std::size_t{16} << 20;
    const std::string packed = read_bytes(golden + "data.mdb.zst");
    std::ofstream(directory_ / "data.mdb", std::ios::binary)
        << value_of(store::decompress(packed, format.data_bytes));
    std::filesystem::copy_file(golden + "instance", directory_ / "instance");
    // The key that the chains from format 2 on are signed with; before it there was none.
    if (format.number != "1") {
      std::ofstream(directory_ / "host.key") << std::string(64, '4') << "\n";
    }
  }
  [[nodiscard]] std::unique_ptr<Store> open() const { return value_of(open_store(options_)); }
  [[nodiscard]] const std::string& directory() const { return options_.directory; }

 private:
  TempDirectory directory_;
  StoreOptions options_;
};

Run old_run(std::uint64_t id) {
  const bool is_odd = id % 2 != 0;
  Run run = samples::run(id, is_odd ? "build" : "nightly", kStatuses[id - 1],
                         is_odd ? TriggerKind::kWebhook : TriggerKind::kCron);
  run.definition =
      content_hash(is_odd ? samples::pipeline("build") : samples::pipeline("nightly", "debian:12"));
  if (id == 3) run.stop = RunStop::kCancel;
  return run;
}

// What format 2 added to the runs of the fixture.
Run run_of_format_2(std::uint64_t id) {
  Run run = old_run(id);
  if (id == 2) run.stop = RunStop::kTimeout;
  if (id == 4) {
    run.trigger.parent = RunId{1};
    run.trigger.depth = 1;
  }
  return run;
}

// What format 3 added.
Run run_of_format_3(std::uint64_t id) {
  Run run = run_of_format_2(id);
  run.hooks_cancelled = id == 3;
  return run;
}

SourceState source_of_format_3() {
  SourceState source = samples::source("fleet");
  source.elsewhere = {{"deploy", "deploy.yaml", 7, "hosts.names has core-*"}};
  return source;
}

Attempt attempt_since_format_2(std::uint64_t id) {
  Attempt attempt = samples::attempt(id, 0, 1, kStatuses[id - 1]);
  attempt.boot_id = "boot";
  attempt.started_mono = MonoTime{5};
  attempt.engine = "engine";
  attempt.log_incomplete = id == 2;
  return attempt;
}

struct Rows {
  Run (*run)(std::uint64_t id);
  Variables outputs_of_run_1;
  SourceState source;
};
const Rows kRowsOfFormat2{run_of_format_2, {}, samples::source("fleet")};
const Rows kRowsOfFormat3{
    run_of_format_3, {{"version", "1.2"}, {"empty", ""}}, source_of_format_3()};

void check_rows(const StoreReader& store, const Rows& rows) {
  CHECK(ids(value_of(store.runs({}))) == Ids{6, 5, 4, 3, 2, 1});
  for (std::uint64_t id = 1; id <= 6; ++id) {
    INFO("run " << id);
    const RunDetail detail = value_of(store.run(RunId{id}));
    CHECK(detail.run == rows.run(id));
    REQUIRE(detail.tasks.size() == 2);
    TaskState first = samples::task(id, 0, kStatuses[id - 1]);
    if (id == 1) first.outputs = rows.outputs_of_run_1;
    CHECK(detail.tasks[0] == first);
    REQUIRE(detail.attempts.size() == 1);
    CHECK(detail.attempts[0] == attempt_since_format_2(id));
    CHECK(value_of(store.log({RunId{id}, 0, 1}, {}, 100'000)).records ==
          samples::lines({RunId{id}, 0, 1}, 0, 20).records);
  }
  CHECK(value_of(store.pipelines()).size() == 2);
  CHECK(value_of(store.sources()) == std::vector<SourceState>{rows.source});
}

std::string instance_line(const OldStore& old) {
  std::string line;
  std::getline(std::ifstream(old.directory() + "/instance"), line);
  return line;
}

void check_all_there(const StoreReader& store) {
  CHECK(ids(value_of(store.runs({}))) == Ids{6, 5, 4, 3, 2, 1});
  for (std::uint64_t id = 1; id <= 6; ++id) {
    INFO("run " << id);
    const RunDetail detail = value_of(store.run(RunId{id}));
    CHECK(detail.run == old_run(id));
    REQUIRE(detail.tasks.size() == 2);
    CHECK(detail.tasks[0] == samples::task(id, 0, kStatuses[id - 1]));
    REQUIRE(detail.attempts.size() == 1);
    CHECK(detail.attempts[0].boot_id.empty());
    CHECK_FALSE(detail.attempts[0].log_incomplete);
    CHECK(value_of(store.log({RunId{id}, 0, 1}, {}, 100'000)).records ==
          samples::lines({RunId{id}, 0, 1}, 0, 20).records);
  }
  CHECK(value_of(store.pipelines()).size() == 2);
  CHECK(value_of(store.sources()) == std::vector<SourceState>{samples::source("fleet")});
}

}  // namespace

TEST_CASE("a store of format 1 is read as it is") {
  const OldStore old(kFormat1);
  const std::string before = read_bytes(old.directory() + "/data.mdb");
  check_all_there(*value_of(open_store_reader(old.directory())));
  CHECK(read_bytes(old.directory() + "/data.mdb") == before);
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK_FALSE(report.fault);
  CHECK(report.before_chain == 4);
  CHECK(report.key.empty());
}

TEST_CASE("an agent upgrades a store of format 1, and nothing gets lost") {
  const OldStore old(kFormat1);
  {
    const auto store = old.open();
    CHECK(store->instance_id() == kFormat1.instance_id);
    CHECK(store->warnings().empty());
    check_all_there(*store);
    const StoredWorld world = value_of(store->load());
    CHECK(world.damaged.empty());
    CHECK(world.last_run == RunId{6});
    CHECK(world.highest_time == samples::run(6).created_at);
    CHECK(world.suspensions.empty());
    CHECK(world.schedule_marks.size() == 1);
    REQUIRE(world.unfinished.size() == 2);
    CHECK(world.unfinished[0].run == old_run(5));
    CHECK(world.unfinished_definitions[1] != nullptr);
    auto transaction = value_of(store->begin());
    for (std::uint64_t id = 1; id <= 6; ++id) {
      const Run run = old_run(id);
      CHECK(value_of(transaction->find_trigger(run.pipeline, run.trigger.identity)) == RunId{id});
      CHECK(value_of(transaction->find_trigger(run.pipeline, "digest-" + std::to_string(id))) ==
            RunId{id});
    }
  }
  CHECK(instance_line(old) == "pawl store 4 " + kFormat1.instance_id);
  // It goes on, with what only the new format can hold.
  Run ended = old_run(5);
  ended.status = Status::kFailed;
  ended.stop = RunStop::kTimeout;
  Run next = samples::run(7, "build", Status::kSuccess);
  next.trigger.parent = RunId{5};
  next.trigger.depth = 1;
  {
    const auto store = old.open();
    check_all_there(*store);
    commit(*store,
           {SaveRun{ended}, SaveRun{next}, SaveSuspension{"build", {WallTime{5}, "uid 0"}}});
  }
  {
    const auto store = old.open();
    CHECK(value_of(store->run(RunId{5})).run == ended);
    CHECK(value_of(store->run(RunId{7})).run == next);
    CHECK(value_of(store->run(RunId{4})).run == old_run(4));
    CHECK(value_of(store->load()).suspensions.size() == 1);
  }
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 2);
  CHECK(report.before_chain == 4);
}

TEST_CASE("a store of format 2 is read as it is, its chain included") {
  const OldStore old(kFormat2);
  const std::string before = read_bytes(old.directory() + "/data.mdb");
  check_rows(*value_of(open_store_reader(old.directory())), kRowsOfFormat2);
  CHECK(read_bytes(old.directory() + "/data.mdb") == before);
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 4);
  CHECK(report.actions == 1);
}

TEST_CASE("an agent upgrades a store of format 2, and its chain goes on") {
  const OldStore old(kFormat2);
  Run ended = run_of_format_2(5);
  ended.status = Status::kSuccess;
  ended.hooks_cancelled = true;
  TaskState task = samples::task(5, 0, Status::kSuccess);
  task.outputs = {{"version", "1.2"}};
  SourceState source = samples::source("fleet");
  source.elsewhere = {{"deploy", "deploy.yaml", 7, "hosts.names has core-*"}};
  {
    const auto store = old.open();
    CHECK(store->instance_id() == kFormat2.instance_id);
    CHECK(store->warnings().empty());
    check_rows(*store, kRowsOfFormat2);
    const StoredWorld world = value_of(store->load());
    CHECK(world.damaged.empty());
    CHECK(world.unfinished.size() == 2);
    CHECK(world.suspensions.size() == 1);
    commit(*store, {SaveTask{task}, SaveRun{ended}, SaveSource{source}});
  }
  CHECK(instance_line(old) == "pawl store 4 " + kFormat2.instance_id);
  {
    const auto store = old.open();
    CHECK(value_of(store->run(RunId{5})).run == ended);
    CHECK(value_of(store->run(RunId{5})).tasks[0] == task);
    CHECK(value_of(store->run(RunId{4})).run == run_of_format_2(4));
    CHECK(value_of(store->sources()) == std::vector<SourceState>{source});
  }
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 5);
  CHECK(report.actions == 1);  // no new key had to be noted
  CHECK(report.before_chain == 0);
}

TEST_CASE("a store of format 3 is read as it is, its chain included") {
  const OldStore old(kFormat3);
  const std::string before = read_bytes(old.directory() + "/data.mdb");
  check_rows(*value_of(open_store_reader(old.directory())), kRowsOfFormat3);
  CHECK(read_bytes(old.directory() + "/data.mdb") == before);
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 4);
  CHECK(report.actions == 1);
}

TEST_CASE("an agent upgrades a store of format 3, and its chain goes on") {
  const OldStore old(kFormat3);
  Run ended = run_of_format_3(5);
  ended.status = Status::kFailed;
  Attempt attempt = attempt_since_format_2(5);
  attempt.status = Status::kFailed;
  attempt.exit_code = 137;
  attempt.usage = ResourceUsage{64 << 20, 1'500, 200};
  attempt.oom_killed = true;
  SourceState source = source_of_format_3();
  source.elsewhere.push_back({"mine", "mine.yaml", 1, "policy.max.memory is 64m", true});
  {
    const auto store = old.open();
    CHECK(store->instance_id() == kFormat3.instance_id);
    CHECK(store->warnings().empty());
    check_rows(*store, kRowsOfFormat3);
    const StoredWorld world = value_of(store->load());
    CHECK(world.damaged.empty());
    CHECK(world.unfinished.size() == 2);
    CHECK(world.suspensions.size() == 1);
    commit(*store, {SaveAttempt{attempt}, SaveRun{ended}, SaveSource{source}});
  }
  CHECK(instance_line(old) == "pawl store 4 " + kFormat3.instance_id);
  {
    const auto store = old.open();
    CHECK(value_of(store->run(RunId{5})).run == ended);
    CHECK(value_of(store->run(RunId{5})).attempts == std::vector<Attempt>{attempt});
    CHECK(value_of(store->run(RunId{4})).attempts ==
          std::vector<Attempt>{attempt_since_format_2(4)});
    CHECK(value_of(store->sources()) == std::vector<SourceState>{source});
  }
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.runs == 5);
  CHECK(report.actions == 1);
  CHECK(report.before_chain == 0);
}

TEST_CASE("what ended before the upgrade is pruned like the rest") {
  const OldStore old(kFormat1);
  {
    const auto store = old.open();
    KeepRules rules;
    rules.age_ms = 1;
    while (value_of(store->prune(rules, WallTime{samples::kStartMs * 2}))) continue;
    CHECK(ids(value_of(store->runs({}))) == Ids{6, 5});
    CHECK(value_of(store->load()).last_run == RunId{6});
  }
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK(report.fault.value_or("(none)") == "(none)");
  CHECK(report.pruned == 4);
  CHECK(report.before_chain == 0);
}
