// Sources behind http:// and https://, fetched into bare clones.
#include <doctest/doctest.h>

#include <filesystem>

#include "git_fixture.h"

namespace pawl {
namespace {

using test::clone_folder;
using test::GitServer;
using test::has;
using test::make_certificates;
using test::paths_of;
using test::pull_options;
using test::run;
using test::source_at;
using test::TempDirectory;
using test::TestCertificates;
using test::WorkTree;
using test::write_text;

constexpr std::int64_t kShortDeadlineMs = 2'000;

// A work tree, and a bare repository that it is pushed to and a server shows.
struct Remote {
  TempDirectory directory;
  WorkTree tree{directory / "tree"};
  std::string bare = directory / "served/fleet.git";

  Remote() {
    run({"git", "init", "--quiet", "--bare", "--initial-branch=main", bare});
    push();
  }
  void push() { tree.git({"push", "--quiet", "--force", bare, "+refs/heads/*:refs/heads/*"}); }
  std::string commit(const std::string& file, const std::string& content) {
    const std::string id = tree.commit(file, content);
    push();
    return id;
  }
  [[nodiscard]] std::vector<std::string> arguments(std::vector<std::string> more = {}) const {
    more.insert(more.begin(), {"--root", directory / "served"});
    return more;
  }
  [[nodiscard]] std::string clone() {
    return clone_folder(pull_options(directory)) + "/repository";
  }
};

TEST_CASE("http: a shallow clone, nothing fetched while unchanged, one tree a change") {
  Remote remote;
  remote.commit("pipelines/build.yaml", "name: build\n# 2\n");
  const std::string first = remote.commit("pipelines/z.yml", "name: z\n");
  const GitServer server(remote.directory, remote.arguments());
  PullProcess process(pull_options(remote.directory));
  const SourceConfig source = source_at(server.url("/fleet.git"));

  const auto pulled = process.pull(source, "");
  REQUIRE(pulled.ok());
  CHECK(pulled->revision == first);
  CHECK(paths_of(*pulled) == std::vector<std::string>{"build.yaml", "z.yml"});
  CHECK(pulled->files[0].content == "name: build\n# 2\n");
  const std::string clone = remote.clone();
  CHECK(run({"git", "-C", clone, "rev-list", "--count", first}) == "1");
  CHECK(run({"git", "-C", clone, "rev-parse", "--is-bare-repository"}) == "true");
  const int fetches = server.fetches();

  const auto again = process.pull(source, first);
  REQUIRE(again.ok());
  CHECK(again->unchanged);
  CHECK(server.fetches() == fetches);

  // The agent has lost its store, the clone is there: nothing to fetch either.
  const auto anew = process.pull(source, "");
  REQUIRE(anew.ok());
  CHECK_FALSE(anew->unchanged);
  CHECK(anew->files.size() == 2);
  CHECK(server.fetches() == fetches);

  std::string last;
  for (int i = 0; i < 5; ++i) {
    last = remote.commit("pipelines/z.yml", "name: z" + std::to_string(i) + "\n");
    remote.commit("other.txt", std::to_string(i));
    last = remote.tree.head();
    const auto changed = process.pull(source, first);
    REQUIRE(changed.ok());
    CHECK(changed->revision == last);
    CHECK(changed->files[1].content == "name: z" + std::to_string(i) + "\n");
  }
  CHECK(run({"git", "-C", clone, "rev-list", "--count", last}) == "1");
  run({"git", "-C", clone, "fsck", "--full", "--strict"});
}

TEST_CASE("http: the clone's packs are bounded") {
  Remote remote;
  const GitServer server(remote.directory, remote.arguments());
  PullProcess process(pull_options(remote.directory));
  const SourceConfig source = source_at(server.url("/fleet.git"));
  std::vector<std::string> commits;
  for (std::size_t i = 0; i < limits::kClonePacks + 3; ++i) {
    commits.push_back(remote.tree.commit("pipelines/build.yaml", "name: b" + std::to_string(i)));
  }
  remote.push();
  std::size_t most = 0;
  for (const std::string& commit : commits) {
    run({"git", "-C", remote.bare, "update-ref", "refs/heads/main", commit});
    const auto pulled = process.pull(source, "");
    REQUIRE(pulled.ok());
    CHECK(pulled->revision == commit);
    const std::string packs = remote.clone() + "/objects/pack";
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(packs)) {
      if (entry.path().extension() == ".pack") ++count;
    }
    most = std::max(most, count);
  }
  CHECK(most == limits::kClonePacks);
}

TEST_CASE("http: force-push, annotated tag, default branch, deleted ref, empty repository") {
  Remote remote;
  const std::string first = remote.tree.head();
  const std::string second = remote.commit("pipelines/build.yaml", "name: two\n");
  const GitServer server(remote.directory, remote.arguments());
  PullProcess process(pull_options(remote.directory));
  SourceConfig source = source_at(server.url("/fleet.git"));
  REQUIRE(process.pull(source, "").ok());

  remote.tree.git({"reset", "--quiet", "--hard", first});
  const std::string other = remote.commit("pipelines/build.yaml", "name: other\n");
  const auto forced = process.pull(source, second);
  REQUIRE(forced.ok());
  CHECK(forced->revision == other);
  CHECK(forced->files[0].content == "name: other\n");

  remote.tree.git({"tag", "--annotate", "--message", "v", "v1", first});
  remote.tree.git({"push", "--quiet", remote.bare, "v1"});
  for (const std::string ref : {"refs/tags/v1", "v1"}) {
    source.ref = ref;
    const auto tagged = process.pull(source, "");
    REQUIRE(tagged.ok());
    CHECK(tagged->revision == first);
    const auto unchanged = process.pull(source, first);
    REQUIRE(unchanged.ok());
    CHECK(unchanged->unchanged);
  }
  source.ref = "HEAD";
  CHECK(process.pull(source, "")->revision == other);

  source.ref = "refs/heads/absent";
  const auto absent = process.pull(source, "");
  REQUIRE_FALSE(absent.ok());
  CHECK(absent.error().kind == ErrorKind::kNotFound);
  CHECK(has(absent.error().message, "'refs/heads/main'"));

  source.ref = "refs/heads/main";
  run({"git", "-C", remote.bare, "update-ref", "-d", "refs/heads/main"});
  const auto deleted = process.pull(source, other);
  REQUIRE_FALSE(deleted.ok());
  CHECK(deleted.error().kind == ErrorKind::kNotFound);

  run({"git", "init", "--quiet", "--bare", remote.directory / "served/empty.git"});
  const auto empty = process.pull(source_at(server.url("/empty.git")), "");
  REQUIRE_FALSE(empty.ok());
  CHECK(empty.error().kind == ErrorKind::kNotFound);
  CHECK(has(empty.error().message, "empty"));
}

TEST_CASE("http: a revision that cannot be used does not cost the clone") {
  Remote remote;
  const std::string good = remote.tree.head();
  const GitServer server(remote.directory, remote.arguments());
  PullProcess process(pull_options(remote.directory));
  const SourceConfig source = source_at(server.url("/fleet.git"));
  REQUIRE(process.pull(source, "").ok());

  remote.tree.git({"mv", "pipelines", "elsewhere"});
  remote.tree.commit_all();
  remote.push();
  for (int i = 0; i < 2; ++i) {
    const auto pathless = process.pull(source, good);
    REQUIRE_FALSE(pathless.ok());
    CHECK(pathless.error().kind == ErrorKind::kNotFound);
    CHECK(has(pathless.error().message, "'pipelines'"));
  }
  const int fetches = server.fetches();
  CHECK(process.pull(source, good).error().kind == ErrorKind::kNotFound);
  CHECK(server.fetches() == fetches);

  const std::string crashing = remote.commit("pipelines/build.yaml", "ABORT");
  const auto crashed = process.pull(source, good);
  REQUIRE_FALSE(crashed.ok());
  CHECK(crashed.error().kind == ErrorKind::kInternal);

  remote.tree.git({"reset", "--quiet", "--hard", good});
  remote.push();
  const auto back = process.pull(source, good);
  REQUIRE(back.ok());
  CHECK(back->unchanged);
  const std::string next = remote.commit("pipelines/build.yaml", "name: fine\n");
  CHECK(process.pull(source, good)->revision == next);
}

TEST_CASE("http: another url is another clone, and the old one goes") {
  Remote remote;
  const GitServer server(remote.directory, remote.arguments());
  PullProcess process(pull_options(remote.directory));
  REQUIRE(process.pull(source_at(server.url("/fleet.git")), "").ok());
  const std::string before = clone_folder(pull_options(remote.directory));
  REQUIRE(process.pull(source_at(server.url("/fleet.git/")), "").ok());
  const std::string after = clone_folder(pull_options(remote.directory));
  CHECK(before != after);
  SourceConfig other = source_at(server.url("/fleet.git"));
  other.name = "fleet-2";
  REQUIRE(process.pull(other, "").ok());
  CHECK(std::filesystem::exists(after));
}

TEST_CASE("http: HTTP Basic, from the password file or the url; never shown") {
  Remote remote;
  const GitServer server(remote.directory, remote.arguments({"--login", "robot:pass w@rd"}));
  PullProcess process(pull_options(remote.directory));
  const std::string password_file = remote.directory / "password";
  write_text(password_file, "pass w@rd\n");
  SourceConfig source = source_at(server.url("/fleet.git"));

  const auto without = process.pull(source, "");
  REQUIRE_FALSE(without.ok());
  CHECK(without.error().kind == ErrorKind::kDenied);
  CHECK(has(without.error().message, "auth.password_file"));

  source.username = "robot";
  source.password_file = password_file;
  const auto with = process.pull(source, "");
  REQUIRE(with.ok());
  CHECK(process.pull(source, with->revision)->unchanged);

  write_text(password_file, "wrong secret\n");
  const auto wrong = process.pull(source, "");
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.error().kind == ErrorKind::kDenied);
  CHECK(has(wrong.error().message, "'robot'"));
  CHECK_FALSE(has(wrong.error().text(), "wrong secret"));
  source.password_file = remote.directory / "absent";
  CHECK(process.pull(source, "").error().context == source.password_file);

