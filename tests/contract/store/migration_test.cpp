// Stores of earlier formats are opened for ever. tests/golden/store/format-1 has one that pawl 0.1.0's code wrote: six runs of
// two pipelines, one for each status, with two tasks, an attempt, a log and two identities each.
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

constexpr std::size_t kDataBytes = 184'320;
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
  OldStore() {
    const std::string golden = std::string(PAWL_GOLDEN_DIRECTORY) + "/format-1/";
    options_.directory = directory_.path();
    options_.map_bytes = std::size_t{16} << 20;
    const std::string packed = read_bytes(golden + "data.mdb.zst");
    std::ofstream(directory_ / "data.mdb", std::ios::binary)
        << value_of(store::decompress(packed, kDataBytes));
    std::filesystem::copy_file(golden + "instance", directory_ / "instance");
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
  const OldStore old;
  const std::string before = read_bytes(old.directory() + "/data.mdb");
  check_all_there(*value_of(open_store_reader(old.directory())));
  CHECK(read_bytes(old.directory() + "/data.mdb") == before);
  const ChainReport report = value_of(verify_history(old.directory()));
  CHECK_FALSE(report.fault);
  CHECK(report.before_chain == 4);
  CHECK(report.key.empty());
}

TEST_CASE("an agent upgrades a store of format 1, and nothing gets lost") {
  const OldStore old;
  {
    const auto store = old.open();
    CHECK(store->instance_id() == "ec029c113c55");
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
  std::string line;
  std::getline(std::ifstream(old.directory() + "/instance"), line);
  CHECK(line == "pawl store 2 ec029c113c55");
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

TEST_CASE("what ended before the upgrade is pruned like the rest") {
  const OldStore old;
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
