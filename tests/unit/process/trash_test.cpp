#include "process/trash.h"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "process/directory.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

namespace fs = std::filesystem;

UniqueFd opened(const std::string& path) {
  return std::move(open_directory(AT_FDCWD, path)).value();
}

}  // namespace

TEST_CASE("a tree is emptied, and what its links point to is left alone") {
  const TempDirectory outside;
  std::ofstream(outside / "kept") << "x";
  const TempDirectory top;
  fs::create_directories(top / "a/b/c");
  std::ofstream(top / "a/b/file") << "x";
  fs::create_directory_symlink(outside.path(), top / "a/b/link");
  fs::create_directory_symlink(outside.path(), top / "link");
  fs::create_symlink(outside / "kept", top / "a/file-link");
  fs::permissions(top / "a/b", fs::perms::none);
  CHECK(empty_directory(opened(top.path()).get(), {}));
  CHECK(fs::is_empty(top.path()));
  CHECK(fs::exists(outside / "kept"));
}

TEST_CASE("depth costs nothing") {
  const TempDirectory top;
  UniqueFd at = opened(top.path());
  for (int depth = 0; depth < 20'000; ++depth) {
    REQUIRE(::mkdirat(at.get(), "d", 0700) == 0);
    at = std::move(open_directory(at.get(), "d")).value();
  }
  at.reset();
  CHECK(empty_directory(opened(top.path()).get(), {}));
  CHECK(fs::is_empty(top.path()));
}

TEST_CASE("a wide directory, and a stop on the way") {
  const TempDirectory top;
  fs::create_directory(top / "wide");
  for (int i = 0; i < 10'000; ++i) std::ofstream(top / ("wide/" + std::to_string(i)));
  std::stop_source stop;
  stop.request_stop();
  CHECK_FALSE(empty_directory(opened(top.path()).get(), stop.get_token()));
  CHECK(fs::exists(top / "wide"));
  CHECK(empty_directory(opened(top.path()).get(), {}));
  CHECK(fs::is_empty(top.path()));
}

TEST_CASE("what is taken is gone by its name at once, and a second time is no error") {
  const TempDirectory top;
  fs::create_directories(top / "trash");
  fs::create_directories(top / "things/one");
  const UniqueFd things = opened(top / "things");
  Trash trash(opened(top / "trash"));
  CHECK(trash.take(things.get(), "one"));
  CHECK_FALSE(fs::exists(top / "things/one"));
  CHECK(trash.take(things.get(), "one"));
}
