// A full map and a full disk: refused as kExhausted, readable all along, and good again once there is room.
#include <doctest/doctest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "harness.h"

using namespace pawl;

namespace {

// Commits runs with logs until one is refused; how many were committed, and the error.
std::pair<std::uint64_t, Error> fill(Store& store, std::uint64_t first) {
  for (std::uint64_t id = first; id < first + 100'000; ++id) {
    auto transaction = value_of(store.begin());
    auto result = transaction->apply(SaveRun{samples::run(id)});
    // Noise, which zstd cannot make small.
    LogChunk noise{{RunId{id}, 0, 1}, {{LogStream::kStdout, 1, std::string(30'000, '\0')}}};
    std::uint64_t state = id;
    for (char& byte : noise.records[0].text) {
      state = state * 6364136223846793005u + 1442695040888963407u;
      byte = static_cast<char>(state >> 56);
    }
    if (result) result = transaction->append_log(noise);
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
  if (!disk.is_mounted()) {
    MESSAGE("not run: mounting a tmpfs needs root");
    return;
  }
  const std::string ballast = disk.directory() / "ballast";
  std::ofstream(ballast) << std::string(1 << 20, 'x');
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

  std::filesystem::remove(ballast);
  const auto [later, third] = fill(*store, same + 1);
  CHECK(later > same + 10);
  CHECK(third.kind == ErrorKind::kExhausted);
  check_readable(*store, later);
  store.reset();
  // An agent that starts on a full disk still gets its store.
  store = value_of(open_store(options));
  check_readable(*store, later);
}
