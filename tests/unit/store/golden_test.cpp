// The bytes of tests/golden/store/: what this version writes, and what every later one must still read. A file has a line
// "key HEX" and a line "value HEX".
//
// When one differs, the format has drifted: that needs a new record version, a decoder for the old one and an entry in
// docs/store-format.md. The message shows the bytes that are written now.
#include <doctest/doctest.h>

#include <fstream>
#include <string>

#include "model/pipeline_json.h"
#include "store/catalog_codec.h"
#include "store/chain_codec.h"
#include "store/log_codec.h"
#include "store/run_codec.h"
#include "support/samples.h"

using namespace pawl;
using namespace pawl::store;

namespace {

struct Golden {
  std::string key;
  std::string value;
};

std::string unhex(const std::string& digits) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
    bytes.push_back(static_cast<char>(std::stoi(digits.substr(i, 2), nullptr, 16)));
  }
  return bytes;
}

Golden read_golden(const std::string& name) {
  const std::string path = std::string(PAWL_GOLDEN_DIRECTORY) + "/" + name + ".hex";
  std::ifstream file(path);
  std::string word;
  Golden golden;
  std::string digits;
  while (file >> word >> digits) (word == "key" ? golden.key : golden.value) = unhex(digits);
  if (golden.value.empty()) FAIL_CHECK("missing or empty: " << path);
  return golden;
}

Golden check_written(const std::string& name, const Result<Record>& record) {
  REQUIRE(record.ok());
  const Golden golden = read_golden(name);
  INFO(name << ".hex should be:\nkey " << hex(record->key) << "\nvalue " << hex(record->value));
  CHECK(hex(record->key) == hex(golden.key));
  CHECK(hex(record->value) == hex(golden.value));
  return golden;
}

