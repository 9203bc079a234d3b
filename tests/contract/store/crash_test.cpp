// The promise: what was acknowledged is there after a SIGKILL at any moment, and nothing is there by halves.
//
// A child commits numbered batches and writes each number to a pipe once commit() has returned. The parent kills it after a number
// of acknowledgements that the round decides; where in the following batches that hits is up to the machine.
#include <doctest/doctest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>

#include "harness.h"

using namespace pawl;

namespace {

constexpr int kRounds = 30;
constexpr std::size_t kLinesPerRun = 8;

StoreOptions options_of(const TempDirectory& directory) {
  StoreOptions options;
  options.directory = directory / "state";
  options.map_bytes = std::size_t{256} * 1024 * 1024;
  return options;
}

AttemptKey log_key() { return {RunId{1}, 0, 1}; }

Run run_of(std::uint64_t n, Status status) {
  static const PipelinePtr definition = samples::pipeline_ptr("build");
  Run run = samples::run(n, "build", status);
  run.definition = content_hash(*definition);
  return run;
}

// Batch n: run n begins, run n-1 ends, and both leave their marks everywhere else.
void write_batch(Store& store, std::uint64_t n) {
  Commands commands;
  if (n > 1) {
    commands.push_back(SaveRun{run_of(n - 1, Status::kSuccess)});
    commands.push_back(SaveTask{samples::task(n - 1, 0, Status::kSuccess)});
  }
  commands.push_back(SaveDefinition{samples::pipeline_ptr("build")});
  commands.push_back(SaveRun{run_of(n, Status::kRunning)});
  commands.push_back(SaveTask{samples::task(n, 0, Status::kRunning)});
  commands.push_back(SaveTask{samples::task(n, 1)});
  commands.push_back(SaveAttempt{samples::attempt(n, 0, 1)});
  commands.push_back(SaveTrigger{"build", "delivery-" + std::to_string(n), RunId{n}});
  commands.push_back(SaveScheduleMark{"build", WallTime{static_cast<std::int64_t>(n)}});
  commit(store, commands, {samples::lines(log_key(), n * kLinesPerRun, kLinesPerRun)});
}

[[noreturn]] void child(const StoreOptions& options, int acknowledged) {
  auto store = open_store(options);
  if (!store) ::_exit(3);
  const auto world = (*store)->load();
  if (!world) ::_exit(4);
  for (std::uint64_t n = world->last_run.value + 1;; ++n) {
    write_batch(**store, n);
    if (::write(acknowledged, &n, sizeof n) != sizeof n) ::_exit(5);
  }
}

// The highest batch that the child acknowledged before it died.
std::uint64_t run_and_kill(const StoreOptions& options, unsigned after) {
  int channel[2];
  REQUIRE(::pipe(channel) == 0);
  const pid_t process = ::fork();
  REQUIRE(process >= 0);
  if (process == 0) {
    ::close(channel[0]);
    child(options, channel[1]);
  }
  ::close(channel[1]);
  std::uint64_t last = 0;
  std::uint64_t number = 0;
  unsigned seen = 0;
  while (::read(channel[0], &number, sizeof number) == sizeof number) {
    last = number;
    if (++seen == after) ::kill(process, SIGKILL);
  }
  ::close(channel[0]);
  int status = 0;
  REQUIRE(::waitpid(process, &status, 0) == process);
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(seen >= after);
  return last;
}

// Batch n is there as a whole; it is the last one or not.
void check_batch(Store& store, std::uint64_t n, bool is_last) {
  const RunDetail detail = value_of(store.run(RunId{n}));
  CHECK(detail.run == run_of(n, is_last ? Status::kRunning : Status::kSuccess));
  REQUIRE(detail.tasks.size() == 2);
  CHECK(detail.tasks[0].status == (is_last ? Status::kRunning : Status::kSuccess));
  CHECK(detail.attempts.size() == 1);
  auto transaction = value_of(store.begin());
  CHECK(value_of(transaction->find_trigger("build", "delivery-" + std::to_string(n))) == RunId{n});
}

void check_log(Store& store, std::uint64_t last) {
  std::vector<LogRecord> records;
  LogCursor cursor;
  for (bool at_end = false; !at_end;) {
    const LogPage page = value_of(store.log(log_key(), cursor, 1 << 20));
    records.insert(records.end(), page.records.begin(), page.records.end());
    cursor = page.next;
    at_end = page.at_end;
  }
  CHECK(records == samples::lines(log_key(), kLinesPerRun, last * kLinesPerRun).records);
}

}  // namespace

TEST_CASE("after SIGKILL at any moment every acknowledged batch is there, and none by halves") {
  TempDirectory directory;
  const StoreOptions options = options_of(directory);
  std::mt19937 random(7);
  std::uint64_t checked = 0;
  for (int round = 0; round < kRounds; ++round) {
    INFO("round " << round);
    const std::uint64_t acknowledged = run_and_kill(options, 1 + random() % 40);
    auto store = value_of(open_store(options));
    const StoredWorld world = value_of(store->load());
    const std::uint64_t last = world.last_run.value;
    // One more may have become durable between its commit and its acknowledgement.
    CHECK(last >= acknowledged);
    CHECK(last <= acknowledged + 1);
    CHECK(world.damaged.empty());
    REQUIRE(world.unfinished.size() == 1);
    CHECK(world.unfinished[0].run.id == RunId{last});
    REQUIRE(world.schedule_marks.size() == 1);
    CHECK(world.schedule_marks[0].second == WallTime{static_cast<std::int64_t>(last)});
    for (std::uint64_t n = checked + 1; n <= last; ++n) check_batch(*store, n, n == last);
    checked = last - 1;
    check_log(*store, last);
    RunQuery query;
    query.status = Status::kRunning;
    CHECK(ids(value_of(store->runs(query))) == Ids{last});
  }
}
