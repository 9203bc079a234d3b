#include "core/schedule.h"

#include <doctest/doctest.h>

#include <set>

#include "fixture.h"

using namespace pawl;
using namespace pawl::test;

namespace {

constexpr std::int64_t kHour = 3'600'000;

Pipeline scheduled(const std::string& expression, Catchup catchup = Catchup::kLatest,
                   std::int64_t deadline_ms = 0) {
  Pipeline pipeline = make_pipeline("p", {make_task("a")});
  add_cron(pipeline, expression);
  auto& cron = std::get<CronTrigger>(pipeline.triggers.back());
  cron.catchup = catchup;
  cron.deadline_ms = deadline_ms;
  return pipeline;
}

// Runs as they were first stored, in order.
std::vector<Run> made(const Commands& commands) {
  std::vector<Run> runs;
  std::set<RunId> seen;
  for (const SaveRun& save : all_of_type<SaveRun>(commands)) {
    if (seen.insert(save.run.id).second) runs.push_back(save.run);
  }
  return runs;
}

}  // namespace

TEST_CASE("catchup all runs every missed tick, in order, and none twice") {
  Core core(100);
  core.publish({scheduled("0 * * * *", Catchup::kAll)});
  core.pass_ms(5 * kHour + 1'000);
  const auto runs = made(core.pass());
  REQUIRE(runs.size() == 5);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    CHECK(runs[i].status == Status::kPending);
    CHECK(runs[i].trigger.scheduled_at ==
          core.wall.plus_ms(-1'000 - (4 - std::int64_t(i)) * kHour));
  }
  CHECK(made(core.pass()).empty());
}

TEST_CASE("catchup all is bounded, and what falls out of the bound is recorded once") {
  Core core(1);
  core.publish({scheduled("* * * * *", Catchup::kAll)});
  core.pass_ms(24 * kHour);
  const auto runs = made(core.pass());
  REQUIRE(runs.size() == limits::kCatchupTicks + 1);
  CHECK(runs.front().status == Status::kSkipped);
  CHECK(runs.front().reason == Reason::kDeadline);
  CHECK(runs.back().trigger.scheduled_at == core.wall);
}

TEST_CASE("catchup none records what was missed as one skipped run, and runs what is on time") {
  Core core;
  core.publish({scheduled("0 * * * *", Catchup::kNone)});
  core.pass_ms(3 * kHour + limits::kTickLateMs + 1);
  const auto runs = made(core.pass());
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].status == Status::kSkipped);
  CHECK(runs[0].reason == Reason::kDeadline);
  CHECK(runs[0].message == "missed, as all since 2027-01-15T09:00:00.000Z (catchup: none)");
  core.pass_ms(kHour - limits::kTickLateMs);
  CHECK(made(core.pass())[0].status == Status::kPending);
}

TEST_CASE("a tick later than its deadline is recorded as missed, not run") {
  Core core;
  core.publish({scheduled("0 * * * *", Catchup::kLatest, kHour / 2)});
  core.pass_ms(kHour + kHour / 2);
  CHECK(made(core.pass())[0].status == Status::kPending);  // exactly at the deadline
  core.pass_ms(kHour + 1);
  const auto late = made(core.pass());
  REQUIRE(late.size() == 1);
  CHECK(late[0].status == Status::kSkipped);
  CHECK(late[0].message == "missed by 30m (deadline: 30m)");
}

TEST_CASE("an instant that two triggers name makes one run, if either wants it run") {
  Core core;
  Pipeline pipeline = scheduled("0 * * * *", Catchup::kNone);
  add_cron(pipeline, "0 */1 * * *");
  core.publish({pipeline});
  core.pass_ms(2 * kHour + 2 * limits::kTickLateMs);
  const auto runs = made(core.pass());
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].status == Status::kPending);
}

