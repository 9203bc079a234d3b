// Sources on this host: a path or file://, read in place.
#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "git_fixture.h"

namespace pawl {
namespace {

using test::has;
using test::paths_of;
using test::pull_options;
using test::run;
using test::source_at;
using test::TempDirectory;
using test::WorkTree;
using test::write_text;

std::string problem_of(const PullResult& result, const std::string& file) {
  for (const Problem& problem : result.problems) {
    if (problem.file == file) return problem.message;
  }
  return {};
}

struct Local {
  TempDirectory directory;
  WorkTree tree{directory / "fleet"};
  PullProcess process{pull_options(directory)};

  Result<PullResult> pull(const std::string& known = "", const std::string& path = "pipelines") {
    return process.pull(source_at(tree.path(), path), known);
  }
};

TEST_CASE("a path is read as committed, sorted, and is unchanged until the next commit") {
  Local local;
  local.tree.commit("pipelines/team/b.yml", "name: b\n");
  local.tree.commit("pipelines/team-a.yaml", "name: a\n");
  const std::string first = local.tree.commit("pipelines/notes.txt", "no pipeline");
  write_text(local.tree.path() + "/pipelines/build.yaml", "not committed");

  const auto pulled = local.pull();
  REQUIRE(pulled.ok());
  CHECK(pulled->revision == first);
  CHECK_FALSE(pulled->unchanged);
  // By bytes: '-' comes before '/'.
  CHECK(paths_of(*pulled) == std::vector<std::string>{"build.yaml", "team-a.yaml", "team/b.yml"});
  CHECK(pulled->files[0].content == "name: build\n");
  CHECK(pulled->problems.empty());

  const auto again = local.pull(first);
  REQUIRE(again.ok());
  CHECK(again->unchanged);
  CHECK(again->revision == first);
  CHECK(again->files.empty());

  const std::string second = local.tree.commit("pipelines/build.yaml", "name: built\n");
  const auto changed = local.pull(first);
  REQUIRE(changed.ok());
  CHECK_FALSE(changed->unchanged);
  CHECK(changed->revision == second);
  CHECK(changed->files[0].content == "name: built\n");
}

TEST_CASE("every way to name a repository on this host") {
  Local local;
  const std::string head = local.tree.head();
  const std::string bare = local.directory / "b are.git";
  local.tree.git({"clone", "--quiet", "--bare", ".", bare});
  const std::string borrowing = local.directory / "borrowing";
  local.tree.git({"clone", "--quiet", "--shared", ".", borrowing});
  const std::string linked = local.directory / "linked";
  local.tree.git({"worktree", "add", "--quiet", "--detach", linked});
  const std::string link = local.directory / "link";
  std::filesystem::create_directory_symlink(bare, link);

  for (const std::string& url :
       {local.tree.path(), "file://" + local.tree.path(), "file://localhost" + local.tree.path(),
        bare, "file://" + (local.directory / "b%20are.git"), borrowing, linked, link,
        local.tree.path() + "/.git"}) {
    CAPTURE(url);
    const auto pulled = local.process.pull(source_at(url), "");
    if (!pulled) MESSAGE(pulled.error().text());
    REQUIRE(pulled.ok());
    CHECK(pulled->revision == head);
    CHECK(paths_of(*pulled) == std::vector<std::string>{"build.yaml"});
  }
}

TEST_CASE("the ref: branch, short name, annotated tag, HEAD") {
  Local local;
  const std::string first = local.tree.head();
  local.tree.git({"tag", "--annotate", "--message", "one", "v1"});
  local.tree.git({"branch", "release"});
  const std::string second = local.tree.commit("pipelines/build.yaml", "name: two\n");
  local.tree.git({"pack-refs", "--all"});
  SourceConfig source = source_at(local.tree.path());
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"refs/heads/main", second}, {"main", second},        {"HEAD", second},
      {"release", first},          {"refs/tags/v1", first}, {"v1", first},
  };
  for (const auto& [ref, revision] : expected) {
    CAPTURE(ref);
    source.ref = ref;
    const auto pulled = local.process.pull(source, "");
    REQUIRE(pulled.ok());
    CHECK(pulled->revision == revision);
  }
  source.ref = "refs/heads/absent";
  const auto absent = local.process.pull(source, "");
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.error().kind == ErrorKind::kNotFound);
  CHECK(has(absent.error().message, "refs/heads/main"));
  source.ref = "refs/heads/..";
  CHECK(local.process.pull(source, "").error().kind == ErrorKind::kInvalid);
}