StoredRun golden_run() {
  StoredRun stored{samples::run(258, "nightly", Status::kFailed, TriggerKind::kCron),
                   WallTime{samples::kStartMs + 300'000}};
  stored.run.reason = Reason::kExitCode;
  stored.run.message = "task 'build' failed";
  stored.run.trigger.scheduled_at = WallTime{samples::kStartMs};
  stored.run.definition.fill(0xab);
  stored.run.stop = RunStop::kCancel;
  return stored;
}

StoredRun replaced_run() {
  StoredRun stored = golden_run();
  stored.run.stop = RunStop::kReplace;
  stored.run.trigger.parent = RunId{257};
  stored.run.trigger.depth = 3;
  return stored;
}

TaskState golden_task() {
  TaskState task = samples::task(258, 3, Status::kPending);
  task.reason = Reason::kTimeout;
  task.retry_at = WallTime{samples::kStartMs + 5};
  return task;
}

Attempt golden_attempt() {
  Attempt attempt = samples::attempt(258, 3, 2, Status::kFailed);
  attempt.boot_id = "0d1c9d4e-7f3b-4a55-9c0e-2f6f0b1d8a77";
  attempt.started_mono = MonoTime{123'456};
  attempt.engine = "engine-1";
  attempt.log_incomplete = true;
  return attempt;
}

const AttemptKey kAttempt{RunId{258}, 3, 2};

}  // namespace

TEST_CASE("run records of version 1 are read") {
  const Golden golden = read_golden("run-v1");
  const auto back = decode_run(golden.key, golden.value);
  REQUIRE(back.ok());
  CHECK(back->run == golden_run().run);
  CHECK(back->created_high == golden_run().created_high);
}

TEST_CASE("run records of version 2 are read") {
  const Golden golden = read_golden("run-v2");
  const auto back = decode_run(golden.key, golden.value);
  REQUIRE(back.ok());
  CHECK(back->run == replaced_run().run);
  CHECK(back->created_high == replaced_run().created_high);
}

TEST_CASE("run records are written and read as ever") {
  StoredRun stored = replaced_run();
  stored.run.hooks_cancelled = true;
  const Golden golden = check_written("run-v3", encode_run(stored));
  const auto back = decode_run(golden.key, golden.value);
  REQUIRE(back.ok());
  CHECK(back->run == stored.run);
  CHECK(back->created_high == stored.created_high);
}

TEST_CASE("task records of version 1 are read") {
  const Golden golden = read_golden("task-v1");
  CHECK(*decode_task(golden.key, golden.value) == golden_task());
}

TEST_CASE("task records are written and read as ever") {
  TaskState task = golden_task();
  task.outputs = {{"version", "1.2"}, {"empty", ""}};
  const Golden golden = check_written("task-v2", encode_task(task));
  CHECK(*decode_task(golden.key, golden.value) == task);
}

TEST_CASE("attempt records of version 1 are read") {
  const Golden golden = read_golden("attempt-v1");
  CHECK(*decode_attempt(golden.key, golden.value) == samples::attempt(258, 3, 2, Status::kFailed));
}

TEST_CASE("attempt records of version 2 are read") {
  const Golden golden = read_golden("attempt-v2");
  CHECK(*decode_attempt(golden.key, golden.value) == golden_attempt());
}

TEST_CASE("attempt records are written and read as ever") {
  Attempt attempt = golden_attempt();
  attempt.usage = ResourceUsage{64 << 20, 1'234, 56};
  attempt.oom_killed = true;
  const Golden golden = check_written("attempt-v3", encode_attempt(attempt));
  CHECK(*decode_attempt(golden.key, golden.value) == attempt);
}

TEST_CASE("index entries are written and read as ever") {
  const IndexEntry entry{TriggerKind::kCron, WallTime{samples::kStartMs},
                         WallTime{samples::kStartMs + 1}};
  const std::string key = pipeline_status_prefix("nightly", Status::kFailed) + run_key(RunId{258});
  const Golden golden =
      check_written("index-v1", encode_index_entry(Table::kRunsByPipelineStatus, key, entry));
  CHECK(*decode_index_entry(Table::kRunsByPipelineStatus, golden.key, golden.value) == entry);
}

TEST_CASE("definitions of old are read") {
  // Read only: what zstd writes may change with its version.
  const Golden golden = read_golden("definition-v1");
  const auto back = decode_definition(golden.key, golden.value);
  REQUIRE(back.ok());
  CHECK(to_json(**back) == to_json(samples::pipeline("nightly")));
}

TEST_CASE("pipelines in force are written and read as ever") {
  StoredPipeline pipeline{"nightly", {}, samples::pipeline("nightly").origin};
  pipeline.definition.fill(0xab);
  const Golden golden = check_written("pipeline-v1", encode_pipeline(pipeline));
  CHECK(*decode_pipeline(golden.key, golden.value) == pipeline);
}

TEST_CASE("triggers are written and read as ever") {
  const StoredTrigger trigger{"nightly", "cron:2023-11-14T22:13:20.000Z", RunId{258},
                              WallTime{samples::kStartMs}};
  const Golden golden = check_written("trigger-v1", encode_trigger(trigger));
  CHECK(*decode_trigger(golden.key, golden.value) == trigger);
}

TEST_CASE("schedule marks are written and read as ever") {
  const ScheduleMark mark{"nightly", WallTime{samples::kStartMs}};
  const Golden golden = check_written("schedule-mark-v1", encode_schedule_mark(mark));
  CHECK(*decode_schedule_mark(golden.key, golden.value) == mark);
}

TEST_CASE("sources of version 1 are read") {
  const Golden golden = read_golden("source-v1");
  CHECK(*decode_source(golden.key, golden.value) == samples::source("fleet"));
}

TEST_CASE("sources of version 2 are read") {
  SourceState source = samples::source("fleet");
  source.elsewhere = {{"deploy", "pipelines/deploy.yaml", 7, "hosts.names has core-*"}};
  const Golden golden = read_golden("source-v2");
  CHECK(*decode_source(golden.key, golden.value) == source);
}

TEST_CASE("sources are written and read as ever") {
  SourceState source = samples::source("fleet");
  source.elsewhere = {{"deploy", "pipelines/deploy.yaml", 7, "hosts.names has core-*"},
                      {"mine", "pipelines/mine.yaml", 1, "too much memory", true}};
  const Golden golden = check_written("source-v3", encode_source(source));
  CHECK(*decode_source(golden.key, golden.value) == source);
}

TEST_CASE("log summaries are written and read as ever") {
  const LogSummary summary{9, 3, 5, 100, 200, 300, samples::kStartMs, 2, {samples::kStartMs, 6}};
  const Golden golden = check_written("log-v1", encode_log_summary(kAttempt, summary));
  CHECK(*decode_log_summary(golden.key, golden.value) == summary);
}

TEST_CASE("log chunks are written and read as ever") {
  const std::vector<LogRecord> plain = {{LogStream::kStdout, samples::kStartMs, "out\n"},
                                        {LogStream::kStderr, samples::kStartMs + 1, "err"},
                                        {LogStream::kPawl, samples::kStartMs + 2, "note\n"}};
  const Golden golden = check_written("log-chunk-plain-v1", encode_chunk(kAttempt, 7, plain));
  CHECK(*decode_chunk(golden.key, golden.value) == plain);
  const Golden packed = read_golden("log-chunk-zstd-v1");
  CHECK(*decode_chunk(packed.key, packed.value) == samples::lines(kAttempt, 0, 20).records);
}

TEST_CASE("the store's own records are written and read as ever") {
  CHECK(*decode_format(check_written("format-v1", encode_format(1)).value) == 1);
  CHECK(*decode_former_instances(
            check_written("former-instances-v1",
                          encode_former_instances({"0123456789ab", "ba9876543210"}))
                .value) == std::vector<std::string>{"0123456789ab", "ba9876543210"});
  CHECK(*decode_instance(check_written("instance-v1", encode_instance("0123456789ab")).value) ==
        "0123456789ab");
  const LastRun last{RunId{258}, WallTime{samples::kStartMs}};
  CHECK(*decode_last_run(check_written("last-run-v1", encode_last_run(last)).value) == last);
}

TEST_CASE("suspensions are written and read as ever") {
  const StoredSuspension suspension{"nightly", {WallTime{samples::kStartMs}, "uid 1000"}};
  const Golden golden = check_written("suspension-v1", encode_suspension(suspension));
  CHECK(*decode_suspension(golden.key, golden.value) == suspension);
}

TEST_CASE("the chain is written and read as ever") {
  Sha256 previous{};
  previous.fill(0x11);
  RunSealed sealed{RunId{258}, {}};
  sealed.digest.fill(0xab);
  const Action action{WallTime{samples::kStartMs}, "uid 1000", "cancel", "run 17"};
  const RunsPruned pruned{{RunId{3}, RunId{5}}};
  const std::pair<const char*, ChainFact> facts[] = {
      {"chain-run-v1", sealed}, {"chain-action-v1", action}, {"chain-pruned-v1", pruned}};
  for (const auto& [name, fact] : facts) {
    const SealedEntry entry = encode_chain_entry(7, previous, fact);
    const Golden golden = check_written(name, entry.record);
    const auto back = decode_chain_entry(golden.key, golden.value);
    REQUIRE(back.ok());
    CHECK(back->fact == fact);
    CHECK(back->hash == entry.hash);
    CHECK(chain_hash(previous, back->bytes) == entry.hash);
  }

  SigningKey::Seed seed{};
  seed.fill(0x42);
  ChainHead head{{3, previous}, {7, sealed.digest}, RunId{2}, 5, 1, {}, {}};
  const Record record = sign_chain_head(head, SigningKey(seed));
  const Golden golden = check_written("chain-head-v1", record);
  const auto back = decode_chain_head(golden.value);
  REQUIRE(back.ok());
  CHECK(*back == head);
  CHECK(has_good_signature(*back));
}
