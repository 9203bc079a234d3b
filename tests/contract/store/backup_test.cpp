// Backups: whole or none, taken beside a running agent, and put back as a store that knows it is another one now.
#include "store/backup.h"

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness.h"
#include "store/catalog_codec.h"
#include "store/environment.h"
#include "store/history_chain.h"

using namespace pawl;
using store::Environment;
using store::Table;

namespace {

namespace files = std::filesystem;

void fill(Store& store, std::uint64_t first, std::uint64_t last) {
  for (std::uint64_t id = first; id <= last; ++id) {
    commit(store,
           {SavePipeline{samples::pipeline_ptr("build")},
            SaveRun{samples::run(id, "build", Status::kSuccess)},
            SaveTask{samples::task(id, 0, Status::kSuccess)},
            SaveAttempt{samples::attempt(id, 0, 1, Status::kSuccess)},
            SaveTrigger{"build", "identity-" + std::to_string(id), RunId{id}}},
           {samples::lines({RunId{id}, 0, 1}, 0, 50)});
  }
}

void check_runs(const StoreReader& store, std::uint64_t last) {
  for (std::uint64_t id = 1; id <= last; ++id) {
    CHECK(value_of(store.run(RunId{id})).run == samples::run(id, "build", Status::kSuccess));
    CHECK(value_of(store.log({RunId{id}, 0, 1}, {}, 100'000)).records.size() == 50);
  }
  CHECK(value_of(store.runs({})).runs.size() == last);
}

std::size_t count_files(const std::string& directory) {
  return static_cast<std::size_t>(
      std::distance(files::directory_iterator(directory), files::directory_iterator()));
}

}  // namespace

TEST_CASE("a backup is one file, for the owner alone, and replaces nothing") {
  LmdbHarness harness;
  TempDirectory shelf;
  fill(harness.store(), 1, 20);
  harness.close();
  const std::string file = shelf / "pawl.backup";
  const BackupReport report = value_of(backup_store(harness.options().directory, file));
  CHECK(report.runs == 20);
  CHECK(report.bytes == files::file_size(file));
  CHECK(report.left_out.empty());
  struct stat info {};
  REQUIRE(::stat(file.c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(count_files(shelf.path()) == 1);
  CHECK(kind_of(backup_store(harness.options().directory, file)) == ErrorKind::kConflict);
  CHECK(kind_of(backup_store(shelf / "nothing", shelf / "b")) == ErrorKind::kNotFound);
  CHECK(kind_of(backup_store(harness.options().directory, shelf / "no/such/place")) ==
        ErrorKind::kNotFound);
  CHECK(count_files(shelf.path()) == 1);
}

TEST_CASE("a backup is taken while an agent writes, and is one moment of it") {
  TempDirectory directory;
  StoreOptions options;
  options.directory = directory / "state";
  options.map_bytes = std::size_t{64} << 20;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t agent = ::fork();
  REQUIRE(agent >= 0);
  if (agent == 0) {
    auto opened = open_store(options);
    if (!opened) ::_exit(1);
    for (std::uint64_t id = 1;; ++id) {
      fill(**opened, id, id);
      if (id == 50 && ::write(ready[1], "g", 1) != 1) ::_exit(2);
    }
  }
  char go = 0;
  REQUIRE(::read(ready[0], &go, 1) == 1);
  const auto report = backup_store(options.directory, directory / "backup");
  ::kill(agent, SIGKILL);
  REQUIRE(::waitpid(agent, nullptr, 0) == agent);
  ::close(ready[0]);
  ::close(ready[1]);
  const BackupReport made = value_of(report);
  CHECK(made.runs >= 50);
  const RestoreReport restored =
      value_of(restore_store(directory / "backup", directory / "again", false));
  CHECK(restored.runs == made.runs);
  check_runs(*value_of(open_store_reader(directory / "again")),
             std::min<std::uint64_t>(made.runs, limits::kDefaultPageRows));
}

TEST_CASE("a restored store is another one, and knows which ones it was") {
  LmdbHarness harness;
  TempDirectory shelf;
  const std::string& directory = harness.options().directory;
  const std::string first = harness.store().instance_id();
  fill(harness.store(), 1, 5);
  harness.close();
  value_of(backup_store(directory, shelf / "b"));
  harness.reopen();
  fill(harness.store(), 6, 9);

  CHECK(kind_of(restore_store(shelf / "b", directory, true)) == ErrorKind::kConflict);
  harness.close();
  CHECK(kind_of(restore_store(shelf / "b", directory, false)) == ErrorKind::kConflict);
  const RestoreReport report = value_of(restore_store(shelf / "b", directory, true));
  CHECK(report.runs == 5);
  CHECK(report.instance_id != first);
  CHECK(report.former == std::vector<std::string>{first});
  CHECK(files::exists(directory + "/" + report.replaced));
  harness.reopen();
  CHECK(harness.store().instance_id() == report.instance_id);
  CHECK(harness.store().former_instances() == report.former);
  check_runs(harness.store(), 5);
  CHECK(value_of(harness.store().load()).last_run == RunId{5});
  fill(harness.store(), 6, 7);
  harness.close();
  const ChainReport chain = value_of(verify_history(directory));
  CHECK(chain.fault.value_or("(none)") == "(none)");
  CHECK(chain.runs == 7);
  CHECK(chain.actions == 1);

  // Again and again: the oldest ids are forgotten.
  std::string newest;
  for (std::size_t i = 0; i < limits::kFormerInstances + 2; ++i) {
    files::remove(shelf / "b");
    value_of(backup_store(directory, shelf / "b"));
    newest = value_of(restore_store(shelf / "b", directory, true)).former.back();
  }
  harness.reopen();
  CHECK(harness.store().former_instances().size() == limits::kFormerInstances);
  CHECK(harness.store().former_instances().back() == newest);
}

TEST_CASE("of a file that is not sound nothing is taken") {
  LmdbHarness harness;
  TempDirectory shelf;
  fill(harness.store(), 1, 40);
  harness.close();
  const std::string file = shelf / "b";
  value_of(backup_store(harness.options().directory, file));
  SUBCASE("cut off") { files::resize_file(file, files::file_size(file) / 2); }
  SUBCASE("empty") { files::resize_file(file, 0); }
  SUBCASE("something else") { std::ofstream(file) << std::string(50'000, 'x'); }
  SUBCASE("one bit") {
    std::fstream bytes(file, std::ios::in | std::ios::out | std::ios::binary);
    std::string all((std::istreambuf_iterator<char>(bytes)), {});
    const std::size_t at = all.find("identity-7");
    REQUIRE(at != std::string::npos);
    bytes.clear();
    bytes.seekp(static_cast<std::streamoff>(at));
    bytes.put('j');
  }
  CHECK(kind_of(restore_store(file, shelf / "state", false)) == ErrorKind::kCorrupt);
  CHECK_FALSE(files::exists(shelf / "state/data.mdb"));
  CHECK_FALSE(files::exists(shelf / "state/restore.unfinished"));
  CHECK(kind_of(restore_store(file, harness.options().directory, true)) == ErrorKind::kCorrupt);
  harness.reopen();
  check_runs(harness.store(), 40);
}

TEST_CASE("a record that is damaged in the store is left out of the backup and named") {
  LmdbHarness harness;
  TempDirectory shelf;
  fill(harness.store(), 1, 5);
  harness.close();
  {
    auto environment = value_of(Environment::open({harness.options().directory, 0, false, true}));
    auto transaction = value_of(environment->write());
    require_ok(transaction.put(Table::kTasks, store::task_key(RunId{3}, 0), "damaged"));
    require_ok(transaction.commit());
  }
  const BackupReport report = value_of(backup_store(harness.options().directory, shelf / "b"));
  CHECK(report.left_out == std::vector<std::string>{"task 0 of run 3"});
  CHECK(value_of(restore_store(shelf / "b", shelf / "state", false)).runs == 5);
  const ChainReport chain = value_of(verify_history(shelf / "state"));
  CHECK(chain.fault == "run 3 was altered");
}

TEST_CASE("what would not be a store again is no backup") {
  LmdbHarness harness;
  TempDirectory shelf;
  fill(harness.store(), 1, 5);
  harness.close();
  {
    // A damaged record is left out; without this one nobody could open the copy.
    auto environment = value_of(Environment::open({harness.options().directory, 0, false, true}));
    auto transaction = value_of(environment->write());
    require_ok(transaction.put(Table::kMeta, store::kFormatKey, "damaged"));
    require_ok(transaction.commit());
  }
  CHECK_FALSE(backup_store(harness.options().directory, shelf / "b").ok());
  CHECK(count_files(shelf.path()) == 0);
  // An agent mends it.
  harness.reopen();
  harness.close();
  CHECK(value_of(backup_store(harness.options().directory, shelf / "b")).runs == 5);
}