  const std::string place = "127.0.0.1:" + std::to_string(server.port()) + "/fleet.git";
  CHECK(process.pull(source_at("http://robot:pass%20w%40rd@" + place), "").ok());
  const auto shown = process.pull(source_at("http://robot:hush@" + place), "");
  REQUIRE_FALSE(shown.ok());
  CHECK(shown.error().kind == ErrorKind::kDenied);
  CHECK_FALSE(has(shown.error().text(), "hush"));
  CHECK(has(shown.error().text(), "http://" + place));
}

TEST_CASE("https: the right CA, a wrong one, another name, no usable file") {
  Remote remote;
  const TestCertificates right = make_certificates(remote.directory, "right", "IP:127.0.0.1");
  const TestCertificates wrong = make_certificates(remote.directory, "wrong", "IP:127.0.0.1");
  const GitServer server(
      remote.directory,
      remote.arguments({"--certificate", right.certificate_file, "--key", right.key_file}));
  PullProcess process(pull_options(remote.directory));
  SourceConfig source = source_at(server.url("/fleet.git", "127.0.0.1", "https"));
  source.ca_file = right.ca_file;
  const auto pulled = process.pull(source, "");
  if (!pulled) MESSAGE(pulled.error().text());
  REQUIRE(pulled.ok());
  CHECK(process.pull(source, pulled->revision)->unchanged);

  source.ca_file = wrong.ca_file;
  const auto refused = process.pull(source, "");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::kDenied);
  CHECK(has(refused.error().message, "right CA"));
  CHECK(has(refused.error().message, wrong.ca_file));

  source.ca_file.clear();  // the host's own
  const auto unknown = process.pull(source, "");
  REQUIRE_FALSE(unknown.ok());
  CHECK(has(unknown.error().message, "auth.ca_file"));

  source.ca_file = right.ca_file;
  source.url = server.url("/fleet.git", "localhost", "https");
  const auto nameless = process.pull(source, "");
  REQUIRE_FALSE(nameless.ok());
  CHECK(has(nameless.error().message, "'localhost'"));

  const TestCertificates named = make_certificates(remote.directory, "named", "DNS:git.example");
  const GitServer other(remote.directory, remote.arguments({"--certificate", named.certificate_file,
                                                            "--key", named.key_file}));
  source.ca_file = named.ca_file;
  source.url = other.url("/fleet.git", "localhost", "https");
  const auto misnamed = process.pull(source, "");
  REQUIRE_FALSE(misnamed.ok());
  CHECK(misnamed.error().kind == ErrorKind::kDenied);
  CHECK(has(misnamed.error().message, "'localhost'"));

  source.url = server.url("/fleet.git", "127.0.0.1", "https");
  for (const std::string& file : {remote.directory / "absent.pem", right.key_file}) {
    source.ca_file = file;
    const auto unusable = process.pull(source, "");
    REQUIRE_FALSE(unusable.ok());
    CHECK(unusable.error().kind == ErrorKind::kDenied);
    CHECK(has(unusable.error().message, file));
  }
}

