// Opening the LMDB store: who may, with what rights, and what is said when it cannot be.
#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "harness.h"
#include "store/directory.h"
#include "store/environment.h"
#include "store/identity.h"

using namespace pawl;

namespace {

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::stat(path.c_str(), &info) == 0);
  return info.st_mode & 0777;
}

// A child process that runs `body` and is reaped; its exit code.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) ::_exit(body());
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  REQUIRE(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

TEST_CASE("the directory and its files are the agent's alone") {
  const mode_t old_mask = ::umask(0);
  LmdbHarness harness;
  ::umask(old_mask);
  const std::string& directory = harness.options().directory;
  CHECK(mode_of(directory) == 0700);
  for (const char* name : {"data.mdb", "lock.mdb", "agent.lock", "instance"}) {
    INFO(name);
    CHECK(mode_of(directory + "/" + name) == 0600);
  }
}

TEST_CASE("every store has an instance id of its own and keeps it") {
  LmdbHarness one;
  LmdbHarness other;
  const std::string id = one.store().instance_id();
  CHECK(id.size() == 12);
  CHECK(id.find_first_not_of("0123456789abcdef") == std::string::npos);
  CHECK(id != other.store().instance_id());
  one.reopen();
  CHECK(one.store().instance_id() == id);
}

TEST_CASE("a second agent is refused and told who has the store") {
  LmdbHarness harness;
  const StoreOptions options = harness.options();
  SUBCASE("in the same process") {
    const auto second = open_store(options);
    REQUIRE(kind_of(second) == ErrorKind::kConflict);
    CHECK(second.error().message.find("process " + std::to_string(::getpid())) !=
          std::string::npos);
    CHECK(second.error().context == options.directory);
  }
  SUBCASE("in another one") {
    CHECK(in_child([&] {
            const auto second = open_store(options);
            return second ? 1 : static_cast<int>(second.error().kind) + 100;
          }) == static_cast<int>(ErrorKind::kConflict) + 100);
  }
  harness.close();
  CHECK(open_store(options).ok());
}

TEST_CASE("the store of an agent that was killed opens at once") {
  TempDirectory directory;
  StoreOptions options;
  options.directory = directory / "state";
  options.map_bytes = 1 << 24;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    auto store = open_store(options);
    auto transaction =
        store ? (*store)->begin() : Result<std::unique_ptr<StoreTransaction>>(Error{});
    (void)!::write(ready[1], transaction ? "y" : "n", 1);
    for (;;) ::pause();
  }
  char answer = 0;
  REQUIRE(::read(ready[0], &answer, 1) == 1);
  CHECK(answer == 'y');
  ::kill(child, SIGKILL);
  REQUIRE(::waitpid(child, nullptr, 0) == child);
  ::close(ready[0]);
  ::close(ready[1]);
  auto store = open_store(options);
  REQUIRE(store.ok());
  commit(**store, {SaveRun{samples::run(1)}});
}

TEST_CASE("a forked child can neither use the store nor harm it") {
  LmdbHarness harness;
  commit(harness.store(), {SaveRun{samples::run(1)}});
  CHECK(in_child([&] {
          const auto read = harness.store().runs({});
          const auto write = harness.store().begin();
          harness.close();
          return !read && read.error().kind == ErrorKind::kInternal && !write ? 0 : 1;
        }) == 0);
  commit(harness.store(), {SaveRun{samples::run(2)}});
  CHECK(ids(value_of(harness.store().runs({}))) == Ids{2, 1});
  // The lock is still the parent's.
  CHECK(kind_of(open_store(harness.options())) == ErrorKind::kConflict);
}

TEST_CASE("directories that cannot hold a store") {
  TempDirectory directory;
  StoreOptions options;
  options.directory = directory / "missing/state";
  CHECK(kind_of(open_store(options)) == ErrorKind::kNotFound);
  options.directory = directory / "file";
  std::ofstream(options.directory) << "x";
  CHECK(kind_of(open_store(options)) == ErrorKind::kInvalid);
  options.directory = directory / "sealed";
  std::filesystem::create_directory(options.directory);
  ::chmod(options.directory.c_str(), 0);
  if (::geteuid() != 0) CHECK(kind_of(open_store(options)) == ErrorKind::kDenied);
}

TEST_CASE("network filesystems are known by their number") {
  CHECK(store::network_filesystem(0x6969) == "NFS");
  CHECK(store::network_filesystem(0xff534d42) == "CIFS");
  // statfs(2) fills a signed word: the number may come sign-extended.
  CHECK(store::network_filesystem(0xffffffffff534d42) == "CIFS");
  CHECK(store::network_filesystem(0x65735546) == "FUSE");
  for (std::uint64_t local : {0xef53ul /* ext4 */, 0x58465342ul /* xfs */, 0x9123683eul /* btrfs */,
                              0x01021994ul /* tmpfs */, 0x794c7630ul /* overlay */,
                              0x2fc12fc1ul /* zfs */, 0xf2f52010ul /* f2fs */}) {
    CHECK_FALSE(store::network_filesystem(local));
  }
}

