#include "exec/image_puller.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <condition_variable>
#include <latch>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "model/limits.h"
#include "unit/exec/task_fixture.h"

using namespace pawl;

namespace {

using Call = FakeEngine::Call;

const Error kBusy{ErrorKind::kConflict, "registry: 503", {}};

// One task that waits for an image, on a thread of its own.
class Waiter {
 public:
  Waiter(ImagePuller& puller, const std::string& image)
      : thread_([this, &puller, image] {
          auto result = puller.pull(
              image, [this](const std::string& line) { note(line); }, stop_.get_token());
          std::lock_guard lock(mutex_);
          result_ = std::move(result);
        }) {}
  void stop() { stop_.request_stop(); }
  Result<void> join() {
    thread_.join();
    return result_;
  }
  [[nodiscard]] bool wait_for_line(const std::string& line) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1), [&] {
      return std::find(lines_.begin(), lines_.end(), line) != lines_.end();
    });
  }
  [[nodiscard]] std::vector<std::string> lines() {
    std::lock_guard lock(mutex_);
    return lines_;
  }

 private:
  void note(const std::string& line) {
    {
      std::lock_guard lock(mutex_);
      lines_.push_back(line);
    }
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
  std::stop_source stop_;
  Result<void> result_;
  std::thread thread_;
};

const std::string kJoined = "another task is pulling it already";

struct Fixture : TaskFixture {
  Fixture() {
    engine.add_remote_image("far:1");
    engine.hold(Call::kPull);
  }
};

}  // namespace

TEST_CASE("one pull serves all who wait for the image, and tells each of them") {
  Fixture fixture;
  Waiter first(fixture.images, "far:1");
  REQUIRE(fixture.engine.wait_for_call(Call::kPull));
  Waiter second(fixture.images, "far:1");
  Waiter third(fixture.images, "far:1");
  REQUIRE(second.wait_for_line(kJoined));
  REQUIRE(third.wait_for_line(kJoined));
  fixture.engine.release(Call::kPull);
  CHECK(first.join());
  CHECK(second.join());
  CHECK(third.join());
  CHECK(fixture.engine.calls(Call::kPull) == 1);
  CHECK(first.lines() == std::vector<std::string>{"Pulling from far:1"});
  CHECK(second.lines() == std::vector<std::string>{kJoined, "Pulling from far:1"});
}

TEST_CASE("images are apart, and a pull that is over serves nobody any more") {
  Fixture fixture;
  fixture.engine.add_remote_image("far:2");
  fixture.engine.release(Call::kPull);
  for (const char* image : {"far:1", "far:2", "far:1"}) {
    Waiter waiter(fixture.images, image);
    CHECK(waiter.join());
  }
  CHECK(fixture.engine.calls(Call::kPull) == 3);
}

TEST_CASE("a pull that is over serves nobody any more, also while somebody is still told of it") {
  Fixture fixture;
  fixture.engine.release(Call::kPull);
  std::latch told(1);
  std::jthread slow(
      [&] { CHECK(fixture.images.pull("far:1", [&](const std::string&) { told.wait(); }, {})); });
  REQUIRE(fixture.engine.wait_for_call(Call::kPull));
  // Whether this one joins it or not, it is over then.
  Waiter second(fixture.images, "far:1");
  CHECK(second.join());
  const int before = fixture.engine.calls(Call::kPull);
  Waiter third(fixture.images, "far:1");
  CHECK(third.join());
  CHECK(fixture.engine.calls(Call::kPull) == before + 1);
  CHECK(third.lines() == std::vector<std::string>{"Pulling from far:1"});
  told.count_down();
}

TEST_CASE("who asked first may leave: the pull goes on for the others") {
  Fixture fixture;
  Waiter first(fixture.images, "far:1");
  REQUIRE(fixture.engine.wait_for_call(Call::kPull));
  Waiter second(fixture.images, "far:1");
  REQUIRE(second.wait_for_line(kJoined));
  first.stop();
  const auto left = first.join();
  REQUIRE_FALSE(left);
  CHECK(left.error().kind == ErrorKind::kCancelled);
  fixture.engine.release(Call::kPull);
  CHECK(second.join());
  CHECK(fixture.engine.calls(Call::kPull) == 1);
}

TEST_CASE("once nobody waits the pull is called off, and the next one begins anew") {
  Fixture fixture;
  Waiter first(fixture.images, "far:1");
  REQUIRE(fixture.engine.wait_for_call(Call::kPull));
  first.stop();
  // Comes back only if the engine's call, which is held, was told to stop.
  CHECK_FALSE(first.join());
  fixture.engine.release(Call::kPull);
  Waiter second(fixture.images, "far:1");
  CHECK(second.join());
  CHECK(fixture.engine.calls(Call::kPull) == 2);
}

