// What the worker reported of an attempt's resources stays with it, however it ended.
#include "core/verdict.h"

#include <doctest/doctest.h>

using namespace pawl;

namespace {

Attempt judged(AttemptOutcome outcome) {
  Attempt attempt;
  attempt.key = {RunId{1}, 0, 1};
  apply_outcome(attempt, outcome, StopCause::kNone, 60'000, WallTime{5'000});
  return attempt;
}

}  // namespace

TEST_CASE("what an attempt used stays with it, however it ended") {
  const ResourceUsage usage{64 << 20, 1'500, 200};
  for (const auto kind : {AttemptOutcome::Kind::kExited, AttemptOutcome::Kind::kNotStarted,
                          AttemptOutcome::Kind::kMissing}) {
    AttemptOutcome outcome;
    outcome.kind = kind;
    CHECK_FALSE(judged(outcome).usage);
    CHECK_FALSE(judged(outcome).oom_killed);
    outcome.usage = usage;
    outcome.oom_killed = true;
    CHECK(judged(outcome).usage == usage);
    CHECK(judged(outcome).oom_killed);
  }
}

TEST_CASE(
    "a task that went on after one of its processes was killed for its memory succeeded, and it is "
    "known") {
  AttemptOutcome outcome;
  outcome.oom_killed = true;
  const Attempt attempt = judged(outcome);
  CHECK(attempt.status == Status::kSuccess);
  CHECK(attempt.reason == Reason::kNone);
  CHECK(attempt.oom_killed);
}
