// FAULTS F12: whatever happens to a clone, the next pull makes a new one in its place.
#include <doctest/doctest.h>
#include <sys/stat.h>

#include <filesystem>
#include <functional>

#include "git_fixture.h"

namespace pawl {
namespace {

namespace fs = std::filesystem;

using test::clone_folder;
using test::GitServer;
using test::pull_options;
using test::read_text;
using test::run;
using test::source_at;
using test::TempDirectory;
using test::WorkTree;
using test::write_text;

// The first file below `directory` with that extension, or of that name.
std::string find_file(const std::string& directory, const std::string& name) {
  std::vector<std::string> found;
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() &&
        (entry.path().extension() == name || entry.path().filename() == name)) {
      found.push_back(entry.path().string());
    }
  }
  REQUIRE_FALSE(found.empty());
  return *std::min_element(found.begin(), found.end());
}

void make_writable(const std::string& path) { ::chmod(path.c_str(), 0600); }

void truncate(const std::string& path, double part) {
  make_writable(path);
  const auto size = static_cast<double>(fs::file_size(path));
  fs::resize_file(path, static_cast<std::uintmax_t>(size * part));
}

void flip(const std::string& path, double place) {
  make_writable(path);
  std::string bytes = read_text(path);
  REQUIRE_FALSE(bytes.empty());
  const auto at = static_cast<std::size_t>(static_cast<double>(bytes.size() - 1) * place);
  bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
  write_text(path, bytes);
}

// Turns the packs into loose objects.
void unpack(const std::string& clone) {
  const std::string aside = clone + "/aside";
  fs::create_directory(aside);
  for (const auto& entry : fs::directory_iterator(clone + "/objects/pack")) {
    fs::rename(entry.path(), aside / entry.path().filename());
  }
  for (const auto& entry : fs::directory_iterator(aside)) {
    if (entry.path().extension() != ".pack") continue;
    run({"git", "-C", clone, "unpack-objects", "-q"}, read_text(entry.path().string()));
  }
  fs::remove_all(aside);
}

// The loose object of `what` ("HEAD", "HEAD:pipelines", ...) in a clone whose current ref is the tip.
std::string loose(const std::string& clone, const std::string& what) {
  const std::string id = run({"git", "-C", clone, "rev-parse", "refs/pawl/current" + what});
  return clone + "/objects/" + id.substr(0, 2) + "/" + id.substr(2);
}

struct Damage {
  std::string name;
  std::function<void(const std::string& clone)> make;
};

