#include "git/local_repository.h"

#include <doctest/doctest.h>
#include <stdlib.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "model/limits.h"

namespace pawl {
namespace {

namespace fs = std::filesystem;

struct Directory {
  std::string path;
  Directory() {
    std::string pattern = (fs::temp_directory_path() / "pawl-paths-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path = fs::canonical(pattern).string();
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { fs::remove_all(path); }

  void repository(const std::string& name) const {
    fs::create_directories(path + "/" + name + "/objects/info");
    fs::create_directories(path + "/" + name + "/refs");
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path + "/" + name) << text;
  }
};

bool contains(const std::vector<std::string>& paths, const std::string& path) {
  return std::find(paths.begin(), paths.end(), path) != paths.end();
}

TEST_CASE("a bare repository, a work tree and a linked one") {
  const Directory directory;
  directory.repository("bare");
  const auto bare = repository_paths(directory.path + "/bare");
  REQUIRE(bare.ok());
  CHECK(contains(*bare, directory.path + "/bare"));

  directory.repository("tree/.git");
  directory.write("tree/private.txt", "not Git's");
  const auto tree = repository_paths(directory.path + "/tree");
  REQUIRE(tree.ok());
  CHECK(contains(*tree, directory.path + "/tree/.git"));
  CHECK_FALSE(contains(*tree, directory.path + "/tree"));

  fs::create_directories(directory.path + "/tree/.git/worktrees/linked");
  directory.write("tree/.git/worktrees/linked/commondir", "../..\n");
  fs::create_directories(directory.path + "/linked");
  directory.write("linked/.git", "gitdir: " + directory.path + "/tree/.git/worktrees/linked\n");
  const auto linked = repository_paths(directory.path + "/linked");
  REQUIRE(linked.ok());
  CHECK(contains(*linked, directory.path + "/tree/.git"));
  CHECK(contains(*linked, directory.path + "/linked/.git"));
}

TEST_CASE("borrowed objects, also by way of others, relative, and round in a circle") {
  const Directory directory;
  for (const char* name : {"a", "b", "c"}) directory.repository(name);
  directory.write("a/objects/info/alternates", "# comment\n\n../../b/objects\n");
  directory.write("b/objects/info/alternates", directory.path + "/c/objects\n");
  directory.write("c/objects/info/alternates", directory.path + "/b/objects\n/nonexistent\n");
  const auto paths = repository_paths(directory.path + "/a");
  REQUIRE(paths.ok());
  CHECK(contains(*paths, directory.path + "/b/objects"));
  CHECK(contains(*paths, directory.path + "/c/objects"));
}

TEST_CASE("a symbolic link's target is named") {
  const Directory directory;
  directory.repository("real");
  fs::create_directory_symlink(directory.path + "/real", directory.path + "/link");
  const auto paths = repository_paths(directory.path + "/link");
  REQUIRE(paths.ok());
  CHECK(contains(*paths, directory.path + "/real"));
}

TEST_CASE("too many borrowed repositories are refused") {
  const Directory directory;
  directory.repository("a");
  std::string lines;
  for (std::size_t i = 0; i <= limits::kRepositoryLinks; ++i) {
    const std::string name = "lender" + std::to_string(i);
    directory.repository(name);
    lines += directory.path + "/" + name + "/objects\n";
  }
  directory.write("a/objects/info/alternates", lines);
  const auto paths = repository_paths(directory.path + "/a");
  REQUIRE_FALSE(paths.ok());
  CHECK(paths.error().kind == ErrorKind::kTooLarge);
}

TEST_CASE("what is no repository's directory") {
  const Directory directory;
  CHECK(repository_paths(directory.path + "/absent").error().kind == ErrorKind::kNotFound);
  directory.write("file", "x");
  CHECK(repository_paths(directory.path + "/file").error().kind == ErrorKind::kNotFound);
  fs::create_directories(directory.path + "/odd");
  directory.write("odd/.git", "something else");
  CHECK(repository_paths(directory.path + "/odd").error().kind == ErrorKind::kNotFound);
}

}  // namespace
}  // namespace pawl