TEST_CASE("a force-push is followed, a deleted ref is an error") {
  Local local;
  const std::string first = local.tree.head();
  local.tree.commit("pipelines/build.yaml", "name: two\n");
  local.tree.git({"reset", "--quiet", "--hard", first});
  const auto rewound = local.pull("0123456789012345678901234567890123456789");
  REQUIRE(rewound.ok());
  CHECK(rewound->revision == first);
  local.tree.git({"checkout", "--quiet", "--detach"});
  local.tree.git({"branch", "--quiet", "-D", "main"});
  const auto deleted = local.pull(first);
  REQUIRE_FALSE(deleted.ok());
  CHECK(deleted.error().kind == ErrorKind::kNotFound);
}

TEST_CASE("what is missing is named: repository, commits, path") {
  Local local;
  const auto kind_of = [&](const std::string& url, const std::string& path) {
    const auto pulled = local.process.pull(source_at(url, path), "");
    REQUIRE_FALSE(pulled.ok());
    return pulled.error().kind;
  };
  CHECK(kind_of(local.directory / "absent", "") == ErrorKind::kNotFound);
  CHECK(kind_of(local.directory.path(), "") == ErrorKind::kNotFound);
  write_text(local.directory / "file", "x");
  CHECK(kind_of(local.directory / "file", "") == ErrorKind::kNotFound);
  CHECK(kind_of(local.tree.path(), "absent") == ErrorKind::kNotFound);
  CHECK(kind_of(local.tree.path(), "pipelines/build.yaml") == ErrorKind::kNotFound);
  CHECK(kind_of(local.tree.path(), "pipelines/../..") == ErrorKind::kInvalid);
  CHECK(kind_of("ftp://host/x", "") == ErrorKind::kInvalid);
  CHECK(kind_of("git@host:x.git", "") == ErrorKind::kInvalid);

  run({"git", "init", "--quiet", "--initial-branch=main", local.directory / "empty"});
  const auto empty = local.process.pull(source_at(local.directory / "empty"), "");
  REQUIRE_FALSE(empty.ok());
  CHECK(empty.error().kind == ErrorKind::kNotFound);
  CHECK(has(empty.error().message, "empty"));
  CHECK(empty.error().context == local.directory / "empty");
}

TEST_CASE("the root, and a path written loosely") {
  Local local;
  local.tree.commit("top.yaml", "name: top\n");
  const auto root = local.pull("", "");
  REQUIRE(root.ok());
  CHECK(paths_of(*root) == std::vector<std::string>{"pipelines/build.yaml", "top.yaml"});
  const auto loose = local.pull("", "./pipelines//");
  REQUIRE(loose.ok());
  CHECK(paths_of(*loose) == std::vector<std::string>{"build.yaml"});
}

TEST_CASE("only regular files are taken; others with such a name are problems") {
  Local local;
  const std::string base = local.tree.path() + "/pipelines/";
  std::filesystem::create_symlink("/etc/passwd", base + "x.yaml");
  std::filesystem::create_symlink("build.yaml", base + "plain-link");
  write_text(base + "big.yaml", std::string(limits::kPipelineFileBytes + 1, '#'));
  write_text(base + "full.yaml", std::string(limits::kPipelineFileBytes, '#'));
  write_text(base + ".hidden.yaml", "x");
  write_text(base + ".github/workflow.yml", "x");
  write_text(base + ".yaml", "x");
  write_text(base + "new\nline.yaml", "x");
  write_text(base + "dir.yaml/inner.yaml", "x");
  local.tree.git({"add", "--all", "."});
  const std::string head = local.tree.head();
  local.tree.git(
      {"update-index", "--add", "--cacheinfo", "160000," + head + ",pipelines/sub.yaml"});
  local.tree.git({"commit", "--quiet", "--message", "all kinds"});

  const auto pulled = local.pull();
  REQUIRE(pulled.ok());
  CHECK(paths_of(*pulled) ==
        std::vector<std::string>{"build.yaml", "dir.yaml/inner.yaml", "full.yaml"});
  CHECK(pulled->problems.size() == 4);
  CHECK(has(problem_of(*pulled, "x.yaml"), "symbolic link"));
  CHECK(has(problem_of(*pulled, "sub.yaml"), "submodule"));
  CHECK(has(problem_of(*pulled, "big.yaml"), "256 KiB"));
  CHECK(has(problem_of(*pulled, "new\nline.yaml"), "rename"));
}

// One commit whose tree is given as `git mktree` lines, on branch main.
void commit_tree(const WorkTree& tree, const std::string& lines) {
  const std::string id = tree.git({"mktree"}, lines);
  tree.git({"update-ref", "refs/heads/main", tree.git({"commit-tree", "-m", "x", id})});
}

