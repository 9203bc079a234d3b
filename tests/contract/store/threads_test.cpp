// Readers on several threads while the loop's thread commits: each read is one consistent snapshot.
#include <doctest/doctest.h>

#include <atomic>
#include <thread>

#include "harness.h"

using namespace pawl;

namespace {

constexpr std::uint64_t kBatches = 150;
constexpr int kReaders = 4;

// What a snapshot must look like; the first contradiction, or nothing.
std::string contradiction(const Store& store) {
  const auto page = store.runs({});
  if (!page) return page.error().text();
  for (std::size_t i = 1; i < page->runs.size(); ++i) {
    if (page->runs[i].id >= page->runs[i - 1].id) return "not newest first";
  }
  RunQuery query;
  query.status = Status::kRunning;
  const auto running = store.runs(query);
  if (!running) return running.error().text();
  if (running->runs.size() > 1) return "two runs at once";
  if (page->runs.empty()) return {};
  const RunId newest = page->runs.front().id;
  const auto detail = store.run(newest);
  if (!detail) return detail.error().text();
  if (detail->tasks.size() != 2) return "half a run";
  const auto log = store.log({RunId{1}, 0, 1}, {}, 1 << 20);
  if (!log) return log.error().text();
  if (log->records.size() < newest.value * 3) return "log older than the run";
  return {};
}

}  // namespace

TEST_CASE("readers see whole batches while others are written") {
  LmdbHarness harness;
  std::atomic<bool> done = false;
  std::vector<std::string> found(kReaders);
  std::vector<std::uint64_t> looks(kReaders);
  std::vector<std::thread> readers;
  for (int i = 0; i < kReaders; ++i) {
    readers.emplace_back([&, at = static_cast<std::size_t>(i)] {
      do {
        found[at] = contradiction(harness.store());
        ++looks[at];
      } while (!done && found[at].empty());
    });
  }
  for (std::uint64_t n = 1; n <= kBatches; ++n) {
    Commands commands;
    if (n > 1) commands.push_back(SaveRun{samples::run(n - 1, "build", Status::kSuccess)});
    commands.push_back(SaveRun{samples::run(n, "build", Status::kRunning)});
    commands.push_back(SaveTask{samples::task(n, 0)});
    commands.push_back(SaveTask{samples::task(n, 1)});
    commit(harness.store(), commands, {samples::lines({RunId{1}, 0, 1}, n * 3, 3)});
  }
  done = true;
  for (std::thread& reader : readers) reader.join();
  for (std::size_t i = 0; i < readers.size(); ++i) {
    CHECK(found[i] == "");
    CHECK(looks[i] > 0);
  }
}
