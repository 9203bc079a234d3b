#include "exec/disk_keeper.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "model/limits.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;
using Texts = std::vector<std::string>;

constexpr std::int64_t kMiB = 1024 * 1024;

struct Fixture : TaskFixture {
  DiskUsage usage;
  Texts in_force;
  bool recovered = true;
  std::string sandbox;
  std::int64_t max_bytes = 1000 * kMiB;
  std::int64_t store_bytes = 0;
  std::map<RunId, Status> runs;
  std::vector<RunId> leftovers;
  std::mutex mutex;
  std::condition_variable changed;
  int published = 0;
  DiskStatus status;
  Texts warnings;

  DiskKeeper::Parts keeper_parts() {
    DiskKeeper::Parts parts{engine, clock, ledger, kInstance, max_bytes};
    parts.store_bytes = [this] { return store_bytes; };
    parts.images_in_force = [this] { return recovered ? std::optional(in_force) : std::nullopt; };
    parts.sandbox_image = [this] { return sandbox; };
    parts.find_run = [this](RunId run) -> Result<RunDetail> {
      const auto found = runs.find(run);
      if (found == runs.end()) return Error{ErrorKind::kNotFound, "no such run", {}};
      RunDetail detail;
      detail.run.status = found->second;
      return detail;
    };
    parts.remove_leftover = [this](RunId run) { leftovers.push_back(run); };
    parts.publish = [this](const DiskStatus& now, Texts texts) {
      std::lock_guard lock(mutex);
      status = now;
      warnings = std::move(texts);
      ++published;
      changed.notify_all();
    };
    return parts;
  }
  // An image of the engine's; ours, if it was brought.
  void add(const std::string& name, std::int64_t mib, std::int64_t containers = 0) {
    engine.add_image(name);
    usage.images.push_back({"id-" + name, {name}, mib * kMiB, containers});
  }
  void add_ours(const std::string& name, std::int64_t mib, std::int64_t containers = 0) {
    add(name, mib, containers);
    ledger.brought(name);
    clock.advance_ms(1'000);
  }
  void long_ago() { clock.advance_ms(2 * limits::kDiskLookMs); }
  void look() {
    engine.set_disk_usage(usage);
    DiskKeeper keeper(keeper_parts());
    REQUIRE(keeper.look({}));
  }
  bool there(const std::string& image) { return *engine.has_image(image, {}); }
};

}  // namespace

TEST_CASE("what is counted: our images, our workspaces, the store") {
  Fixture fixture;
  fixture.add_ours("ours:1", 100);
  fixture.add("theirs:1", 500);
  fixture.add("pawl-sandbox:aa", 10);
  fixture.store_bytes = 30 * kMiB;
  fixture.runs[RunId{7}] = Status::kRunning;
  const auto volume = [&](const std::string& instance, const std::string& run, std::int64_t mib) {
    fixture.usage.volumes.push_back(
        {"pawl-" + instance + "-" + run,
         {{std::string(kLabelInstance), instance}, {std::string(kLabelRun), run}},
         mib * kMiB});
  };
  volume(Fixture::kInstance, "7", 5);
  volume("ffffffffffff", "7", 50);
  fixture.usage.volumes.push_back({"somebody's", {}, 500 * kMiB});
  fixture.look();
  CHECK(fixture.status.image_bytes == 110 * kMiB);
  CHECK(fixture.status.workspace_bytes == 5 * kMiB);
  CHECK(fixture.status.store_bytes == 30 * kMiB);
  CHECK(fixture.status.max_bytes == 1000 * kMiB);
  CHECK(fixture.status.counted_at == fixture.clock.wall());
  CHECK(fixture.warnings.empty());
  CHECK(fixture.leftovers.empty());
  CHECK(fixture.engine.calls(Call::kRemoveImage) == 0);
  CHECK(fixture.ledger.images().at(0).id == "id-ours:1");
}

TEST_CASE("sizes that the engine does not say count as none") {
  Fixture fixture;
  fixture.add_ours("ours:1", 0);
  fixture.usage.images.back().bytes = -1;
  fixture.look();
  CHECK(fixture.status.image_bytes == 0);
}

