#include "exec/image_files.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include "model/limits.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Texts = std::vector<std::string>;

struct Fixture : TaskFixture {
  std::string drop = directory / "images";
  Texts warnings;
  Texts notes;
  int warned = 0;
  std::unique_ptr<ImageFiles> dropped;

  Fixture() {
    std::filesystem::create_directory(drop);
    restart();
  }
  // As after a restart of the agent: only the ledger's file is left.
  void restart() {
    const auto warn = [this](Texts texts) {
      warnings = std::move(texts);
      ++warned;
    };
    dropped =
        std::make_unique<ImageFiles>(ImageFiles::Parts{engine, clock, ledger, drop, warn, wait});
  }
  // A file whose last change is that many milliseconds ago.
  std::string put(const std::string& name, const std::string& text, std::int64_t age_ms) {
    const std::string path = drop + "/" + name;
    std::ofstream(path, std::ios::trunc) << text;
    const std::int64_t ms = clock.wall().ms - age_ms;
    const timespec time{ms / 1000, ms % 1000 * 1'000'000};
    const timespec stamps[2] = {time, time};
    REQUIRE(::utimensat(AT_FDCWD, path.c_str(), stamps, 0) == 0);
    return path;
  }
  std::string put_archive(const std::string& name, const Texts& names) {
    const std::string path = put(name, name, 60'000);
    engine.add_archive(path, names);
    return path;
  }
  std::size_t look() {
    const auto count = dropped->look({});
    REQUIRE(count);
    return *count;
  }
  ImageFiles::Found look_for(const std::string& image) {
    const auto found =
        dropped->look_for(image, [this](const std::string& note) { notes.push_back(note); }, {});
    REQUIRE(found);
    return *found;
  }
  // As a copy under way: an archive, once it is complete.
  void begin_copy(const std::string& name, const Texts& names) {
    engine.add_archive(put(name, "half", 0), names);
  }
};

}  // namespace

TEST_CASE("archives are loaded, once each, and nothing else is") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1", "b:1"});
  fixture.put_archive("c.tar.gz", {"c:1"});
  fixture.put_archive("d.tgz", {"d:1"});
  fixture.put("README", "text", 60'000);
  std::filesystem::create_directory(fixture.drop + "/e.tar");
  CHECK(fixture.look() == 3);
  CHECK(fixture.engine.calls(Call::kLoad) == 3);
  for (const char* image : {"a:1", "b:1", "c:1", "d:1"}) {
    CHECK(*fixture.engine.has_image(image, {}));
  }
  CHECK(fixture.ledger.images().size() == 4);
  CHECK(fixture.look() == 0);
  CHECK(fixture.engine.calls(Call::kLoad) == 3);
  CHECK(fixture.warned == 0);
}

