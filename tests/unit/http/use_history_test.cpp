#include "http/use_history.h"

#include <doctest/doctest.h>

#include "model/limits.h"
#include "support/http_world.h"

namespace pawl::http {
namespace {

using test::at;

constexpr std::int64_t kMib = 1 << 20;

// A store whose retention takes one run between the listing and the reading.
struct VanishingStore final : FakeStore {
  RunId vanished{};
  [[nodiscard]] Result<RunDetail> run(RunId id) const override {
    if (id == vanished) return Error{ErrorKind::kNotFound, "no such run", ""};
    return FakeStore::run(id);
  }
};

struct History {
  VanishingStore store;
  std::uint64_t last_run = 0;

  void save(const Command& command) {
    auto transaction = store.begin();
    REQUIRE((*transaction)->apply(command));
    REQUIRE((*transaction)->commit());
  }

  // A run of ten seconds, whose first attempt of `task` used this much.
  RunId add(const Pipeline& definition, std::uint32_t task, const ResourceUsage& usage,
            bool oom_killed = false) {
    Run run;
    run.id = RunId{++last_run};
    run.pipeline = definition.name;
    run.status = Status::kSuccess;
    run.definition = content_hash(definition);
    run.created_at = at("12:00:00");
    Attempt attempt;
    attempt.key = {run.id, task, 1};
    attempt.started_at = at("12:00:00");
    attempt.ended_at = at("12:00:10");
    attempt.usage = usage;
    attempt.oom_killed = oom_killed;
    save(SaveDefinition{std::make_shared<const Pipeline>(definition)});
    save(SaveRun{run});
    TaskState state;
    state.run = run.id;
    state.index = task;
    state.attempts = 1;
    save(SaveTask{state});
    save(SaveAttempt{attempt});
    return run.id;
  }
  [[nodiscard]] std::vector<TaskUse> read(const Pipeline& pipeline) const {
    Result<std::vector<TaskUse>> uses = read_use(store, pipeline);
    REQUIRE(uses);
    return *uses;
  }
};

TEST_CASE("what each task used, by its id, also under another definition") {
  History history;
  const Pipeline now = test::make_nightly();
  Pipeline before = now;
  before.tasks = {now.tasks[1], now.tasks[0]};  // left is the first one there
  before.tasks[0].upstream.clear();
  before.tasks[0].memory_bytes = 700 * kMib;
  before.tasks.push_back(now.tasks[2]);
  before.tasks[2].id = "gone";
  history.add(now, 0, {10 * kMib, 1'000, 0});
  history.add(now, 0, {20 * kMib, 3'000, 5'000});
  history.add(before, 0, {}, true);
  history.add(before, 2, {999 * kMib, 1, 1});
  const std::vector<TaskUse> uses = history.read(now);
  REQUIRE(uses.size() == 4);
  CHECK(uses[0].attempts == 2);
  CHECK(uses[0].peak_memory_bytes == 20 * kMib);
  CHECK(uses[0].highest_cpus_milli == 300);
  CHECK(uses[0].throttled_percent == 25);
  CHECK(uses[1].attempts == 1);
  CHECK(uses[1].ooms == 1);
  CHECK(uses[1].peak_memory_bytes == 700 * kMib);  // the cap that it ran under
  CHECK(uses[2] == TaskUse{});
}

TEST_CASE("the newest runs count, and attempts that ended and of which something is known") {
  History history;
  const Pipeline nightly = test::make_nightly();
  history.add(nightly, 0, {900 * kMib, 0, 0});
  for (std::uint32_t i = 0; i < limits::kUseRuns; ++i) history.add(nightly, 0, {10 * kMib, 0, 0});
  CHECK(history.read(nightly)[0].attempts == limits::kUseRuns);
  CHECK(history.read(nightly)[0].peak_memory_bytes == 10 * kMib);
  Attempt running;
  running.key = {RunId{history.last_run}, 1, 1};
  running.started_at = at("12:00:00");
  running.usage = ResourceUsage{1, 1, 1};
  history.save(SaveAttempt{running});
  CHECK(history.read(nightly)[1] == TaskUse{});
}

TEST_CASE("runs that vanish or are damaged, also in their definition, are left out") {
  History history;
  const Pipeline now = test::make_nightly();
  Pipeline before = now;
  before.description = "before";
  history.add(now, 0, {10 * kMib, 0, 0});
  history.add(before, 0, {500 * kMib, 0, 0});
  history.store.damage_run(history.add(now, 0, {600 * kMib, 0, 0}));
  history.store.damage_definition(content_hash(before));
  history.store.vanished = history.add(now, 0, {700 * kMib, 0, 0});
  CHECK(history.read(now)[0].attempts == 1);
  CHECK(history.read(now)[0].peak_memory_bytes == 10 * kMib);
}

TEST_CASE("use and suggestion stand beside each task; null is not known") {
  Pipeline pipeline = test::make_tidy();
  TaskUse use;
  Json tasks = Json::array().push(Json::object().set("id", "sweep"));
  Json task = with_use(pipeline, {}, tasks, {use}).items()[0];
  CHECK(task["id"].as_string() == "sweep");
  CHECK(task["use"].is_null());
  CHECK(task["suggested"].dump() == R"({"memory_bytes":null,"cpus_milli":null})");
  use.attempts = 20;
  use.peak_memory_bytes = 61 * kMib;
  task = with_use(pipeline, {}, tasks, {use}).items()[0];
  CHECK(task["use"].dump() ==
        R"({"attempts":20,"ooms":0,"peak_memory_bytes":63963136,"median_cpus_milli":null,)"
        R"("highest_cpus_milli":null,"throttled_percent":null})");
  CHECK(task["suggested"].dump() == R"({"memory_bytes":100663296,"cpus_milli":null})");
  use.timed_attempts = 20;
  use.highest_cpus_milli = 10;
  task = with_use(pipeline, {}, tasks, {use}).items()[0];
  CHECK(task["use"]["throttled_percent"].as_integer(-1) == 0);
  CHECK(task["suggested"]["cpus_milli"].as_integer() == 100);
}

}  // namespace
}  // namespace pawl::http