TEST_CASE("a registry that fails is asked again, a bounded number of times, and that is told") {
  Fixture fixture;
  fixture.engine.release(Call::kPull);
  SUBCASE("until it answers") {
    fixture.engine.fail(Call::kPull, kBusy, 3);
    Waiter waiter(fixture.images, "far:1");
    CHECK(waiter.join());
    CHECK(waiter.lines() == std::vector<std::string>{
                                "the registry failed (registry: 503); trying again in 1ms (2 of 6)",
                                "the registry failed (registry: 503); trying again in 2ms (3 of 6)",
                                "the registry failed (registry: 503); trying again in 2ms (4 of 6)",
                                "Pulling from far:1"});
  }
  SUBCASE("or not") {
    fixture.engine.fail(Call::kPull, kBusy, 100);
    Waiter waiter(fixture.images, "far:1");
    const auto result = waiter.join();
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == ErrorKind::kConflict);
    CHECK(fixture.engine.calls(Call::kPull) == limits::kPullTries);
  }
  SUBCASE("but not after a stop") {
    ImagePuller patient({fixture.engine, nullptr, nullptr, 3'600'000, 3'600'000});
    fixture.engine.fail(Call::kPull, kBusy);
    Waiter waiter(patient, "far:1");
    REQUIRE(
        waiter.wait_for_line("the registry failed (registry: 503); trying again in 1h (2 of 6)"));
    waiter.stop();
    CHECK_FALSE(waiter.join());
    CHECK(fixture.engine.calls(Call::kPull) == 1);
  }
}

TEST_CASE("what will not be otherwise the next time is not asked again") {
  for (const ErrorKind kind : {ErrorKind::kNotFound, ErrorKind::kDenied, ErrorKind::kInvalid,
                               ErrorKind::kUnavailable, ErrorKind::kTimeout}) {
    Fixture fixture;
    fixture.engine.release(Call::kPull);
    fixture.engine.fail(Call::kPull, {kind, "no", {}});
    Waiter waiter(fixture.images, "far:1");
    const auto result = waiter.join();
    REQUIRE_FALSE(result);
    CHECK(result.error().kind == kind);
    CHECK(fixture.engine.calls(Call::kPull) == 1);
    CHECK(fixture.ledger.images().empty());
  }
}

TEST_CASE("an image that was there before the pull stays somebody else's") {
  Fixture fixture;
  fixture.engine.release(Call::kPull);
  SUBCASE("there") { fixture.engine.add_image("far:1"); }
  SUBCASE("not known") { fixture.engine.fail(Call::kHasImage, {ErrorKind::kTimeout, "slow", {}}); }
  SUBCASE("ours") {
    Waiter waiter(fixture.images, "far:1");
    CHECK(waiter.join());
    REQUIRE(fixture.ledger.images().size() == 1);
    CHECK(fixture.ledger.images()[0].name == "far:1");
    return;
  }
  Waiter waiter(fixture.images, "far:1");
  CHECK(waiter.join());
  CHECK(fixture.ledger.images().empty());
}

TEST_CASE("tasks that start together pull their image once") {
  Fixture fixture;
  fixture.policy.images.push_back("far:*");
  WorkerPool::Settings settings = fixture.settings(4);
  settings.image_ledger = &fixture.ledger;
  WorkerPool pool(fixture.engine, fixture.sink, fixture.clock, settings);
  std::vector<RunAttempt> orders;
  for (int i = 0; i < 4; ++i) {
    orders.push_back(fixture.order("echo"));
    fixture.pipeline->tasks.back().image = "far:1";
  }
  for (const RunAttempt& order : orders) pool.run(order, {});
  REQUIRE(fixture.engine.wait_for_call(Call::kPull));
  // One pulls, three have joined it.
  const auto joined = [&] {
    const std::string notes = fixture.sink.notes();
    std::size_t count = 0;
    for (std::size_t at = notes.find(kJoined); at != std::string::npos;
         at = notes.find(kJoined, at + 1)) {
      ++count;
    }
    return count;
  };
  while (joined() < 3) REQUIRE(fixture.sink.wait_for_more());
  fixture.engine.release(Call::kPull);
  REQUIRE(fixture.sink.wait_for<AttemptEnded>(4));
  CHECK(fixture.engine.calls(Call::kPull) == 1);
  for (const AttemptEnded& ended : fixture.sink.events<AttemptEnded>()) {
    CHECK(ended.outcome.kind == AttemptOutcome::Kind::kExited);
  }
  pool.stop();
}
