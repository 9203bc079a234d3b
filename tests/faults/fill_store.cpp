// Fills a store that does not exist yet, for figures and tests that need a long history at once:
//   fill-store DIRECTORY RUNS [UNFINISHED]
// Of RUNS runs with two tasks each the last UNFINISHED have not ended: the first task runs, the second waits for it.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "store/lmdb_store.h"
#include "support/samples.h"

using namespace pawl;

namespace {

constexpr std::uint64_t kPipelines = 200;
constexpr std::uint64_t kRunsPerCommit = 2000;

Result<void> put(StoreTransaction& transaction, const Commands& commands) {
  for (const Command& command : commands) PAWL_CHECK(transaction.apply(command));
  return {};
}

Commands one_run(std::uint64_t id, bool ended, const PipelinePtr& definition) {
  const std::string pipeline = "pipeline-" + std::to_string(id % kPipelines);
  const Status first = ended ? Status::kSuccess : Status::kRunning;
  Run run = samples::run(id, pipeline, first, TriggerKind::kWebhook);
  run.definition = content_hash(*definition);
  return {SaveRun{run}, SaveTask{samples::task(id, 0, first)},
          SaveTask{samples::task(id, 1, ended ? Status::kSuccess : Status::kPending)},
          SaveAttempt{samples::attempt(id, 0, 1, first)},
          SaveTrigger{pipeline, run.trigger.identity, run.id}};
}

Result<void> fill(Store& store, std::uint64_t runs, std::uint64_t unfinished) {
  const PipelinePtr definition = samples::pipeline_ptr("build");
  for (std::uint64_t id = 1; id <= runs;) {
    PAWL_TRY(const auto transaction, store.begin());
    if (id == 1) PAWL_CHECK(put(*transaction, {SaveDefinition{definition}}));
    for (std::uint64_t i = 0; i < kRunsPerCommit && id <= runs; ++i, ++id) {
      PAWL_CHECK(put(*transaction, one_run(id, id + unfinished <= runs, definition)));
    }
    PAWL_CHECK(transaction->commit());
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) return 2;
  StoreOptions options;
  options.directory = argv[1];
  options.map_bytes = std::size_t{2} << 30;
  auto store = open_store(options);
  const auto filled = store ? fill(**store, std::strtoull(argv[2], nullptr, 10),
                                   argc > 3 ? std::strtoull(argv[3], nullptr, 10) : 0)
                            : Result<void>(store.error());
  if (!filled) std::fprintf(stderr, "%s\n", filled.error().text().c_str());
  return filled ? 0 : 1;
}