const std::vector<Damage>& damages() {
  static const std::vector<Damage> all = {
      {"HEAD truncated", [](auto& clone) { truncate(clone + "/HEAD", 0); }},
      {"HEAD cut", [](auto& clone) { truncate(clone + "/HEAD", 0.5); }},
      {"HEAD flipped late", [](auto& clone) { flip(clone + "/HEAD", 0.9); }},
      {"HEAD flipped", [](auto& clone) { flip(clone + "/HEAD", 0.2); }},
      {"HEAD gone", [](auto& clone) { fs::remove(clone + "/HEAD"); }},
      {"config flipped", [](auto& clone) { flip(clone + "/config", 0); }},
      {"config truncated", [](auto& clone) { truncate(clone + "/config", 0.3); }},
      {"ref truncated", [](auto& clone) { truncate(clone + "/refs/pawl/current", 0); }},
      {"ref cut", [](auto& clone) { truncate(clone + "/refs/pawl/current", 0.5); }},
      {"ref flipped", [](auto& clone) { flip(clone + "/refs/pawl/current", 0.3); }},
      {"ref locked", [](auto& clone) { write_text(clone + "/refs/pawl/current.lock", ""); }},
      {"shallow locked", [](auto& clone) { write_text(clone + "/shallow.lock", ""); }},
      {"packed-refs flipped",
       [](auto& clone) {
         run({"git", "-C", clone, "pack-refs", "--all"});
         flip(clone + "/packed-refs", 0.8);
       }},
      {"packed-refs truncated",
       [](auto& clone) {
         run({"git", "-C", clone, "pack-refs", "--all"});
         truncate(clone + "/packed-refs", 0.7);
       }},
      {"shallow flipped", [](auto& clone) { flip(clone + "/shallow", 0.1); }},
      {"shallow truncated", [](auto& clone) { truncate(clone + "/shallow", 0.5); }},
      {"pack truncated", [](auto& clone) { truncate(find_file(clone, ".pack"), 0.6); }},
      {"pack empty", [](auto& clone) { truncate(find_file(clone, ".pack"), 0); }},
      {"pack flipped early", [](auto& clone) { flip(find_file(clone, ".pack"), 0.1); }},
      {"pack flipped late", [](auto& clone) { flip(find_file(clone, ".pack"), 0.8); }},
      {"pack gone", [](auto& clone) { fs::remove(find_file(clone, ".pack")); }},
      {"index truncated", [](auto& clone) { truncate(find_file(clone, ".idx"), 0.5); }},
      {"index flipped early", [](auto& clone) { flip(find_file(clone, ".idx"), 0.3); }},
      {"index flipped late", [](auto& clone) { flip(find_file(clone, ".idx"), 0.97); }},
      {"index gone", [](auto& clone) { fs::remove(find_file(clone, ".idx")); }},
      {"objects gone", [](auto& clone) { fs::remove_all(clone + "/objects"); }},
      {"no repository",
       [](auto& clone) {
         fs::remove_all(clone);
         write_text(clone, "what is this");
       }},
      {"loose commit truncated",
       [](auto& clone) {
         unpack(clone);
         truncate(loose(clone, ""), 0.5);
       }},
      {"loose commit empty",
       [](auto& clone) {
         unpack(clone);
         truncate(loose(clone, ""), 0);
       }},
      {"loose tree truncated",
       [](auto& clone) {
         unpack(clone);
         truncate(loose(clone, ":pipelines"), 0.4);
       }},
      {"loose file truncated",
       [](auto& clone) {
         unpack(clone);
         truncate(loose(clone, ":pipelines/build.yaml"), 0.4);
       }},
      {"loose file flipped",
       [](auto& clone) {
         unpack(clone);
         flip(loose(clone, ":pipelines/build.yaml"), 0.5);
       }},
      {"loose file swapped",
       [](auto& clone) {
         unpack(clone);
         make_writable(loose(clone, ":pipelines/build.yaml"));
         fs::copy_file(loose(clone, ":pipelines"), loose(clone, ":pipelines/build.yaml"),
                       fs::copy_options::overwrite_existing);
       }},
  };
  return all;
}

struct Served {
  TempDirectory directory;
  WorkTree tree{directory / "served/fleet"};
  GitServer server{directory, {"--root", directory / "served"}};
  PullProcess::Options options = pull_options(directory);
  PullProcess process{options};
  SourceConfig source = source_at(server.url("/fleet/.git"));

  Served() {
    tree.commit("pipelines/a.yaml", "name: a\n" + std::string(2000, 'a') + "1\n");
    tree.commit("pipelines/build.yaml", "name: build\n" + tree.head() + std::string(500, '#'));
  }
  // What a clone whose every part is there and sound looks like.
  void check_sound(const std::string& revision) {
    const std::string clone = clone_folder(options) + "/repository";
    run({"git", "-C", clone, "fsck", "--full"});
    CHECK(run({"git", "-C", clone, "rev-parse", "refs/pawl/current"}) == revision);
    CHECK(run({"git", "-C", clone, "cat-file", "-p", revision + ":pipelines/build.yaml"}) ==
          tree.git({"cat-file", "-p", "HEAD:pipelines/build.yaml"}));
    CHECK(run({"find", clone_folder(options), "-maxdepth", "1", "-name", "*.*"}).find("new.") ==
          std::string::npos);
  }
};