TEST_CASE(
    "a clock ten years ahead runs one tick of a schedule, and cannot silence it once it is back") {
  Core core(200);
  Pipeline all = scheduled("0 * * * *", Catchup::kAll);
  Pipeline interval = scheduled("@every 10m");
  interval.name = interval.origin.file = "i";
  core.publish({all, interval});
  const WallTime before = core.wall;
  core.wall = core.wall.plus_ms(10LL * 365 * 24 * kHour);
  CHECK(made(core.pass()).size() == 2);  // one each, although one would catch up with all
  core.wall = before.plus_ms(1'000);
  core.mono = core.mono.plus_ms(1'000);
  CHECK(made(core.pass()).empty());
  core.pass_ms(kHour);
  const auto runs = made(core.pass());
  CHECK(runs.size() == 2);
  for (const Run& run : runs) CHECK(run.trigger.scheduled_at <= core.wall);
}

TEST_CASE("an interval goes on after the clock was set back, a fixed time does not come twice") {
  Core core(200);
  Pipeline fixed = scheduled("30 * * * *");
  Pipeline interval = scheduled("@every 10m");
  interval.name = interval.origin.file = "i";
  core.publish({fixed, interval});
  std::size_t intervals = 0;
  std::size_t fixed_ticks = 0;
  const auto go = [&](int minutes) {
    for (int i = 0; i < minutes; ++i) {
      core.pass_ms(60'000);
      for (const Run& run : made(core.pass())) (run.pipeline == "i" ? intervals : fixed_ticks) += 1;
    }
  };
  go(60);
  CHECK(intervals == 6);
  CHECK(fixed_ticks == 1);
  core.wall = core.wall.plus_ms(-kHour);
  go(60);
  CHECK(intervals == 12);
  CHECK(fixed_ticks == 1);
  go(60);
  CHECK(fixed_ticks == 2);
}

TEST_CASE("an instant of an interval that comes a third time is a third run of its own") {
  Core core(200);
  core.publish({scheduled("@every 10m")});
  std::set<std::string> identities;
  for (int i = 0; i < 3; ++i) {
    core.pass_ms(kHour);
    for (const SaveTrigger& save : all_of_type<SaveTrigger>(core.pass())) {
      CHECK(identities.insert(save.identity).second);
    }
    core.wall = core.wall.plus_ms(-kHour);
    core.pass();
  }
  CHECK(identities.size() == 3);
}

TEST_CASE("a jump of the clock while the disk is full is no catch-up either") {
  Core core(200);
  core.publish({scheduled("* * * * *", Catchup::kAll)});
  core.send(StoreTight{true});
  core.wall = core.wall.plus_ms(kHour);
  core.pass();
  core.pass();
  core.send(StoreTight{false});
  CHECK(made(core.pass()).size() == 1);
}

TEST_CASE("cron waits for a clock that is not synchronised and behind what the store has seen") {
  Pipeline pipeline = scheduled("0 * * * *");
  StoredWorld world;
  world.pipelines.push_back(std::make_shared<const Pipeline>(pipeline));
  Core core;
  world.highest_time = core.wall.plus_ms(10 * kHour);
  world.schedule_marks.emplace_back("p", core.wall.plus_ms(9 * kHour));
  static_cast<void>(recover(core.state, world, core.wall, core.mono));
  core.synchronised = false;
  CHECK(core.pass().empty());
  CHECK_FALSE(core.state.next_tick());

  SUBCASE("synchronised: it goes on from where it was, not from where the clock stood") {
    core.wall = core.wall.plus_ms(12 * kHour);
    core.synchronised = true;
    CHECK(made(core.pass()).empty());  // from now on ticks are looked for
    const auto runs = made(core.pass());
    REQUIRE(runs.size() == 1);
    CHECK(runs[0].trigger.scheduled_at == core.wall);
  }
  SUBCASE("for a bounded time only") {
    core.pass_ms(limits::kClockWaitMs);
    core.pass();
    CHECK(core.state.next_tick());
    core.pass_ms(kHour);
    CHECK(made(core.pass()).size() == 1);
  }
}

TEST_CASE("while the disk is full no tick is dealt with; afterwards the catch-up rule applies") {
  Core core;
  core.publish({scheduled("0 * * * *")});
  core.send(StoreTight{true});
  core.pass_ms(3 * kHour);
  CHECK(made(core.pass()).empty());
  core.trigger("p");
  CHECK(all_of_type<Reply>(core.last)[0].error->kind == ErrorKind::kExhausted);
  core.send(StoreTight{false});
  CHECK(made(core.pass()).size() == 1);
}

namespace {

// Two triggers of one pipeline of three tasks, for the same instants.
Pipeline twice_scheduled(const std::vector<std::uint32_t>& first_starts,
                         const std::vector<std::uint32_t>& second_starts) {
  Pipeline pipeline = make_pipeline("p", {make_task("a"), make_task("b"), make_task("c")});
  for (const auto& [starts, level] : {std::pair{first_starts, "one"}, {second_starts, "two"}}) {
    add_cron(pipeline, "0 * * * *");
    auto& cron = std::get<CronTrigger>(pipeline.triggers.back());
    cron.starts = starts;
    cron.params = {{"level", level}};
  }
  return pipeline;
}

DueTick only_due(Core& core) {
  const std::vector<DueTick> due = due_ticks(core.state, core.wall, core.mono);
  REQUIRE(due.size() == 1);
  return due.front();
}

}  // namespace

TEST_CASE("a tick carries what its trigger asks of the run") {
  Pipeline pipeline = twice_scheduled({}, {});
  pipeline.triggers.pop_back();
  std::get<CronTrigger>(pipeline.triggers.back()).starts = {1, 2};
  Core core;
  core.publish({pipeline});
  core.pass_ms(kHour);
  CHECK(only_due(core).params == Variables{{"level", "one"}});
  CHECK(only_due(core).starts == std::vector<std::uint32_t>{1, 2});
}

TEST_CASE("an instant of two triggers has the first one's params, and the tasks of both") {
  using Starts = std::vector<std::uint32_t>;
  const auto starts = [](const Starts& first, const Starts& second) {
    Core core;
    core.publish({twice_scheduled(first, second)});
    core.pass_ms(kHour);
    CHECK(only_due(core).params == Variables{{"level", "one"}});
    return only_due(core).starts;
  };
  CHECK(starts({2}, {0, 2}) == Starts{0, 2});
  CHECK(starts({1}, {}).empty());
  CHECK(starts({}, {1}).empty());
}

TEST_CASE("a trigger that takes its instant for missed has no say in how the other one runs") {
  for (const std::size_t missed : {std::size_t{0}, std::size_t{1}}) {
    Pipeline pipeline = twice_scheduled({0}, {1});
    std::get<CronTrigger>(pipeline.triggers[missed]).catchup = Catchup::kNone;
    Core core;
    core.publish({pipeline});
    core.pass_ms(kHour + limits::kTickLateMs + 1);
    const DueTick due = only_due(core);
    CHECK_FALSE(due.missed);
    CHECK(due.params == Variables{{"level", missed == 0 ? "two" : "one"}});
    CHECK(due.starts == std::vector<std::uint32_t>{missed == 0 ? 1u : 0u});
  }
}

TEST_CASE("a splay moves every tick by the host's offset, also those that are caught up") {
  constexpr std::int64_t kOffset = 17 * 60'000;
  Pipeline pipeline = scheduled("0 * * * *", Catchup::kAll);
  std::get<CronTrigger>(pipeline.triggers.back()).offset_ms = kOffset;
  Core core(200);
  const WallTime start = core.wall;  // on the hour
  core.publish({pipeline});
  CHECK(core.state.next_tick() == start.plus_ms(kOffset));
  core.pass_ms(kOffset - 1);
  CHECK(made(core.pass()).empty());
  core.pass_ms(1);
  CHECK(made(core.pass()).size() == 1);
  CHECK(core.state.next_tick() == start.plus_ms(kHour + kOffset));
  core.pass_ms(3 * kHour + 1);
  const auto runs = made(core.pass());
  REQUIRE(runs.size() == 3);
  for (std::size_t i = 0; i < runs.size(); ++i) {
    CHECK(runs[i].trigger.scheduled_at == start.plus_ms((std::int64_t(i) + 1) * kHour + kOffset));
  }
}

TEST_CASE("lateness is counted from the tick with its offset") {
  Pipeline pipeline = scheduled("0 * * * *", Catchup::kNone);
  std::get<CronTrigger>(pipeline.triggers.back()).offset_ms = 2 * limits::kTickLateMs;
  Core core;
  core.publish({pipeline});
  core.pass_ms(3 * limits::kTickLateMs);
  CHECK(made(core.pass()).at(0).status == Status::kPending);
}
