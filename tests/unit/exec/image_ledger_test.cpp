#include "exec/image_ledger.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "model/limits.h"
#include "support/manual_clock.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

struct Fixture {
  TempDirectory directory;
  ManualClock clock;
  std::string path = directory / "images.json";
  ImageLedger ledger{path, clock};
};

}  // namespace

TEST_CASE("names as people and engines write them") {
  struct Row {
    const char* a;
    const char* b;
    bool same;
  };
  for (const Row& row : {Row{"alpine", "alpine:latest", true},
                         {"alpine:3", "docker.io/library/alpine:3", true},
                         {"me/tool:1", "index.docker.io/me/tool:1", true},
                         {"host:5000/a", "host:5000/a:latest", true},
                         {"a:3@sha256:ff", "a@sha256:ff", true},
                         {"host:5000/a:3@sha256:ff", "host:5000/a@sha256:ff", true},
                         {"alpine:3", "alpine:4", false},
                         {"alpine", "other.io/library/alpine", false},
                         {"a@sha256:ff", "a@sha256:fe", false},
                         {"host:5000/a", "host:5001/a", false}}) {
    CAPTURE(row.a);
    CAPTURE(row.b);
    CHECK(is_same_image(row.a, row.b) == row.same);
    CHECK(is_same_image(row.b, row.a) == row.same);
  }
}

TEST_CASE("what was saved is read again") {
  Fixture fixture;
  fixture.ledger.brought("a:1");
  fixture.clock.advance_ms(5);
  fixture.ledger.brought("b");
  fixture.ledger.loaded({"x.tar", 10, 20, {"b"}});
  fixture.ledger.save();
  const ImageLedger again(fixture.path, fixture.clock);
  CHECK(again.images() == fixture.ledger.images());
  CHECK(again.images()[1].used_at.ms == again.images()[0].used_at.ms + 5);
  CHECK(again.files() == fixture.ledger.files());
}

TEST_CASE(
    "an image that is used or brought again is there once; others are not ours by being used") {
  Fixture fixture;
  fixture.ledger.brought("a:1");
  fixture.clock.advance_ms(5);
  fixture.ledger.used("docker.io/library/a:1");
  fixture.ledger.used("theirs:1");
  fixture.ledger.brought("a:1");
  REQUIRE(fixture.ledger.images().size() == 1);
  CHECK(fixture.ledger.images()[0].used_at == fixture.clock.wall());
  fixture.clock.advance_ms(5);
  fixture.ledger.brought("b:1");
  fixture.clock.advance_ms(5);
  fixture.ledger.used("a:1");
  REQUIRE(fixture.ledger.images().size() == 2);
  CHECK(fixture.ledger.images()[0].used_at.ms == fixture.ledger.images()[1].used_at.ms + 5);
}

TEST_CASE("it is bounded: what was not used for longest is forgotten") {
  Fixture fixture;
  for (std::size_t i = 0; i <= limits::kLedgerImages; ++i) {
    fixture.ledger.brought("image:" + std::to_string(i));
    fixture.clock.advance_ms(1);
  }
  CHECK(fixture.ledger.images().size() == limits::kLedgerImages);
  CHECK(fixture.ledger.images().front().name == "image:1");
  for (std::size_t i = 0; i <= limits::kImageFiles; ++i) {
    fixture.ledger.loaded({std::to_string(i) + ".tar", 1, 1, {}});
  }
  CHECK(fixture.ledger.files().size() == limits::kImageFiles);
  CHECK(fixture.ledger.files().front().name == "1.tar");
}

TEST_CASE("a file with more than that, or larger than it can become, is not taken as it is") {
  Fixture fixture;
  std::string items;
  for (std::size_t i = 0; i <= limits::kLedgerImages; ++i) {
    items += std::string(i == 0 ? "" : ",") + R"({"name":"image:)" + std::to_string(i) +
             R"(","id":"","used_ms":)" + std::to_string(i) + "}";
  }
  const std::string text = R"({"version":1,"images":[)" + items + R"(],"files":[]})";
  SUBCASE("more") {
    std::ofstream(fixture.path) << text;
    const ImageLedger again(fixture.path, fixture.clock);
    REQUIRE(again.images().size() == limits::kLedgerImages);
    CHECK(again.images().front().name == "image:1");
  }
  SUBCASE("larger") {
    std::ofstream(fixture.path) << text << std::string(limits::kLedgerFileBytes, ' ');
    CHECK(ImageLedger(fixture.path, fixture.clock).images().empty());
  }
}

TEST_CASE("a write that fails leaves what was written before, and is made up for") {
  Fixture fixture;
  fixture.ledger.brought("a:1");
  fixture.ledger.save();
  // Nothing can be written where a directory is.
  const std::string in_the_way = fixture.path + ".new";
  std::filesystem::create_directory(in_the_way);
  fixture.ledger.brought("b:1");
  fixture.ledger.save();
  CHECK(ImageLedger(fixture.path, fixture.clock).images().size() == 1);
  std::filesystem::remove(in_the_way);
  fixture.ledger.save();
  CHECK(ImageLedger(fixture.path, fixture.clock).images().size() == 2);
}

TEST_CASE("a file that is damaged, or cannot be written, does no harm") {
  Fixture fixture;
  SUBCASE("torn") { std::ofstream(fixture.path) << "{\"images\": ["; }
  SUBCASE("empty") { std::ofstream(fixture.path) << ""; }
  SUBCASE("of another shape") { std::ofstream(fixture.path) << "[{\"images\": 3}]"; }
  SUBCASE("with entries of another shape") {
    std::ofstream(fixture.path) << R"({"images": {"a": 1}, "files": "none"})";
  }
  ImageLedger again(fixture.path, fixture.clock);
  CHECK(again.images().empty());
  again.brought("a:1");
  again.save();
  CHECK(ImageLedger(fixture.path, fixture.clock).images().size() == 1);
  ImageLedger nowhere(fixture.directory / "none/images.json", fixture.clock);
  nowhere.brought("a:1");
  nowhere.save();
  CHECK(nowhere.images().size() == 1);
}