TEST_CASE("room is made by what no pipeline names and nobody uses, longest unused first") {
  Fixture fixture;
  fixture.add_ours("first:1", 100);
  fixture.add_ours("named:1", 100);
  fixture.add_ours("second:1", 100);
  fixture.add_ours("busy:1", 100, 2);
  fixture.add_ours("third:1", 100);
  fixture.add("theirs:1", 100);
  fixture.long_ago();
  fixture.ledger.used("first:1");
  fixture.long_ago();
  fixture.in_force = {"docker.io/library/named:1"};
  SUBCASE("nothing while all is within the size") {
    fixture.max_bytes = 500 * kMiB;
    fixture.look();
    CHECK(fixture.engine.calls(Call::kRemoveImage) == 0);
  }
  SUBCASE("nothing where there is no such size") {
    fixture.max_bytes = 0;
    fixture.look();
    CHECK(fixture.engine.calls(Call::kRemoveImage) == 0);
    CHECK(fixture.warnings.empty());
  }
  SUBCASE("no more than needed") {
    fixture.max_bytes = 330 * kMiB;
    fixture.look();
    CHECK_FALSE(fixture.there("second:1"));
    CHECK_FALSE(fixture.there("third:1"));
    CHECK(fixture.there("first:1"));
    CHECK(fixture.status.image_bytes == 300 * kMiB);
    CHECK(fixture.ledger.images().size() == 3);
    CHECK(fixture.warnings.empty());
  }
  SUBCASE("and where that is not enough, it is said") {
    fixture.max_bytes = 150 * kMiB;
    fixture.store_bytes = 20 * kMiB;
    fixture.look();
    CHECK_FALSE(fixture.there("first:1"));
    CHECK(fixture.there("named:1"));
    CHECK(fixture.there("busy:1"));
    CHECK(fixture.there("theirs:1"));
    REQUIRE(fixture.warnings.size() == 1);
    CHECK(fixture.warnings[0].find("takes 220 MiB of the disk, state.max_size is 150 MiB: history "
                                   "and logs 20 MiB, images") != std::string::npos);
  }
  SUBCASE("but nothing while it is not known what is in force") {
    fixture.max_bytes = kMiB;
    fixture.recovered = false;
    fixture.look();
    CHECK(fixture.engine.calls(Call::kRemoveImage) == 0);
  }
  SUBCASE("and what the engine will not give up stays") {
    fixture.max_bytes = 430 * kMiB;
    fixture.engine.fail(Call::kRemoveImage, {ErrorKind::kConflict, "in use", {}});
    fixture.look();
    CHECK(fixture.there("second:1"));
    CHECK_FALSE(fixture.there("third:1"));
    CHECK(fixture.ledger.images().size() == 4);
  }
}

TEST_CASE("what was used a moment ago is not removed under a task that is about to start") {
  Fixture fixture;
  fixture.add_ours("ours:1", 100);
  fixture.max_bytes = kMiB;
  fixture.look();
  CHECK(fixture.there("ours:1"));
  fixture.long_ago();
  fixture.look();
  CHECK_FALSE(fixture.there("ours:1"));
}

TEST_CASE("an image of several names goes with the last of ours, and is counted once") {
  Fixture fixture;
  fixture.add_ours("ours:1", 100);
  fixture.ledger.brought("ours:latest");
  fixture.engine.add_image("ours:latest");
  fixture.usage.images.back().names.emplace_back("ours:latest");
  fixture.add_ours("more:1", 100);
  fixture.long_ago();
  fixture.max_bytes = 110 * kMiB;
  fixture.look();
  CHECK_FALSE(fixture.there("ours:1"));
  CHECK_FALSE(fixture.there("ours:latest"));
  CHECK(fixture.there("more:1"));
  CHECK(fixture.status.image_bytes == 100 * kMiB);
}