TEST_CASE("https: an expired certificate is said to have expired") {
  Remote remote;
  const TestCertificates expired =
      test::make_expired_certificates(remote.directory, "old", "IP:127.0.0.1");
  const GitServer server(
      remote.directory,
      remote.arguments({"--certificate", expired.certificate_file, "--key", expired.key_file}));
  PullProcess process(pull_options(remote.directory));
  SourceConfig source = source_at(server.url("/fleet.git", "127.0.0.1", "https"));
  source.ca_file = expired.ca_file;
  const auto pulled = process.pull(source, "");
  REQUIRE_FALSE(pulled.ok());
  CHECK(pulled.error().kind == ErrorKind::kDenied);
  CHECK(has(pulled.error().message, "expired on Jan  1"));
}

TEST_CASE("redirects: within the host; never to another, and no password with them") {
  Remote remote;
  const std::string password_file = remote.directory / "password";
  write_text(password_file, "secret\n");
  const GitServer target(remote.directory, remote.arguments({"--login", "robot:secret"}),
                         "target.log");
  PullProcess process(pull_options(remote.directory));

  const auto pull_through = [&](const std::string& location, const std::string& log) {
    const GitServer front(remote.directory, remote.arguments({"--redirect", location}), log);
    SourceConfig source = source_at(front.url("/moved/fleet.git"));
    source.username = "robot";
    source.password_file = password_file;
    return process.pull(source, "");
  };
  // The same server under another name, so that the name alone makes the difference.
  const auto elsewhere = pull_through(target.url("", "localhost"), "front1.log");
  REQUIRE_FALSE(elsewhere.ok());
  CHECK(elsewhere.error().kind == ErrorKind::kUnavailable);
  CHECK(has(elsewhere.error().message, "localhost"));
  CHECK(has(elsewhere.error().message, "source's url"));
  CHECK(target.requests().empty());

  // The same host, another port: reached or not, it does not get the password.
  const auto other_port = pull_through(target.url(""), "front2.log");
  REQUIRE_FALSE(other_port.ok());
  for (const std::string& request : target.requests()) CHECK(has(request, " -"));

  const auto within = pull_through("", "front3.log");
  if (!within) MESSAGE(within.error().text());
  CHECK(within.ok());
}