TEST_CASE("a reader sees what an agent left, and changes nothing") {
  LmdbHarness harness;
  const std::string directory = harness.options().directory;
  commit(harness.store(), {SaveRun{samples::run(1)}, SaveSource{samples::source("fleet")}},
         {samples::lines({RunId{1}, 0, 1}, 0, 10)});
  harness.close();
  auto reader = value_of(open_store_reader(directory));
  CHECK(ids(value_of(reader->runs({}))) == Ids{1});
  CHECK(value_of(reader->sources()).size() == 1);
  CHECK(value_of(reader->log({RunId{1}, 0, 1}, {}, 10'000)).records.size() == 10);
  CHECK(kind_of(reader->run(RunId{2})) == ErrorKind::kNotFound);
}

TEST_CASE("a reader in another process works beside the agent") {
  TempDirectory directory;
  StoreOptions options;
  options.directory = directory / "state";
  options.map_bytes = 1 << 24;
  int ready[2];
  REQUIRE(::pipe(ready) == 0);
  // Forked before anything is open, as another program would be.
  const pid_t child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    char go = 0;
    if (::read(ready[0], &go, 1) != 1) ::_exit(2);
    const auto reader = open_store_reader(options.directory);
    const auto page = reader ? (*reader)->runs({}) : Result<RunPage>(reader.error());
    ::_exit(page && ids(*page) == Ids{1} ? 0 : 1);
  }
  auto store = value_of(open_store(options));
  commit(*store, {SaveRun{samples::run(1)}});
  REQUIRE(::write(ready[1], "g", 1) == 1);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
  ::close(ready[0]);
  ::close(ready[1]);
  commit(*store, {SaveRun{samples::run(2)}});
}

TEST_CASE("a reader says when there is nothing to read") {
  TempDirectory directory;
  CHECK(kind_of(open_store_reader(directory / "missing")) == ErrorKind::kNotFound);
  CHECK(kind_of(open_store_reader(directory.path())) == ErrorKind::kNotFound);
  CHECK_FALSE(std::filesystem::exists(directory / "data.mdb"));
}

TEST_CASE("a store whose data is gone is never taken for a new one") {
  LmdbHarness harness;
  commit(harness.store(), {SaveRun{samples::run(1)}});
  harness.close();
  const std::string data = harness.options().directory + "/data.mdb";
  std::filesystem::remove(data);
  CHECK(kind_of(open_store(harness.options())) == ErrorKind::kCorrupt);
  CHECK(kind_of(open_store_reader(harness.options().directory)) == ErrorKind::kCorrupt);
  // Said once, it is a decision.
  std::filesystem::remove(harness.options().directory + "/instance");
  std::filesystem::remove(data);
  CHECK(open_store(harness.options()).ok());
}

namespace {

bool warns(const Store& store, const std::string& of) {
  for (const std::string& warning : store.warnings()) {
    if (warning.find(of) != std::string::npos) return true;
  }
  return false;
}

std::vector<std::string> damaged_files(const std::string& directory) {
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("data.mdb.damaged-")) found.push_back(entry.path().string());
  }
  return found;
}

}  // namespace