TEST_CASE("an image that lost its name to a newer one goes at once; nobody else's does") {
  Fixture fixture;
  fixture.add_ours("ours:1", 100);
  fixture.add("theirs:1", 100);
  fixture.look();
  fixture.usage.images[0] = {"id-newer", {"ours:1"}, 100 * kMiB, 0};
  fixture.usage.images.push_back({"id-ours:1", {}, 100 * kMiB, 0});
  fixture.usage.images.push_back({"id-their-old", {}, 100 * kMiB, 0});
  fixture.engine.add_image("id-ours:1");
  fixture.engine.add_image("id-their-old");
  SUBCASE("unless a container has it") {
    fixture.usage.images[2].containers = 1;
    fixture.look();
    CHECK(fixture.there("id-ours:1"));
    CHECK(fixture.status.image_bytes == 200 * kMiB);
    fixture.usage.images[2].containers = 0;
  }
  SUBCASE("free") {}
  fixture.look();
  CHECK_FALSE(fixture.there("id-ours:1"));
  CHECK(fixture.there("id-their-old"));
  CHECK(fixture.there("ours:1"));
  CHECK(fixture.status.image_bytes == 100 * kMiB);
  REQUIRE(fixture.ledger.images().size() == 1);
  CHECK(fixture.ledger.images()[0].id == "id-newer");
}

TEST_CASE("an image that somebody removed is forgotten, but not one that has just come") {
  Fixture fixture;
  fixture.ledger.brought("ours:1");
  fixture.look();
  CHECK(fixture.ledger.images().size() == 1);
  fixture.long_ago();
  fixture.look();
  CHECK(fixture.ledger.images().empty());
}

TEST_CASE("sandbox images of other versions go, once it is known which is in use") {
  Fixture fixture;
  fixture.add("pawl-sandbox:old", 10);
  fixture.add("pawl-sandbox:new", 10);
  fixture.look();
  CHECK(fixture.there("pawl-sandbox:old"));
  fixture.sandbox = "pawl-sandbox:new";
  fixture.look();
  CHECK_FALSE(fixture.there("pawl-sandbox:old"));
  CHECK(fixture.there("pawl-sandbox:new"));
}

TEST_CASE("workspaces of runs that are over are handed on") {
  Fixture fixture;
  fixture.runs = {{RunId{1}, Status::kRunning}, {RunId{2}, Status::kSuccess}};
  for (const char* run : {"1", "2", "3"}) {
    fixture.usage.volumes.push_back(
        {"pawl-" + Fixture::kInstance + "-" + run,
         {{std::string(kLabelInstance), Fixture::kInstance}, {std::string(kLabelRun), run}},
         kMiB});
  }
  fixture.look();
  CHECK(fixture.leftovers == std::vector<RunId>{RunId{2}, RunId{3}});
}

TEST_CASE("an engine that is away leaves all as it was") {
  Fixture fixture;
  DiskKeeper keeper(fixture.keeper_parts());
  fixture.engine.fail(Call::kDiskUsage, {ErrorKind::kUnavailable, "away", {}});
  CHECK_FALSE(keeper.look({}));
  CHECK(fixture.published == 0);
  SUBCASE("one that has nothing to count is no failure") {
    fixture.store_bytes = 3;
    fixture.engine.fail(Call::kDiskUsage, {ErrorKind::kInvalid, "plain processes", {}});
    CHECK(keeper.look({}));
    CHECK(fixture.status.store_bytes == 3);
  }
}

TEST_CASE("its own thread looks at once, and ends while the engine counts") {
  Fixture fixture;
  DiskKeeper keeper(fixture.keeper_parts());
  keeper.start();
  {
    std::unique_lock lock(fixture.mutex);
    CHECK(fixture.changed.wait_for(lock, std::chrono::minutes(1),
                                   [&] { return fixture.published > 0; }));
  }
  keeper.run_ended();
  keeper.stop();
  DiskKeeper another(fixture.keeper_parts());
  fixture.engine.hold(Call::kDiskUsage);
  another.start();
  CHECK(fixture.engine.wait_for_call(Call::kDiskUsage, 2));
  another.stop();
}
