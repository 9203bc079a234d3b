#include "agent/pruner.h"

#include <doctest/doctest.h>

#include <vector>

#include "support/fake_store.h"
#include "support/manual_clock.h"

using namespace pawl;

namespace {

// Says how it was asked; `answers` are used up from the front, then there is nothing to remove.
class RecordingStore : public FakeStore {
 public:
  Result<bool> prune(const KeepRules&, WallTime now) override {
    asked.push_back(now);
    if (answers.empty()) return false;
    Result<bool> answer = answers.front();
    answers.erase(answers.begin());
    return answer;
  }
  std::vector<WallTime> asked;
  std::vector<Result<bool>> answers;
};

}  // namespace

TEST_CASE("old runs are looked for once a minute, step by step while there are more") {
  RecordingStore store;
  store.answers = {true, true, false};
  ManualClock clock;
  Pruner pruner(store, clock, {});
  for (int i = 0; i < 3; ++i) {
    CHECK(pruner.wait_ms() == 0);
    pruner.step();
  }
  pruner.step();
  CHECK(store.asked.size() == 3);
  CHECK(pruner.wait_ms() == limits::kPruneMs);
  clock.advance_ms(limits::kPruneMs);
  pruner.step();
  CHECK(store.asked.size() == 4);
}

TEST_CASE("a store that cannot prune is asked again later, not at once") {
  RecordingStore store;
  store.answers = {Error{ErrorKind::kExhausted, "full", {}}};
  ManualClock clock;
  Pruner pruner(store, clock, {});
  pruner.step();
  pruner.step();
  CHECK(store.asked.size() == 1);
}

TEST_CASE("a store without room is looked through at once") {
  RecordingStore store;
  ManualClock clock;
  Pruner pruner(store, clock, {});
  pruner.step();
  pruner.step();
  CHECK(store.asked.size() == 1);
  pruner.hurry();
  CHECK(pruner.wait_ms() == 0);
  pruner.step();
  CHECK(store.asked.size() == 2);
}

TEST_CASE("the age of runs is believed only of a clock that has gone steadily for a while") {
  RecordingStore store;
  ManualClock clock;
  Pruner pruner(store, clock, {});
  const auto pass = [&](std::int64_t ms) {
    for (std::int64_t passed = 0; passed < ms; passed += limits::kPruneMs) {
      clock.advance_ms(limits::kPruneMs);
      pruner.step();
    }
  };
  pruner.step();
  CHECK_FALSE(store.asked.back().is_set());
  pass(limits::kClockSteadyMs);
  CHECK(store.asked.back() == clock.wall());
  clock.set_wall_ms(clock.wall().ms + 10LL * 365 * 24 * 3'600'000);
  pass(limits::kPruneMs);
  CHECK_FALSE(store.asked.back().is_set());
  clock.set_wall_ms(clock.wall().ms - 10LL * 365 * 24 * 3'600'000);
  pass(limits::kClockSteadyMs + limits::kPruneMs);
  CHECK(store.asked.back() == clock.wall());
}
