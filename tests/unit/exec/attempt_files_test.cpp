#include "exec/attempt_files.h"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "model/limits.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

const AttemptKey kKey{RunId{42}, 3, 1};

struct Fixture {
  TempDirectory directory;
  // Characters that a mount's short form, a shell or a URL would trip over.
  std::string root = directory / "odd: \"name\"\n,\\ ü";
  AttemptFiles files{root + "/outputs", root + "/secrets"};

  Fixture() { std::filesystem::create_directory(root); }
};

mode_t mode_of(const std::string& path) {
  struct stat info {};
  REQUIRE(::lstat(path.c_str(), &info) == 0);
  return info.st_mode & 07777;
}

void write(const std::string& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

bool exists(const std::string& path) { return std::filesystem::exists(path); }

}  // namespace

TEST_CASE("modes hold whatever the umask: others reach the files only through their container") {
  const mode_t before = ::umask(0077);
  SUBCASE("strict") {}
  SUBCASE("none") { ::umask(0); }
  Fixture fixture;
  const auto output = fixture.files.make_output(kKey);
  const auto secret = fixture.files.write_secret(kKey, 0, "s");
  ::umask(before);
  REQUIRE(output);
  REQUIRE(secret);
  CHECK(mode_of(*output) == 0666);
  CHECK(mode_of(*secret) == 0444);
  CHECK(mode_of(fixture.root + "/outputs") == 0700);
  CHECK(mode_of(fixture.root + "/secrets") == 0700);
}

TEST_CASE("directories that somebody opened are closed again") {
  Fixture fixture;
  std::filesystem::create_directory(fixture.root + "/secrets");
  ::chmod((fixture.root + "/secrets").c_str(), 0777);
  REQUIRE(fixture.files.write_secret(kKey, 0, "s"));
  CHECK(mode_of(fixture.root + "/secrets") == 0700);
}

TEST_CASE("a secret is written byte for byte, and anew for a new try") {
  Fixture fixture;
  const std::string bytes("a\0b\n\xff", 5);
  auto path = fixture.files.write_secret(kKey, 31, bytes);
  REQUIRE(path);
  CHECK(*read_file(*path, 100) == bytes);
  path = fixture.files.write_secret(kKey, 31, "new");
  REQUIRE(path);
  CHECK(*read_file(*path, 100) == "new");
  CHECK(mode_of(*path) == 0444);
}

TEST_CASE("an output that is there already is kept") {
  Fixture fixture;
  const auto path = fixture.files.make_output(kKey);
  REQUIRE(path);
  write(*path, "a=1\n");
  REQUIRE(fixture.files.make_output(kKey));
  CHECK(*fixture.files.read_output(kKey) == "a=1\n");
}

TEST_CASE("outputs are read up to their bound, and no link is followed") {
  Fixture fixture;
  CHECK(fixture.files.read_output(kKey).error().kind == ErrorKind::kNotFound);
  const auto path = fixture.files.make_output(kKey);
  REQUIRE(path);
  CHECK(fixture.files.read_output(kKey)->empty());
  const std::string most(limits::kOutputFileBytes, 'x');
  write(*path, most);
  CHECK(*fixture.files.read_output(kKey) == most);
  write(*path, most + "y");
  CHECK(fixture.files.read_output(kKey).error().kind == ErrorKind::kTooLarge);
  std::filesystem::resize_file(*path, 1LL << 32);
  CHECK(fixture.files.read_output(kKey).error().kind == ErrorKind::kTooLarge);

  write(fixture.directory / "other", "a=1\n");
  std::filesystem::remove(*path);
  std::filesystem::create_symlink(fixture.directory / "other", *path);
  CHECK_FALSE(fixture.files.read_output(kKey));
  CHECK_FALSE(fixture.files.make_output(kKey));
  std::filesystem::remove(*path);
  REQUIRE(::mkfifo(path->c_str(), 0666) == 0);
  CHECK(fixture.files.read_output(kKey).error().kind == ErrorKind::kInvalid);
}

TEST_CASE("removal takes what is the attempt's, and nothing else") {
  Fixture fixture;
  const AttemptKey other{kKey.run, kKey.task, 11};
  const auto output = fixture.files.make_output(kKey);
  const auto secret = fixture.files.write_secret(kKey, 0, "s");
  const auto second = fixture.files.write_secret(kKey, 1, "s");
  const auto others_output = fixture.files.make_output(other);
  const auto others_secret = fixture.files.write_secret(other, 0, "s");
  REQUIRE(fixture.files.remove(kKey));
  CHECK_FALSE(exists(*output));
  CHECK_FALSE(exists(*secret));
  CHECK_FALSE(exists(*second));
  CHECK(exists(*others_output));
  CHECK(exists(*others_secret));
  CHECK(fixture.files.remove(kKey));
  Fixture none;
  CHECK(none.files.remove(kKey));
}

TEST_CASE("what there is can be listed; names that are nobody's are left alone") {
  Fixture fixture;
  CHECK(fixture.files.list().empty());
  const AttemptKey other{RunId{7}, 0, 2};
  REQUIRE(fixture.files.make_output(kKey));
  REQUIRE(fixture.files.write_secret(kKey, 0, "s"));
  REQUIRE(fixture.files.write_secret(other, 0, "s"));
  for (const char* name : {"x", "1-2", "1-2-3-4", "01-2-3", "-1-2-3", "1-2-3x", ""}) {
    write(fixture.root + "/outputs/" + std::string(name), "");
  }
  CHECK(fixture.files.list() == std::vector<AttemptKey>{other, kKey});
}

TEST_CASE("where nothing can be made, the path is named") {
  const TempDirectory directory;
  const std::string nowhere = directory / "none";
  const AttemptFiles files(nowhere + "/outputs", nowhere + "/secrets");
  const auto output = files.make_output(kKey);
  REQUIRE_FALSE(output);
  CHECK(output.error().context == nowhere + "/outputs");
  CHECK_FALSE(files.write_secret(kKey, 0, "s"));
  CHECK(files.list().empty());
}