TEST_CASE("a store that cannot be opened is set aside, and the agent starts with a new one") {
  LmdbHarness harness;
  const std::string directory = harness.options().directory;
  const std::string data = directory + "/data.mdb";
  const std::string id = harness.store().instance_id();
  for (std::uint64_t run = 1; run <= 300; ++run)
    commit(harness.store(), {SaveRun{samples::run(run)}});
  harness.close();
  bool is_salvaged = true;
  SUBCASE("both of its meta pages are gone") {
    std::fstream(data, std::ios::in | std::ios::out | std::ios::binary)
        << std::string(8192, '\xff');
  }
  SUBCASE("one bit of a meta page is wrong") {
    std::fstream file(data, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(16);
    file.put('!');
  }
  SUBCASE("it is empty") {
    std::filesystem::resize_file(data, 0);
    is_salvaged = false;
  }
  SUBCASE("it is something else") {
    std::ofstream(data) << std::string(50'000, 'x');
    is_salvaged = false;
  }
  SUBCASE("it never held anything") {
    TempDirectory fresh;
    { value_of(store::Environment::open({fresh.path(), 1 << 20, false, true})); }
    std::filesystem::copy_file(fresh / "data.mdb", data,
                               std::filesystem::copy_options::overwrite_existing);
    is_salvaged = false;
  }
  // A reader changes nothing.
  CHECK(kind_of(open_store_reader(directory)) == ErrorKind::kCorrupt);
  harness.reopen();
  // Whose containers are ours is still known.
  CHECK(harness.store().instance_id() == id);
  REQUIRE(damaged_files(directory).size() == 1);
  const std::string file = damaged_files(directory).front();
  CHECK(warns(harness.store(), std::filesystem::path(file).filename().string()));
  // No number is handed out again.
  const StoredWorld world = value_of(harness.store().load());
  CHECK(world.last_run >= RunId{300 + (is_salvaged ? limits::kRunsLostMax : 0)});
  if (is_salvaged) CHECK(world.last_run == RunId{300 + limits::kRunsLostMax});
  if (is_salvaged) CHECK(world.highest_time == samples::run(300).created_at);
  CHECK(world.unfinished.empty());
  commit(harness.store(),
         {SaveRun{samples::run(world.last_run.value + 1, "build", Status::kSuccess)}});
  // It is said for as long as the file lies there.
  harness.reopen();
  CHECK(warns(harness.store(), "set aside"));
  CHECK(value_of(harness.store().load()).last_run == RunId{world.last_run.value + 1});
  std::filesystem::remove(file);
  CHECK(harness.store().warnings().empty());
}

TEST_CASE("a store with a table that cannot be entered is set aside") {
  LmdbHarness harness;
  const std::string directory = harness.options().directory;
  const std::string data = directory + "/data.mdb";
  const SaveSource source{samples::source("in-no-other-table")};
  commit(harness.store(), {SaveRun{samples::run(1)}, source});
  harness.close();
  // The table's only page, and what is left of its former ones.
  constexpr std::size_t kPageBytes = 4096;
  std::string bytes;
  {
    std::ifstream file(data, std::ios::binary);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  for (std::size_t at = 0; at < bytes.size(); at += kPageBytes) {
    if (bytes.substr(at, kPageBytes).find(source.state.name) == std::string::npos) continue;
    bytes.replace(at, kPageBytes, kPageBytes, '\0');
  }
  std::ofstream(data, std::ios::binary) << bytes;
  harness.reopen();
  CHECK(damaged_files(directory).size() == 1);
  CHECK(value_of(harness.store().load()).last_run == RunId{1 + limits::kRunsLostMax});
  // In the old one this would fail for ever.
  commit(harness.store(), {source});
  CHECK(value_of(harness.store().sources()).size() == 1);
}

TEST_CASE("of damaged stores only the newest are kept") {
  LmdbHarness harness;
  const std::string directory = harness.options().directory;
  for (std::size_t i = 0; i < limits::kStoreSetAsideFiles + 2; ++i) {
    harness.close();
    std::ofstream(directory + "/data.mdb") << std::string(50'000, 'x');
    harness.reopen();
  }
  CHECK(damaged_files(directory).size() == limits::kStoreSetAsideFiles);
}

TEST_CASE("a store of a newer format is refused, and left as it is") {
  LmdbHarness harness;
  const std::string directory = harness.options().directory;
  harness.close();
  {
    auto environment = value_of(store::Environment::open({directory, 0, false, true}));
    auto transaction = value_of(environment->write());
    const store::Record format = store::encode_format(store::kStoreFormat + 1);
    require_ok(transaction.put(format.table, format.key, format.value));
    require_ok(transaction.commit());
  }
  CHECK(kind_of(open_store(harness.options())) == ErrorKind::kInvalid);
  CHECK(kind_of(open_store_reader(directory)) == ErrorKind::kInvalid);
  CHECK(damaged_files(directory).empty());
}

TEST_CASE("data that is no store is refused") {
  TempDirectory directory;
  StoreOptions options;
  options.directory = directory.path();
  std::ofstream(directory / "data.mdb") << std::string(20'000, 'x');
  CHECK(kind_of(open_store(options)) == ErrorKind::kCorrupt);
}

TEST_CASE("the instance file is mended from the store, and the store from it") {
  LmdbHarness harness;
  const std::string id = harness.store().instance_id();
  harness.close();
  const std::string file = harness.options().directory + "/instance";
  SUBCASE("missing") { std::filesystem::remove(file); }
  SUBCASE("damaged") { std::ofstream(file) << "pawl stor"; }
  harness.reopen();
  CHECK(harness.store().instance_id() == id);
  std::string text;
  std::getline(std::ifstream(file), text);
  CHECK(text == "pawl store " + std::to_string(store::kStoreFormat) + " " + id);
}
