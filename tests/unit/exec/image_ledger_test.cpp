#include "exec/image_ledger.h"

#include <doctest/doctest.h>

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
}

TEST_CASE("it is bounded: what was not used for longest is forgotten") {
  Fixture fixture;
  for (std::size_t i = 0; i <= limits::kLedgerImages; ++i) {
    fixture.ledger.brought("image:" + std::to_string(i));
    fixture.clock.advance_ms(1);
  }
  CHECK(fixture.ledger.images().size() == limits::kLedgerImages);
  CHECK(fixture.ledger.images().front().name == "image:1");
}

TEST_CASE("a file that is damaged, or cannot be written, does no harm") {
  Fixture fixture;
  std::ofstream(fixture.path) << "{\"images\": [";
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
