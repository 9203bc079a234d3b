// parse_pipeline_file: whatever the bytes, it ends with pipelines or with problems that people can read, and a pipeline that
// was read survives the way into the store and back.
#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "config/pipeline_loader.h"
#include "fuzz_target.h"
#include "model/dag.h"
#include "model/limits.h"
#include "model/pipeline_json.h"

using namespace pawl;

namespace {

// Allows what can be allowed, so that as much as possible is read.
const HostConfig& permissive_host() {
  static const HostConfig host = [] {
    HostConfig result;
    result.file = "pawl.yaml";
    result.host_name = "edge-01";
    result.labels = {{"site", "berlin"}};
    result.policy.images = {"*"};
    result.policy.networks = {"none", "bridge"};
    return result;
  }();
  return host;
}

void check_problems(const std::vector<Problem>& problems) {
  PAWL_ASSERT(problems.size() <= limits::kYamlProblems);
  PAWL_ASSERT(
      std::is_sorted(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
        return std::tie(a.line, a.column) < std::tie(b.line, b.column);
      }));
  for (const Problem& problem : problems) {
    check_message(problem.message, limits::kMessageBytes);
    PAWL_ASSERT((problem.line == 0) == (problem.column == 0));
  }
}

void check_pipeline(const Pipeline& pipeline) {
  PAWL_ASSERT(is_valid_name(pipeline.name));
  PAWL_ASSERT(!pipeline.tasks.empty());
  PAWL_ASSERT(pipeline.tasks.size() <= limits::kTaskInstances);
  UpstreamLists upstream;
  for (const Task& task : pipeline.tasks) {
    for (std::uint32_t index : task.upstream) PAWL_ASSERT(index < pipeline.tasks.size());
    upstream.push_back(task.upstream);
  }
  PAWL_ASSERT(find_cycle(upstream).empty());
}

void check_json(const Pipeline& pipeline) {
  const std::string stored = to_json(pipeline).dump();
  const Result<Json> json = Json::parse(stored);
  PAWL_ASSERT(json.ok());
  const Result<Pipeline> loaded = pipeline_from_json(*json);
  PAWL_ASSERT(loaded.ok());
  PAWL_ASSERT(to_json(*loaded).dump() == stored);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Origin origin{"fleet", "pipelines/p.yaml", 0, "abc"};
  const PipelineFileResult result =
      parse_pipeline_file(text_of_input(data, size), origin, permissive_host());
  PAWL_ASSERT(result.problems.empty() || result.pipelines.empty());
  check_problems(result.problems);
  check_problems(result.warnings);
  for (const Pipeline& pipeline : result.pipelines) {
    check_pipeline(pipeline);
    check_json(pipeline);
  }
  return 0;
}
