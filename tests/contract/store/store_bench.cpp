// Figures of the LMDB store, on the disk that holds the directory given:
//   tools/build release bench-store && build/release/tests/contract/store/bench-store DIRECTORY [runs]
// The directory must not exist; it is left behind for a second look (a run on an existing one skips the filling).
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>

#include "store/history_chain.h"
#include "store/lmdb_store.h"
#include "support/samples.h"

using namespace pawl;

namespace {

constexpr std::uint64_t kPipelines = 100;
constexpr std::uint64_t kUnfinished = 100;
constexpr std::uint32_t kUnfinishedTasks = 100;  // of each
constexpr int kCommits = 3000;

void stop(const Error& error) {
  std::fprintf(stderr, "%s\n", error.text().c_str());
  std::exit(1);
}

template <typename T>
T value_of(Result<T> result) {
  if (!result) stop(result.error());
  return std::move(result).value();
}

void commit(Store& store, const Commands& commands) {
  auto transaction = value_of(store.begin());
  for (const Command& command : commands) {
    if (auto result = transaction->apply(command); !result) stop(result.error());
  }
  if (auto result = transaction->commit(); !result) stop(result.error());
}

template <typename Body>
double microseconds(int times, Body body) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < times; ++i) body();
  const std::chrono::duration<double, std::micro> taken = std::chrono::steady_clock::now() - start;
  return taken.count() / times;
}

std::string name_of(std::uint64_t number) { return "pipeline-" + std::to_string(number); }

Run run_of(std::uint64_t id, Status status, const PipelinePtr& definition) {
  Run run = samples::run(id, name_of(id % kPipelines), status, TriggerKind::kCron);
  run.definition = content_hash(*definition);
  return run;
}

void fill(Store& store, std::uint64_t runs, const PipelinePtr& definition) {
  commit(store, {SaveDefinition{definition}});
  for (std::uint64_t id = 1; id <= runs;) {
    Commands commands;
    for (int i = 0; i < 2000 && id <= runs; ++i, ++id) {
      const bool unfinished = id + kUnfinished > runs;
      const Status status = unfinished     ? Status::kRunning
                            : id % 20 == 0 ? Status::kFailed
                                           : Status::kSuccess;
      commands.push_back(SaveRun{run_of(id, status, definition)});
      commands.push_back(SaveTask{samples::task(id, 0, status)});
      for (std::uint32_t task = 1; task < (unfinished ? kUnfinishedTasks : 2); ++task) {
        commands.push_back(SaveTask{samples::task(id, task, status)});
      }
      commands.push_back(SaveAttempt{samples::attempt(id, 0, 1, status)});
      commands.push_back(
          SaveTrigger{name_of(id % kPipelines), "cron:" + std::to_string(id), RunId{id}});
    }
    commit(store, commands);
  }
}

void print_memory() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS") || line.starts_with("Rss")) std::printf("  %s\n", line.c_str());
  }
}

void measure_pages(const Store& store) {
  const auto page = [&](const char* what, RunQuery query) {
    std::size_t rows = 0;
    const double time = microseconds(200, [&] { rows = value_of(store.runs(query)).runs.size(); });
    std::printf("%-58s %10.1f us (%zu rows)\n", what, time, rows);
  };
  RunQuery query;
  page("newest 50", query);
  query.pipeline = name_of(20);
  page("newest 50 of one pipeline", query);
  query.status = Status::kFailed;
  page("newest 50 failed of one pipeline", query);
  query = {};
  query.status = Status::kRunning;
  page("50 running", query);
  query.trigger = TriggerKind::kManual;
  page("running, by a trigger that none has", query);
  query = {};
  query.pipeline = name_of(7);
  query.trigger = TriggerKind::kManual;
  page("of one pipeline, by a trigger that none has", query);
  query = {};
  query.since = WallTime{samples::kStartMs * 2};
  page("since a time that no run reached", query);
}

// With rules that keep everything: what a call costs while each pipeline is counted once, and from then on.
void measure_idle_prune(Store& store) {
  KeepRules rules;
  rules.age_ms = 100LL * 365 * 24 * 3600 * 1000;
  rules.runs_per_pipeline = 20'000;
  const WallTime now{samples::kStartMs * 2};
  const auto call = [&] {
    if (value_of(store.prune(rules, now))) std::printf("not idle: something was removed\n");
  };
  double slowest = 0;
  for (std::uint64_t i = 0; i <= kPipelines; ++i)
    slowest = std::max(slowest, microseconds(1, call));
  std::printf("%-58s %10.1f us\n", "idle prune, the slowest while pipelines are counted", slowest);
  std::printf("%-58s %10.1f us\n", "idle prune", microseconds(10'000, call));
  std::printf("%-58s %10.1f us\n", "has_room", microseconds(10'000, [&] {
                if (!store.has_room()) std::printf("no room\n");
              }));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::uint64_t runs = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 1'000'000;
  StoreOptions options;
  options.directory = argv[1];
  options.map_bytes = std::size_t{8} << 30;
  const PipelinePtr definition = samples::pipeline_ptr("build");

  const auto start = std::chrono::steady_clock::now();
  auto store = value_of(open_store(options));
  if (value_of(store->load()).last_run.value == 0) {
    fill(*store, runs, definition);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    std::printf("filled with %llu runs in %.0f s\n", static_cast<unsigned long long>(runs),
                taken.count());
  }
  store.reset();
  const double open_time = microseconds(1, [&] { store = value_of(open_store(options)); });
  std::printf("%-58s %10.1f us\n", "open", open_time);
  StoredWorld world;
  const double load_time = microseconds(1, [&] { world = value_of(store->load()); });
  std::printf("%-58s %10.1f us (%zu unfinished)\n", "load", load_time, world.unfinished.size());
  std::size_t tasks = 0;
  for (const RunDetail& detail : world.unfinished) tasks += detail.tasks.size();
  std::printf("%-58s %10.1f us (%zu tasks)\n", "open and load", open_time + load_time, tasks);
  print_memory();
  measure_idle_prune(*store);
  measure_pages(*store);
  std::printf("%-58s %10.1f us\n", "one run with its tasks",
              microseconds(1000, [&] { (void)value_of(store->run(RunId{runs / 2})); }));
  std::uint64_t id = world.last_run.value;
  const double commit_time = microseconds(kCommits, [&] {
    ++id;
    commit(*store, {SaveRun{run_of(id, Status::kSuccess, definition)},
                    SaveTask{samples::task(id, 0, Status::kSuccess)},
                    SaveTrigger{name_of(id % kPipelines), "id-" + std::to_string(id), RunId{id}}});
  });
  std::printf("%-58s %10.1f us (%.0f a second)\n",
              "durable commit of an ended run + task + trigger", commit_time, 1e6 / commit_time);
  print_memory();
  store.reset();
  ChainReport chain;
  const double verify_time =
      microseconds(1, [&] { chain = value_of(verify_history(options.directory)); });
  std::printf("%-58s %10.1f us (%llu runs, %s)\n", "history verify", verify_time,
              static_cast<unsigned long long>(chain.runs), chain.fault.value_or("whole").c_str());
  struct stat file {};
  ::stat((options.directory + "/data.mdb").c_str(), &file);
  std::printf("%-58s %10.1f MB\n", "data.mdb", static_cast<double>(file.st_size) / 1e6);
}
