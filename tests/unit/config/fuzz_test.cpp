// Mutated documents: whatever the bytes, loading ends, keeps its promises, and never crashes.
// Seeded, so that a failure can be repeated: PAWL_FUZZ_SEED, and PAWL_FUZZ_RUNS for longer runs.
#include <algorithm>
#include <cstdlib>
#include <random>
#include <set>
#include <tuple>

#include "config/migration.h"
#include "loading.h"
#include "model/dag.h"
#include "model/expression.h"
#include "model/limits.h"
#include "model/task_policy.h"

using namespace pawl;

namespace {

std::uint64_t number_from_environment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

const std::vector<std::string> kSeeds = {
    R"(name: backup
triggers:
  - {cron: "0 2 * * *", timezone: Europe/Berlin, seconds: false, catchup: all, deadline: 1h}
  - pipeline: {name: build, on: failure}
  - webhook: {path: a/b, provider: github, secret: [x, y]}
concurrency: {group: db, limit: 2, on_conflict: skip}
priority: 7
timeout: 2h
params: [{name: level, type: string, enum: [full, delta], default: delta}]
env: &env {STAGE: prod, N: 1.5}
defaults: {image: "alpine:3.20", cpus: 0.5, memory: 64m, retries: {limit: 3, on: [failed, oom]}}
tasks:
  - &dump
    id: dump
    command: ["pg_dump", "-f", 'x''y']
    env: *env
  - <<: *dump
    id: ship
    script: |
      for i in 1 2; do
        echo "$i" # [
      done
    depends_on: [dump]
    timeout: 10m
)",
    R"(# of an older dialect
pipeline:
  id: Nightly Job   # title
  schedule: [0 2 * * *, "@daily"]
  webhook_path: /hooks/x

  image: alpine:3.20
  tasks:
    - name: Build It   # first
      resources: &small {cpu: 0.5, memory: 64m}
      script: |  # sh
        echo '# none'

      trigger: {type: webhook, token: t}
    # second
    - id: b
      needs: [ Build It,   # one
        ]
      resources: *small
      env: { A: 'x''y', B: "z # \n" }
)",
    R"(name: etl
hosts: {names: ["edge-*", "*"], labels: {}}
params: [{name: level, default: x}]
notify: [{on: [failed], url_secret: hook, format: slack}]
tasks:
  - id: build
    image: "alpine:${{ matrix.v }}"
    matrix: {v: [1, 2], region: [eu, "us/1"]}
    outputs: [version, w-x]
    secrets: [pw, {name: k, file: /run/k}, {name: k, env: KEY}]
    kill_grace: 5s
    allow_failure: true
    command: [echo, "a ${{ params.level }} $${{ ${{ format('{0}', run.attempt) }}"]
  - id: ship
    image: i
    depends_on: [build]
    trigger_rule: one_success
    when: "${{ tasks.build.outputs.version[0] != '' && !contains(env.A, 'b') || failure() }}"
    env: {A: "${{ host.labels.site }}"}
on_exit: [{id: page, image: i, env: {S: "${{ run.status }} ${{ tasks.ship.status }}"}}]
)",
    R"({"name": "p", "tasks": [{"id": "a", "image": "alpine", "command": "x \u00e4 \n"}]})",
    "name: a\ntasks: [{id: a, image: i}]\n---\nname: b\ntasks:\n- id: c\n  image: i\n...\n",
    R"(host: {name: edge-01, labels: {site: berlin}, timezone: UTC}
sources:
  - {name: fleet, url: "https://git.example.net/f.git", ref: main, path: p, auth: {username: u}}
policy: {images: ["alpine:*"], networks: [none, bridge], max: {cpus: 2, memory: 1g}}
http: {listen: 127.0.0.1:7433}
)"};

const std::vector<std::string> kTokens = {"[",
                                          "]",
                                          "{",
                                          "}",
                                          ",",
                                          ": ",
                                          "- ",
                                          "? ",
                                          "\n",
                                          "\n  ",
                                          "\t",
                                          "&a ",
                                          "*a",
                                          "<<: *env",
                                          "!!str ",
                                          "|\n",
                                          ">-\n",
                                          "'",
                                          "\"",
                                          "\\",
                                          "#",
                                          "---\n",
                                          "...\n",
                                          "%YAML 1.2\n",
                                          "~",
                                          "null",
                                          "true",
                                          "0x1f",
                                          "1e9",
                                          "-1",
                                          "99999999999999999999",
                                          "${{ x }}",
                                          "${{",
                                          "}}",
                                          "['",
                                          "params.",
                                          "tasks.build.outputs.",
                                          "matrix",
                                          "success()",
                                          " && ",
                                          "\xff",
                                          "\xc3\xa4",
                                          "\xef\xbb\xbf",
                                          "@",
                                          "`",
                                          "depends_on",
                                          "env",
                                          "id",
                                          "\r\n",
                                          "[[[[[[[[[[[[[[[[",
                                          "- - - - - - - - - - - - - - - - ",
                                          "a: {b: "};

class Mutator {
 public:
  explicit Mutator(std::uint64_t seed) : random_(seed) {}

  std::string next() {
    std::string text = pick(kSeeds);
    if (text.size() > 1 && chance(4)) {
      const std::string& other = pick(kSeeds);
      text = text.substr(0, below(text.size())) + other.substr(below(other.size()));
    }
    for (std::size_t i = 0, count = below(8); i < count; ++i) mutate(text);
    return text;
  }

 private:
  std::size_t below(std::size_t bound) { return bound == 0 ? 0 : random_() % bound; }
  bool chance(std::size_t one_in) { return below(one_in) == 0; }
  const std::string& pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

