// A full map and a full disk: refused as kExhausted, readable all along, and good again once there is room.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness.h"

using namespace pawl;

namespace {

// Noise, which zstd cannot make small.
LogChunk noise_of(std::uint64_t id) {
  LogChunk noise{{RunId{id}, 0, 1}, {{LogStream::kStdout, 1, std::string(30'000, '\0')}}};
  std::uint64_t state = id;
  for (char& byte : noise.records[0].text) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<char>(state >> 56);
  }
  return noise;
}

// Commits runs that have not ended, with logs, until one is refused; how many were committed, and the error.
std::pair<std::uint64_t, Error> fill(Store& store, std::uint64_t first) {
  for (std::uint64_t id = first; id < first + 100'000; ++id) {
    auto begun = store.begin();
    if (!begun) return {id - 1, begun.error()};
    auto transaction = std::move(begun).value();
    auto result = transaction->apply(SaveRun{samples::run(id)});
    if (result) result = transaction->append_log(noise_of(id));
    if (result) {
      result = transaction->commit();
    } else {
      // The first error, whatever is tried after it.
      const auto later = transaction->apply(SaveRun{samples::run(id)});
      CHECK_FALSE(later.ok());
      const auto end = transaction->commit();
      REQUIRE_FALSE(end.ok());
      CHECK(end.error().kind == result.error().kind);
    }
    if (!result) return {id - 1, result.error()};
  }
  FAIL("the store never fills up");
  return {};
}

void check_readable(Store& store, std::uint64_t last) {
  CHECK(value_of(store.runs({})).runs.front().id == RunId{last});
  CHECK(value_of(store.run(RunId{1})).run.id == RunId{1});
  CHECK(value_of(store.log({RunId{last}, 0, 1}, {}, 100'000)).records.size() == 1);
  CHECK(value_of(store.load()).last_run == RunId{last});
}

// A tmpfs of its own, where the test may mount one.
class SmallDisk {
 public:
  SmallDisk() {
    mounted_ = ::mount("pawl-test", directory_.path().c_str(), "tmpfs", 0, "size=4m") == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }
  [[nodiscard]] bool is_mounted() const { return mounted_; }
  [[nodiscard]] const TempDirectory& directory() const { return directory_; }

 private:
  TempDirectory directory_;
  bool mounted_ = false;
};

}  // namespace

TEST_CASE("a full map refuses, stays readable, and goes on after it is opened larger") {
  LmdbHarness harness;
  harness.close();
  harness.options().map_bytes = 2 << 20;
  harness.reopen();
  auto [last, error] = fill(harness.store(), 1);
  CHECK(error.kind == ErrorKind::kExhausted);
  CHECK(error.message.find("state.max_size") != std::string::npos);
  REQUIRE(last > 10);
  check_readable(harness.store(), last);
  harness.reopen();
  check_readable(harness.store(), last);

  harness.options().map_bytes = 4 << 20;
  harness.reopen();
  check_readable(harness.store(), last);
  const auto [later, again] = fill(harness.store(), last + 1);
  CHECK(later > last + 10);
  CHECK(again.kind == ErrorKind::kExhausted);
  // Opened smaller than it is, nothing is lost.
  harness.options().map_bytes = 1 << 20;
  harness.reopen();
  check_readable(harness.store(), later);
}

TEST_CASE("a full disk refuses, stays readable, and heals when space is freed") {
  SmallDisk disk;
  REQUIRE_MESSAGE(disk.is_mounted(), "this needs root: it mounts a tmpfs of its own");
  const std::string other = disk.directory() / "other";
  std::ofstream(other) << std::string(1 << 20, 'x');
  StoreOptions options;
  options.directory = disk.directory() / "state";
  options.map_bytes = std::size_t{64} << 20;
  auto store = value_of(open_store(options));
  const auto [last, error] = fill(*store, 1);
  CHECK(error.kind == ErrorKind::kExhausted);
  CHECK(error.message.find("disk") != std::string::npos);
  REQUIRE(last > 10);
  check_readable(*store, last);
  // A second try is refused as well, and harms nothing.
  const auto [same, again] = fill(*store, last + 1);
  CHECK(again.kind == ErrorKind::kExhausted);
  check_readable(*store, same);

  std::filesystem::remove(other);
  const auto [later, third] = fill(*store, same + 1);
  CHECK(later > same + 10);
  CHECK(third.kind == ErrorKind::kExhausted);
  check_readable(*store, later);
  store.reset();
  // An agent that starts on a full disk still gets its store.
  store = value_of(open_store(options));
  check_readable(*store, later);
}

namespace {

bool warns(const Store& store, const std::string& of) {
  for (const std::string& warning : store.warnings()) {
    if (warning.find(of) != std::string::npos) return true;
  }
  return false;
}

// Small ends of what is under way, as the loop writes them; whether they could be.
bool write_ends(Store& store, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t id = first; id < first + count; ++id) {
    auto transaction = store.begin();
    if (!transaction) return false;
    if (!(*transaction)->apply(SaveRun{samples::run(id, "ends", Status::kFailed)})) return false;
    if (!(*transaction)->commit()) return false;
  }
  return true;
}

}  // namespace

TEST_CASE("a full store takes ends, has no room for more, and prunes itself down") {
  LmdbHarness harness;
  harness.close();
  harness.options().map_bytes = 8 << 20;
  harness.reopen();
  Store& store = harness.store();
  CHECK(store.has_room());
  // As the loop does: nothing new once there is no room.
  std::uint64_t last = 0;
  while (store.has_room()) {
    const std::uint64_t id = ++last;
    commit(store, {SaveRun{samples::run(id, "build", Status::kSuccess)}},
           {samples::lines({RunId{id}, 0, 1}, 0, 1)});
    Run large = samples::run(id, "build", Status::kSuccess);
    large.params = {{"filler", std::string(30'000, 'x')}};
    commit(store, {SaveRun{large}});
    REQUIRE(last < 2'000);
  }
  CHECK(warns(store, "state.max_size"));
  CHECK(write_ends(store, last + 1, 50));
  REQUIRE_FALSE(store.has_room());
  int calls = 0;
  while (value_of(store.prune({}, {}))) REQUIRE(++calls < 1'000);
  CHECK(store.has_room());
  CHECK_FALSE(warns(store, "state.max_size"));
  // The oldest went, the newest are there.
  CHECK(kind_of(store.run(RunId{1})) == ErrorKind::kNotFound);
  CHECK(value_of(store.runs({})).runs.front().id == RunId{last + 50});
  // A tenth of it, and not all.
  std::size_t left = 0;
  RunQuery query;
  query.limit = limits::kPageRows;
  for (std::optional<RunId> next = RunId{UINT64_MAX}; next; ++left) {
    query.before = next;
    const RunPage page = value_of(store.runs(query));
    left += page.runs.size();
    next = page.next;
  }
  CHECK(left > last / 2);
  CHECK_FALSE(value_of(store.prune({}, {})));
}

TEST_CASE("a store that is full makes room by itself, whatever is asked of it") {
  LmdbHarness harness;
  harness.close();
  harness.options().map_bytes = 2 << 20;
  harness.reopen();
  Store& store = harness.store();
  constexpr std::uint64_t kRuns = 400;  // five times what fits
  int refused = 0;
  for (std::uint64_t id = 1; id <= kRuns;) {
    auto transaction = value_of(store.begin());
    auto result = transaction->apply(SaveRun{samples::run(id, "build", Status::kSuccess)});
    if (result) result = transaction->append_log(noise_of(id));
    if (result) result = transaction->commit();
    if (result) {
      ++id;
      continue;
    }
    CHECK(result.error().kind == ErrorKind::kExhausted);
    REQUIRE(++refused < 50);
  }
  const RunPage page = value_of(store.runs({}));
  CHECK(page.runs.front().id == RunId{kRuns});
  CHECK(page.runs.size() > 20);
  CHECK(kind_of(store.run(RunId{1})) == ErrorKind::kNotFound);
  int calls = 0;
  while (value_of(store.prune({}, {}))) REQUIRE(++calls < 1'000);
  CHECK(store.has_room());
}

TEST_CASE("for want of room the oldest runs go, and no more of them than it takes") {
  LmdbHarness harness;
  harness.close();
  harness.options().map_bytes = 8 << 20;
  harness.reopen();
  Store& store = harness.store();
  // Large ones: a handful of them is the tenth that has to go.
  std::uint64_t last = 0;
  while (store.has_room()) {
    auto transaction = value_of(store.begin());
    ++last;
    REQUIRE(transaction->apply(SaveRun{samples::run(last, "build", Status::kSuccess)}));
    for (std::uint64_t part = 0; part < 6; ++part) {
      LogChunk chunk = noise_of(1'000 * last + part);
      chunk.key.run = RunId{last};
      REQUIRE(transaction->append_log(chunk));
    }
    REQUIRE(transaction->commit());
    REQUIRE(last < 200);
  }
  int calls = 0;
  while (value_of(store.prune({}, {}))) REQUIRE(++calls < 1'000);
  CHECK(store.has_room());
  const RunPage page = value_of(store.runs({}));
  REQUIRE_FALSE(page.runs.empty());
  CHECK(page.runs.front().id == RunId{last});
  CHECK(page.runs.size() >= last * 3 / 4);
  CHECK(page.runs.size() < last);
}

TEST_CASE("runs that have not ended are kept, however full the store is") {
  LmdbHarness harness;
  harness.close();
  harness.options().map_bytes = 2 << 20;
  harness.reopen();
  Store& store = harness.store();
  std::uint64_t last = 0;
  while (store.has_room()) {
    Run run = samples::run(++last, "build", Status::kRunning);
    run.params = {{"filler", std::string(60'000, 'x')}};
    commit(store, {SaveRun{run}});
  }
  CHECK_FALSE(value_of(store.prune({}, {})));
  CHECK_FALSE(store.has_room());
  CHECK(value_of(store.load()).unfinished.size() == last);
}

TEST_CASE("when the disk is full the ballast is given up for the ends of what is under way") {
  SmallDisk disk;
  REQUIRE_MESSAGE(disk.is_mounted(), "this needs root: it mounts a tmpfs of its own");
  const std::string other = disk.directory() / "other";
  std::ofstream(other) << std::string(1 << 20, 'x');
  StoreOptions options;
  options.directory = disk.directory() / "state";
  options.map_bytes = std::size_t{8} << 20;
  auto store = value_of(open_store(options));
  const std::string ballast = options.directory + "/ballast";
  REQUIRE(std::filesystem::exists(ballast));
  CHECK(std::filesystem::file_size(ballast) == options.map_bytes / 8);
  CHECK(store->has_room());

  const auto [last, error] = fill(*store, 1);
  CHECK(error.kind == ErrorKind::kExhausted);
  CHECK_FALSE(std::filesystem::exists(ballast));
  CHECK_FALSE(store->has_room());
  CHECK(warns(*store, "disk is full"));
  check_readable(*store, last);
  CHECK(write_ends(*store, last + 1, 50));
  // Also for an agent that starts now.
  store.reset();
  store = value_of(open_store(options));
  CHECK_FALSE(store->has_room());
  CHECK(value_of(store->run(RunId{last + 50})).run.status == Status::kFailed);

  std::filesystem::remove(other);
  CHECK(store->has_room());
  CHECK(std::filesystem::exists(ballast));
  CHECK(store->warnings().empty());
  CHECK(write_ends(*store, last + 51, 1));
}

TEST_CASE("the ballast is put back once there is room for it and more") {
  SmallDisk disk;
  REQUIRE_MESSAGE(disk.is_mounted(), "this needs root: it mounts a tmpfs of its own");
  const std::string other = disk.directory() / "other";
  std::ofstream(other) << std::string(3 << 20, 'x');
  StoreOptions options;
  options.directory = disk.directory() / "state";
  options.map_bytes = std::size_t{8} << 20;
  // 1 MB of 4 is left: too little for a ballast of 1 MB.
  auto store = value_of(open_store(options));
  CHECK_FALSE(store->has_room());
  CHECK(warns(*store, "disk is full"));
  CHECK(write_ends(*store, 1, 5));
  std::filesystem::remove(other);
  CHECK(store->has_room());
  CHECK(store->warnings().empty());
  CHECK(std::filesystem::exists(options.directory + "/ballast"));
}

namespace {

// A store of 8 MB with 300 runs that have ended on a disk without a byte to spare but the ballast. All of them came with
// its last transaction, so that LMDB has no free pages that the next one might use.
struct FullDisk {
  FullDisk() {
    if (!disk.is_mounted()) return;
    options.directory = disk.directory() / "state";
    options.map_bytes = std::size_t{8} << 20;
    store = value_of(open_store(options));
    Commands commands;
    for (std::uint64_t id = 1; id <= kRuns; ++id) {
      commands.push_back(SaveRun{samples::run(id, "build", Status::kSuccess)});
    }
    commit(*store, commands);
    // Before the disk is full: another key, so that a start has to note it in the chain.
    std::ofstream(options.directory + "/host.key") << std::string(64, 'a') << "\n";
    std::ofstream(disk.directory() / "other") << std::string(4 << 20, 'x');
  }
  [[nodiscard]] bool has_ballast() const {
    return std::filesystem::exists(options.directory + "/ballast");
  }

  static constexpr std::uint64_t kRuns = 300;
  SmallDisk disk;
  StoreOptions options;
  std::unique_ptr<Store> store;
};

}  // namespace

TEST_CASE("when retention meets a full disk the ballast is given up for it") {
  FullDisk full;
  REQUIRE_MESSAGE(full.store, "this needs root: it mounts a tmpfs of its own");
  REQUIRE(full.has_ballast());
  KeepRules rules;
  rules.runs_per_pipeline = 1;
  CHECK(kind_of(full.store->prune(rules, {})) == ErrorKind::kExhausted);
  CHECK_FALSE(full.has_ballast());
  while (value_of(full.store->prune(rules, {}))) continue;
  CHECK(ids(value_of(full.store->runs({}))) == Ids{FullDisk::kRuns});
}

TEST_CASE("a start that has to write on a full disk gets the ballast for it") {
  FullDisk full;
  REQUIRE_MESSAGE(full.store, "this needs root: it mounts a tmpfs of its own");
  full.store.reset();
  REQUIRE(full.has_ballast());
  const auto opened = open_store(full.options);
  REQUIRE(opened.ok());
  CHECK_FALSE(full.has_ballast());
  CHECK(value_of((*opened)->runs({})).runs.front().id == RunId{FullDisk::kRuns});
}