TEST_CASE("each kind of damage is mended by the pull that meets it, and the revision arrives") {
  Served served;
  const auto first = served.process.pull(served.source, "");
  REQUIRE(first.ok());
  const std::string clone = clone_folder(served.options) + "/repository";
  for (const Damage& damage : damages()) {
    const std::string name = damage.name;
    CAPTURE(name);
    damage.make(clone);
    const std::string head = served.tree.commit("pipelines/build.yaml", "name: " + name + "\n");
    const auto pulled = served.process.pull(served.source, first->revision);
    if (!pulled) MESSAGE(name << ": " << pulled.error().text());
    REQUIRE(pulled.ok());
    CHECK(pulled->revision == head);
    REQUIRE(pulled->files.size() == 2);
    CHECK(pulled->files[1].content == "name: " + name + "\n");
    // Only what the pull read is known to be sound; a second one, with nothing new, sees to the rest.
    REQUIRE(served.process.pull(served.source, head).ok());
    REQUIRE(served.process.pull(served.source, head).ok());
  }
}

TEST_CASE("damage shows at the next poll already, when nothing is new") {
  Served served;
  const auto first = served.process.pull(served.source, "");
  REQUIRE(first.ok());
  const std::string clone = clone_folder(served.options) + "/repository";
  for (const Damage& damage : damages()) {
    const std::string name = damage.name;
    CAPTURE(name);
    damage.make(clone);
    const auto pulled = served.process.pull(served.source, first->revision);
    if (!pulled) MESSAGE(name << ": " << pulled.error().text());
    REQUIRE(pulled.ok());
    CHECK(pulled->revision == first->revision);
    served.check_sound(first->revision);
  }
}

TEST_CASE("what an interrupted pull left behind is removed") {
  Served served;
  const auto first = served.process.pull(served.source, "");
  REQUIRE(first.ok());
  const std::string folder = clone_folder(served.options);
  write_text(folder + "/new.0badf00d/objects/x", "half a clone");
  write_text(folder + "/old.0badf00d/HEAD", "an old one");
  const std::string pack = folder + "/repository/objects/pack/pack_git2_0badf00d";
  write_text(pack, "half a pack");
  REQUIRE(served.process.pull(served.source, first->revision)->unchanged);
  CHECK_FALSE(fs::exists(pack));
  CHECK_FALSE(fs::exists(folder + "/new.0badf00d"));
  CHECK_FALSE(fs::exists(folder + "/old.0badf00d"));
}

TEST_CASE("damage met while the remote is away is mended once it is back") {
  Served served;
  int port = 0;
  SourceConfig source = served.source;
  std::string revision;
  {
    const GitServer server(served.directory, {"--root", served.directory / "served"});
    port = server.port();
    source.url = server.url("/fleet/.git");
    revision = served.process.pull(source, "")->revision;
  }
  const std::string clone = clone_folder(served.options) + "/repository";
  unpack(clone);
  const std::string object = loose(clone, "");
  const std::string whole = read_text(object);
  truncate(object, 0.5);
  const auto away = served.process.pull(source, revision);
  REQUIRE_FALSE(away.ok());
  CHECK(away.error().kind == ErrorKind::kUnavailable);
  CHECK(fs::exists(clone));

  // Whole again, but not trusted any more: a child has hung over it.
  write_text(object, whole);
  write_text(clone + "/the-old-one", "");
  const GitServer server(served.directory,
                         {"--root", served.directory / "served", "--port", std::to_string(port)});
  const auto back = served.process.pull(source, revision);
  REQUIRE(back.ok());
  CHECK(back->revision == revision);
  CHECK_FALSE(fs::exists(clone + "/the-old-one"));
  served.check_sound(revision);
  // And once that is settled, the new one is.
  write_text(clone + "/the-new-one", "");
  CHECK(served.process.pull(source, revision)->unchanged);
  CHECK(fs::exists(clone + "/the-new-one"));
}

}  // namespace
}  // namespace pawl