  void mutate(std::string& text) {
    const std::size_t at = below(text.size() + 1);
    switch (below(7)) {
      case 0:
        text.insert(at, pick(kTokens));
        break;
      case 1:
        text.erase(at, below(20));
        break;
      case 2:
        if (at < text.size()) text[at] = static_cast<char>(random_() & 0xffu);
        break;
      case 3:
        text.insert(below(text.size() + 1), text.substr(at, below(200)));
        break;
      case 4: {
        std::string repeated;
        const std::string& token = pick(kTokens);
        for (std::size_t i = 0, count = below(200); i < count; ++i) repeated += token;
        text.insert(at, repeated);
        break;
      }
      case 5:
        text.resize(at);
        break;
      default:
        if (const std::size_t line = text.find('\n', at); line != std::string::npos) {
          text.insert(line + 1, std::string(below(6), ' '));
        }
        break;
    }
  }

  std::mt19937_64 random_;
};

void check_problems(const std::vector<Problem>& problems, const std::string& text) {
  CHECK(problems.size() <= limits::kYamlProblems);
  CHECK(std::is_sorted(problems.begin(), problems.end(), [](const Problem& a, const Problem& b) {
    return std::tie(a.line, a.column) < std::tie(b.line, b.column);
  }));
  const auto line_count =
      static_cast<std::uint32_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  for (const Problem& problem : problems) {
    CAPTURE(problem.message);
    CHECK_FALSE(problem.message.empty());
    CHECK(problem.message.size() <= limits::kMessageBytes);
    CHECK(problem.line <= line_count);
    CHECK((problem.line == 0) == (problem.column == 0));
    CHECK(std::none_of(problem.message.begin(), problem.message.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20; }));
  }
}

// Whatever loads comes out in today's form, as the same pipelines.
void check_migration(const std::string& text, const PipelineFileResult& result,
                     const HostConfig& host) {
  const Result<std::string> migrated = config::migrate_pipeline_file(text);
  CHECK((migrated ? "" : migrated.error().message) == "");
  if (!migrated) return;
  CAPTURE(*migrated);
  const PipelineFileResult again = load(*migrated, host);
  CHECK(lines(again.problems) == std::vector<std::string>{});
  REQUIRE(again.pipelines.size() == result.pipelines.size());
  for (std::size_t i = 0; i < again.pipelines.size(); ++i) {
    CHECK(content_hash(again.pipelines[i]) == content_hash(result.pipelines[i]));
  }
}

void check_pipeline(const Pipeline& pipeline, const HostConfig& host) {
  CHECK(is_valid_name(pipeline.name));
  CHECK(pipeline.tasks.size() >= 1);
  CHECK(pipeline.tasks.size() <= limits::kTaskInstances);
  CHECK(pipeline.tasks.front().hook == Hook::kNone);
  CHECK(std::is_sorted(pipeline.tasks.begin(), pipeline.tasks.end(),
                       [](const Task& a, const Task& b) { return a.hook < b.hook; }));
  UpstreamLists upstream;
  std::set<std::string> ids;
  for (const Task& task : pipeline.tasks) {
    CHECK(is_valid_name(written_id(task)));
    CHECK(ids.insert(task.id).second);
    CHECK(task.id.size() <= limits::kInstanceIdBytes);
    CHECK(task.base.empty() == task.matrix.empty());
    for (const std::string& argument : task.command) {
      if (task.command.front() != "sh") CHECK(Template::parse(argument).ok());
    }
    for (const auto& [name, value] : task.env) CHECK(Template::parse(value).ok());
    if (!task.when.empty()) CHECK((Template::parse(task.when).ok() && task.when.size() > 5));
    CHECK(policy_refusals(host.policy, task).empty());
    CHECK(task.cpus_milli >= limits::kCpusMinMilli);
    CHECK(task.memory_bytes >= limits::kMemoryMinBytes);
    CHECK(task.timeout_ms >= 1);
    CHECK(task.timeout_ms <= limits::kTimeoutMaxMs);
    CHECK(std::is_sorted(task.upstream.begin(), task.upstream.end()));
    for (std::uint32_t index : task.upstream) {
      REQUIRE(index < pipeline.tasks.size());
      CHECK(pipeline.tasks[index].hook == task.hook);
    }
    upstream.push_back(task.upstream);
  }
  CHECK(find_cycle(upstream).empty());
}

}  // namespace

TEST_CASE("mutated documents") {
  const std::uint64_t seed = number_from_environment("PAWL_FUZZ_SEED", 20'240'229);
  const std::uint64_t runs = number_from_environment("PAWL_FUZZ_RUNS", 3000);
  const HostConfig host = permissive_host();
  std::size_t accepted = 0;
  for (std::uint64_t run = 0; run < runs; ++run) {
    CAPTURE(seed + run);  // PAWL_FUZZ_SEED=this PAWL_FUZZ_RUNS=1 repeats it
    const std::string text = Mutator(seed + run).next();
    const PipelineFileResult result = load(text, host);
    if (!result.problems.empty()) CHECK(result.pipelines.empty());
    if (result.problems.empty()) CHECK(!(result.pipelines.empty() && result.elsewhere.empty()));
    check_problems(result.warnings, text);
    check_problems(result.problems, text);
    for (const Pipeline& pipeline : result.pipelines) check_pipeline(pipeline, host);
    if (result.problems.empty()) check_migration(text, result, host);
    accepted += result.problems.empty() ? 1 : 0;

    const HostConfigResult host_result = parse_host_config(text, "pawl.yaml", {});
    check_problems(host_result.problems, text);
    if (run % 16 == 0) CHECK(load(text, host).problems == result.problems);
  }
  // The mutations are neither all harmless nor all fatal.
  if (runs >= 1000) {
    CHECK(accepted > runs / 50);
    CHECK(accepted < runs / 2);
  }
}