TEST_CASE("what was loaded is known after a restart, by name, size and time") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1"});
  CHECK(fixture.look() == 1);
  ImageLedger again(fixture.directory / "images.json", fixture.clock);
  CHECK(again.files() == fixture.ledger.files());
  CHECK(again.images() == fixture.ledger.images());
  fixture.restart();
  CHECK(fixture.look() == 0);
  SUBCASE("another time") { fixture.put("a.tar", "a.tar", 50'000); }
  SUBCASE("another size") { fixture.put("a.tar", "larger", 60'000); }
  CHECK(fixture.look() == 1);
}

TEST_CASE("a file that may still be written is left for later") {
  Fixture fixture;
  const std::string path = fixture.put("a.tar", "half", 0);
  fixture.engine.add_archive(path, {"a:1"});
  CHECK(fixture.look() == 0);
  fixture.clock.advance_ms(limits::kImageLookMs - 1);
  CHECK(fixture.look() == 0);
  SUBCASE("until it is old enough") {
    fixture.clock.advance_ms(2);
    CHECK(fixture.look() == 1);
  }
  SUBCASE("and begins anew with each change") {
    fixture.put("a.tar", "half and half", 0);
    fixture.clock.advance_ms(limits::kImageLookMs - 1);
    CHECK(fixture.look() == 0);
    fixture.clock.advance_ms(2);
    CHECK(fixture.look() == 1);
  }
  SUBCASE("also where its clock is ahead") {
    fixture.put("a.tar", "half and half", -3'600'000);
    CHECK(fixture.look() == 0);
    fixture.clock.advance_ms(limits::kImageLookMs);
    CHECK(fixture.look() == 1);
  }
}

TEST_CASE("a broken file is named once, and does not keep the others") {
  Fixture fixture;
  fixture.put("broken.tar", "rubbish", 60'000);
  fixture.put_archive("whole.tar", {"a:1"});
  CHECK(fixture.look() == 1);
  REQUIRE(fixture.warnings.size() == 1);
  CHECK(fixture.warnings[0].find("images/broken.tar cannot be loaded: no archive") !=
        std::string::npos);
  CHECK(fixture.look() == 0);
  CHECK(fixture.engine.calls(Call::kLoad) == 2);
  CHECK(fixture.warned == 1);
  SUBCASE("replaced, it is tried again") {
    fixture.put_archive("broken.tar", {"b:1"});
    CHECK(fixture.look() == 1);
  }
  SUBCASE("removed, it is forgotten") {
    std::filesystem::remove(fixture.drop + "/broken.tar");
    CHECK(fixture.look() == 0);
  }
  CHECK(fixture.warnings.empty());
  CHECK(fixture.warned == 2);
}

TEST_CASE("an engine that is away makes no file broken") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1"});
  for (const ErrorKind kind :
       {ErrorKind::kUnavailable, ErrorKind::kTimeout, ErrorKind::kExhausted}) {
    fixture.engine.fail(Call::kLoad, {kind, "away", {}});
    const auto looked = fixture.dropped->look({});
    REQUIRE_FALSE(looked);
    CHECK(looked.error().kind == kind);
  }
  CHECK(fixture.look() == 1);
  CHECK(fixture.warned == 0);
}

TEST_CASE("a file that is changed while it is loaded is loaded again") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1"});
  fixture.engine.before_next(Call::kLoad, [&] { fixture.put("a.tar", "another text", 60'000); });
  CHECK(fixture.look() == 1);
  CHECK(fixture.look() == 1);
  CHECK(fixture.look() == 0);
  CHECK(fixture.warned == 0);
}

TEST_CASE("a directory with too many files is looked at in part, which is said") {
  Fixture fixture;
  for (std::size_t i = 0; i <= limits::kImageFiles; ++i) {
    fixture.put_archive(std::to_string(i) + ".tar", {"image:" + std::to_string(i)});
  }
  CHECK(fixture.look() == limits::kImageFiles);
  REQUIRE(fixture.warnings.size() == 1);
  CHECK(fixture.warnings[0].find("more than 256 image files") != std::string::npos);
}

TEST_CASE("of many broken files some are named, the others counted") {
  Fixture fixture;
  for (std::size_t i = 0; i < limits::kImageFilesTold + 2; ++i) {
    fixture.put(std::to_string(i) + ".tar", "rubbish", 60'000);
  }
  CHECK(fixture.look() == 0);
  REQUIRE(fixture.warnings.size() == limits::kImageFilesTold + 1);
  CHECK(fixture.warnings.back() == "and 2 more files there");
}

TEST_CASE("a directory that is not there holds nothing") {
  Fixture fixture;
  std::filesystem::remove_all(fixture.drop);
  CHECK(fixture.look() == 0);
  CHECK(fixture.warned == 0);
}

TEST_CASE("an image that is wanted and gone is loaded from its file again") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:latest", "b:1"});
  fixture.put_archive("c.tar", {"c:1"});
  CHECK(fixture.look() == 2);
  REQUIRE(fixture.engine.remove_image("b:1", {}));
  CHECK(fixture.look_for("a").is_there);
  CHECK(*fixture.engine.has_image("b:1", {}));
  CHECK(fixture.engine.calls(Call::kLoad) == 3);
  REQUIRE(fixture.engine.remove_image("b:1", {}));
  CHECK(fixture.look_for("b:1").is_there);
  CHECK(fixture.engine.calls(Call::kLoad) == 4);
  CHECK(fixture.look_for("b:1").is_there);
  CHECK_FALSE(fixture.look_for("other:1").is_there);
  CHECK(fixture.engine.calls(Call::kLoad) == 4);
  // By a clock that was set back the file is of the future; it is whole all the same.
  fixture.clock.set_wall_ms(fixture.clock.wall().ms - 3'600'000);
  REQUIRE(fixture.engine.remove_image("b:1", {}));
  CHECK(fixture.look_for("b:1").is_there);
  CHECK(fixture.waited_ms == 0);
}

TEST_CASE("what was just loaded may be the wanted image under another name") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"sha256:0123"});
  CHECK(fixture.look_for("a@sha256:4567").is_there);
  CHECK_FALSE(fixture.look_for("a@sha256:4567").is_there);
}

TEST_CASE("a wanted image is waited for while its file may still be written, which is said once") {
  Fixture fixture;
  fixture.begin_copy("base.tar", {"base:1"});
  const Texts notes{"waiting for " + fixture.drop + "/base.tar to be complete"};
  int grows = 3;
  SUBCASE("and it alone") {}
  SUBCASE("although something else is loaded before") {
    fixture.put_archive("other.tar", {"other:1"});
  }
  SUBCASE("although half of it was taken for the whole") {
    grows = 0;
    fixture.put("base.tar", "half", 60'000);
    fixture.engine.fail(Call::kLoad, {ErrorKind::kInvalid, "unexpected EOF", {}});
    fixture.engine.before_next(Call::kLoad, [&] { fixture.put("base.tar", "whole", 0); });
  }
  fixture.after_wait = [&] {
    if (grows-- > 0) fixture.put("base.tar", std::string(static_cast<std::size_t>(grows), 'x'), 0);
  };
  const ImageFiles::Found found = fixture.look_for("base:1");
  CHECK(found.is_there);
  CHECK(found.incomplete.empty());
  CHECK(*fixture.engine.has_image("base:1", {}));
  CHECK(fixture.notes == notes);
  CHECK(fixture.warned == 0);
}

TEST_CASE("the wait for a file leaves the turn to others, and their load is not done again") {
  Fixture fixture;
  fixture.begin_copy("base.tar", {"base:1"});
  std::stop_source stopped;
  stopped.request_stop();
  fixture.after_wait = [&] {
    // Who is stopped does not wait for the turn: without it the engine is not asked.
    REQUIRE_FALSE(fixture.dropped->look(stopped.get_token()));
    REQUIRE(fixture.engine.calls(Call::kLoad) == 1);
    CHECK(fixture.look() == 1);
  };
  CHECK(fixture.look_for("base:1").is_there);
  CHECK(fixture.engine.calls(Call::kLoad) == 2);
}

TEST_CASE("a file that grows for ever is not waited for that long, and then named") {
  Fixture fixture;
  fixture.begin_copy("base.tar", {"base:1"});
  std::size_t size = 10;
  std::int64_t age_ms = 0;
  SUBCASE("by and by") {}
  SUBCASE("always just before it has settled") { age_ms = limits::kImageLookMs; }
  fixture.after_wait = [&] { fixture.put("base.tar", std::string(++size, 'x'), age_ms); };
  const ImageFiles::Found found = fixture.look_for("base:1");
  CHECK_FALSE(found.is_there);
  CHECK(found.incomplete == fixture.drop + "/base.tar");
  CHECK(fixture.waited_ms <= 13 * limits::kImageLookMs);
  CHECK(size <= 10 + 12 * 50);
  CHECK(fixture.engine.calls(Call::kLoad) == 0);
  CHECK(fixture.notes.size() == 1);
}

TEST_CASE("nobody waits for what was loaded already, or cannot be") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1"});
  fixture.put("broken.tar", "rubbish", 60'000);
  CHECK(fixture.look() == 1);
  fixture.clock.set_wall_ms(fixture.clock.wall().ms - 3'600'000);
  CHECK_FALSE(fixture.look_for("b:1").is_there);
  CHECK(fixture.waited_ms == 0);
}

TEST_CASE("a stop ends the wait for a file at once") {
  Fixture fixture;
  fixture.begin_copy("base.tar", {"base:1"});
  std::stop_source stop;
  const auto long_pause = [](const std::stop_token& token, std::int64_t /*ms*/) {
    REQUIRE(token.stop_requested());
    return pause(token, 3'600'000);
  };
  ImageFiles patient({fixture.engine, fixture.clock, fixture.ledger, fixture.drop, {}, long_pause});
  // The note comes right before the wait.
  const auto found = patient.look_for(
      "base:1", [&](const std::string&) { stop.request_stop(); }, stop.get_token());
  REQUIRE_FALSE(found);
  CHECK(found.error().kind == ErrorKind::kCancelled);
}

TEST_CASE("a stop ends the wait for a turn, and a load") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1"});
  fixture.engine.hold(Call::kLoad);
  std::stop_source first;
  std::stop_source second;
  std::jthread loading([&] {
    CHECK(fixture.dropped->look(first.get_token()).error().kind == ErrorKind::kCancelled);
  });
  REQUIRE(fixture.engine.wait_for_call(Call::kLoad));
  std::jthread waiting([&] {
    CHECK(fixture.dropped->look(second.get_token()).error().kind == ErrorKind::kCancelled);
  });
  second.request_stop();
  waiting.join();
  first.request_stop();
  loading.join();
  fixture.engine.release(Call::kLoad);
  CHECK(fixture.look() == 1);
}

TEST_CASE("its own thread loads what is there") {
  Fixture fixture;
  fixture.put_archive("a.tar", {"a:1"});
  fixture.dropped->start();
  CHECK(fixture.engine.wait_for_call(Call::kLoad));
  fixture.dropped->stop();
  CHECK(*fixture.engine.has_image("a:1", {}));
}

TEST_CASE("a task takes its image from the directory before it asks a registry, or gives up") {
  Fixture fixture;
  fixture.put_archive("edge.tar", {"alpine:edge"});
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().image = "alpine:edge";
  SUBCASE("pull: never") { fixture.policy.pull = "never"; }
  SUBCASE("pull: missing") {}
  SUBCASE("pull: never, and the image was removed since") {
    fixture.policy.pull = "never";
    REQUIRE(fixture.image_files.look({}));
    REQUIRE(fixture.engine.remove_image("alpine:edge", {}));
  }
  fixture.run(order);
  CHECK(fixture.outcome().kind == AttemptOutcome::Kind::kExited);
  CHECK(fixture.engine.calls(Call::kPull) == 0);
}

TEST_CASE("a task whose image is nowhere says what to do; the directory is looked at once") {
  Fixture fixture;
  fixture.put_archive("other.tar", {"other:1"});
  fixture.policy.pull = "never";
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().image = "alpine:edge";
  fixture.run(order);
  CHECK(fixture.outcome().failure == Reason::kImage);
  CHECK(fixture.outcome().message.find("image directory") != std::string::npos);
  CHECK(fixture.engine.calls(Call::kLoad) == 1);
}

TEST_CASE("a task waits for its image's archive to be complete, and says so in its log") {
  Fixture fixture;
  fixture.policy.pull = "never";
  fixture.begin_copy("edge.tar", {"alpine:edge"});
  const RunAttempt order = fixture.order("echo");
  fixture.pipeline->tasks.back().image = "alpine:edge";
  SUBCASE("until it is") {
    fixture.run(order);
    CHECK(fixture.outcome().kind == AttemptOutcome::Kind::kExited);
  }
  SUBCASE("or not") {
    std::size_t size = 10;
    fixture.after_wait = [&] { fixture.put("edge.tar", std::string(++size, 'x'), 0); };
    fixture.run(order);
    CHECK(fixture.outcome().failure == Reason::kImage);
    CHECK(fixture.outcome().message.find("images/edge.tar is still being written") !=
          std::string::npos);
  }
  SUBCASE("or the task is stopped") {
    fixture.after_wait = [&] { CHECK_FALSE(fixture.control.request_stop(false)); };
    fixture.run(order);
    CHECK(fixture.outcome().kind == AttemptOutcome::Kind::kNotStarted);
    CHECK(fixture.outcome().failure == Reason::kNone);
    CHECK(fixture.engine.calls(Call::kLoad) == 0);
  }
  CHECK(fixture.sink.notes().find("edge.tar to be complete") != std::string::npos);
}