TEST_CASE("bounds: entries, files, bytes, depth") {
  Local local;
  const std::string blob = local.tree.git({"hash-object", "-w", "--stdin"}, "name: x\n");
  const auto error_of = [&] {
    const auto pulled = local.pull("", "");
    REQUIRE_FALSE(pulled.ok());
    return pulled.error();
  };

  std::string lines;
  for (std::size_t i = 0; i <= limits::kSourceTreeEntries; ++i) {
    lines += "100644 blob " + blob + "\tf" + std::to_string(i) + "\n";
  }
  commit_tree(local.tree, lines);
  CHECK(error_of().kind == ErrorKind::kTooLarge);

  lines.clear();
  for (std::size_t i = 0; i <= limits::kSourceFiles; ++i) {
    lines += "100644 blob " + blob + "\tf" + std::to_string(i) + ".yaml\n";
  }
  commit_tree(local.tree, lines);
  CHECK(error_of().kind == ErrorKind::kTooLarge);

  const std::string big = local.tree.git({"hash-object", "-w", "--stdin"},
                                         std::string(limits::kPipelineFileBytes, '#'));
  lines.clear();
  for (std::size_t i = 0; i <= limits::kSourceBytes / limits::kPipelineFileBytes; ++i) {
    lines += "100644 blob " + big + "\tf" + std::to_string(i) + ".yaml\n";
  }
  commit_tree(local.tree, lines);
  CHECK(error_of().kind == ErrorKind::kTooLarge);

  // A tree that names one subtree ten times, twelve deep: 10^12 entries from 13 objects.
  std::string id = local.tree.git({"mktree"}, "100644 blob " + blob + "\tf\n");
  for (int level = 0; level < 12; ++level) {
    lines.clear();
    for (char c = 'a'; c < 'k'; ++c) lines += "040000 tree " + id + "\t" + c + "\n";
    id = local.tree.git({"mktree"}, lines);
  }
  commit_tree(local.tree, "040000 tree " + id + "\tbomb\n");
  CHECK(error_of().kind == ErrorKind::kTooLarge);

  id = local.tree.git({"mktree"}, "100644 blob " + blob + "\tdeep.yaml\n");
  for (int level = 0; level < 40; ++level) {
    id = local.tree.git({"mktree"}, "040000 tree " + id + "\td\n");
  }
  commit_tree(local.tree, "100644 blob " + blob + "\ttop.yaml\n040000 tree " + id + "\tdeep\n");
  const auto deep = local.pull("", "");
  REQUIRE(deep.ok());
  CHECK(paths_of(*deep) == std::vector<std::string>{"top.yaml"});
  REQUIRE(deep->problems.size() == 1);
  CHECK(has(deep->problems[0].message, "too deep"));
}

TEST_CASE("a repository of another user is read, since the host's configuration names it") {
  if (::geteuid() != 0) return;  // only root can make one
  Local local;
  run({"chown", "-R", "12345:12345", local.tree.path()});
  run({"chmod", "-R", "go-rwx", local.tree.path()});
  const auto pulled = local.pull();
  REQUIRE(pulled.ok());
  CHECK(pulled->files.size() == 1);
}

TEST_CASE("reading leaves no trace, neither in the repository nor in the cache") {
  Local local;
  const auto listing = [&] {
    return run({"find", local.tree.path(), "-printf", "%p %s %T@ %C@\\n"});
  };
  const std::string before = listing();
  REQUIRE(local.pull().ok());
  REQUIRE(local.pull(local.tree.head()).ok());
  CHECK(listing() == before);
  CHECK_FALSE(std::filesystem::exists(local.directory / "cache"));
}

TEST_CASE("a damaged source is said to be damaged, also where libgit2 would spin") {
  Local local;
  local.tree.commit("pipelines/build.yaml", "name: build\n" + std::string(3000, '#') + "123\n");
  const std::string blob = local.tree.git({"rev-parse", "HEAD:pipelines/build.yaml"});
  const std::string object =
      local.tree.path() + "/.git/objects/" + blob.substr(0, 2) + "/" + blob.substr(2);
  std::filesystem::permissions(object, std::filesystem::perms::owner_all);
  const std::string whole = test::read_text(object);
  for (const std::size_t size : {std::size_t{0}, std::size_t{5}, whole.size() / 2}) {
    CAPTURE(size);
    write_text(object, whole.substr(0, size));
    const auto pulled = local.pull();
    REQUIRE_FALSE(pulled.ok());
    CHECK(pulled.error().kind == ErrorKind::kCorrupt);
    CHECK(has(pulled.error().message, "git fsck"));
  }
  write_text(object, whole);
  write_text(local.tree.path() + "/.git/refs/heads/main", "garbage\n");
  CHECK(local.pull().error().kind == ErrorKind::kCorrupt);
}

}  // namespace
}  // namespace pawl