TEST_CASE("a remote that is silent, resets, drips, fails or talks nonsense is an error in time") {
  Remote remote;
  const std::vector<std::pair<std::string, ErrorKind>> expected = {
      {"silent", ErrorKind::kTimeout},      {"reset", ErrorKind::kUnavailable},
      {"drip", ErrorKind::kTimeout},        {"error", ErrorKind::kUnavailable},
      {"garbage", ErrorKind::kUnavailable}, {"dumb", ErrorKind::kUnavailable},
  };
  for (const auto& [behaviour, kind] : expected) {
    CAPTURE(behaviour);
    const GitServer server(remote.directory, remote.arguments({"--behave", behaviour}));
    const bool waits = kind == ErrorKind::kTimeout;
    PullProcess process(waits ? pull_options(remote.directory, kShortDeadlineMs)
                              : pull_options(remote.directory));
    const auto pulled = process.pull(source_at(server.url("/fleet.git")), "");
    REQUIRE_FALSE(pulled.ok());
    CHECK(pulled.error().kind == kind);
    CHECK(pulled.error().context == server.url("/fleet.git"));
  }
  PullProcess process(pull_options(remote.directory));
  const auto refused = process.pull(source_at("http://127.0.0.1:1/fleet.git"), "");
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("a source whose name is no file name gets no directory") {
  TempDirectory directory;
  PullProcess process(pull_options(directory));
  for (const std::string name : {"", "..", "../x", "a/b"}) {
    SourceConfig source = source_at("http://127.0.0.1:1/x");
    source.name = name;
    CHECK(process.pull(source, "").error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("a remote that does not know the repository") {
  Remote remote;
  const GitServer server(remote.directory, remote.arguments());
  PullProcess process(pull_options(remote.directory));
  const auto pulled = process.pull(source_at(server.url("/absent.git")), "");
  REQUIRE_FALSE(pulled.ok());
  CHECK(has(pulled.error().message, "404"));
}

TEST_CASE("trouble with the remote leaves the clone as it is") {
  Remote remote;
  PullProcess process(pull_options(remote.directory));
  std::string url;
  std::string revision;
  {
    const GitServer server(remote.directory, remote.arguments());
    url = server.url("/fleet.git");
    revision = process.pull(source_at(url), "")->revision;
  }
  const std::string before = run({"find", remote.clone(), "-type", "f", "-printf", "%p %i %T@\\n"});
  CHECK_FALSE(process.pull(source_at(url), revision).ok());
  CHECK(run({"find", remote.clone(), "-type", "f", "-printf", "%p %i %T@\\n"}) == before);
  CHECK(run({"find", clone_folder(pull_options(remote.directory)), "-maxdepth", "1", "-name",
             "new.*"})
            .empty());
}

}  // namespace
}  // namespace pawl
