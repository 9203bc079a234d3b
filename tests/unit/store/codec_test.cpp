// Records of every kind: back as they were, bounded, and never more than kCorrupt for bytes that make no sense.
#include <doctest/doctest.h>

#include <functional>
#include <random>
#include <string>
#include <vector>

#include "model/pipeline_json.h"
#include "store/catalog_codec.h"
#include "store/chain_codec.h"
#include "store/log_codec.h"
#include "store/run_codec.h"
#include "support/samples.h"

using namespace pawl;
using namespace pawl::store;

namespace {

Record sealed(Result<Record> record) {
  REQUIRE(record.ok());
  return std::move(record).value();
}

}  // namespace

TEST_CASE("runs, tasks and attempts come back as they were") {
  StoredRun stored{samples::run(7, "nightly", Status::kFailed, TriggerKind::kCron), WallTime{99}};
  stored.run.reason = Reason::kOom;
  stored.run.definition.fill(0xcd);
  stored.run.stop = RunStop::kCancel;
  const Record run = sealed(encode_run(stored));
  const auto run_back = decode_run(run.key, run.value);
  REQUIRE(run_back.ok());
  CHECK(run_back->run == stored.run);
  CHECK(run_back->created_high == WallTime{99});

  for (int stop = 0; stop < kRunStopCount; ++stop) {
    stored.run.stop = static_cast<RunStop>(stop);
    stored.run.trigger.parent = RunId{6};
    stored.run.trigger.depth = static_cast<std::uint32_t>(stop);
    stored.run.hooks_cancelled = stop == 1;
    const Record stopped = sealed(encode_run(stored));
    CHECK(decode_run(stopped.key, stopped.value)->run == stored.run);
  }

  const Record empty = sealed(encode_run({Run{}, {}}));
  CHECK(decode_run(empty.key, empty.value)->run == Run{});

  TaskState task = samples::task(7, 3, Status::kSkipped);
  for (const Variables& outputs :
       {Variables{}, Variables{{"version", "1.2\n3"}, {"none", ""}},
        Variables(limits::kOutputs, {"name", std::string(limits::kOutputValueBytes, 'x')})}) {
    task.outputs = outputs;
    const Record task_record = sealed(encode_task(task));
    CHECK(*decode_task(task_record.key, task_record.value) == task);
  }

  for (const auto& exit_code :
       {std::optional<std::int32_t>(), std::optional<std::int32_t>(0),
        std::optional<std::int32_t>(-7), std::optional<std::int32_t>(137)}) {
    Attempt attempt = samples::attempt(7, 3, 2, Status::kFailed);
    attempt.exit_code = exit_code;
    attempt.boot_id = "boot";
    attempt.started_mono = MonoTime{5};
    attempt.engine = "engine";
    attempt.log_incomplete = !exit_code;
    if (exit_code) attempt.usage = ResourceUsage{*exit_code, *exit_code + 1, *exit_code + 2};
    attempt.oom_killed = exit_code == 137;
    const Record record = sealed(encode_attempt(attempt));
    CHECK(*decode_attempt(record.key, record.value) == attempt);
  }
}

TEST_CASE("the catalog's records come back as they were") {
  const Pipeline pipeline = samples::pipeline("build");
  const Record definition = sealed(encode_definition(content_hash(pipeline), pipeline));
  const auto back = decode_definition(definition.key, definition.value);
  REQUIRE(back.ok());
  CHECK(to_json(**back) == to_json(pipeline));

  const StoredPipeline in_force{"build", content_hash(pipeline), pipeline.origin};
  const Record pipeline_record = sealed(encode_pipeline(in_force));
  CHECK(*decode_pipeline(pipeline_record.key, pipeline_record.value) == in_force);

  const StoredTrigger trigger{"build", "delivery-1", RunId{9}, WallTime{5}};
  const Record trigger_record = sealed(encode_trigger(trigger));
  CHECK(*decode_trigger(trigger_record.key, trigger_record.value) == trigger);

  const Record mark = sealed(encode_schedule_mark({"build", WallTime{-5}}));
  CHECK(*decode_schedule_mark(mark.key, mark.value) == ScheduleMark{"build", WallTime{-5}});

  SourceState source = samples::source("fleet");
  for (const std::size_t count : {0u, 1u, 2u}) {
    source.elsewhere.assign(count, {"deploy", "deploy.yaml", 3, "hosts.names has core-*"});
    if (count == 2) source.elsewhere[1].refused = true;
    const Record source_record = sealed(encode_source(source));
    CHECK(*decode_source(source_record.key, source_record.value) == source);
  }

  CHECK(*decode_format(encode_format(3).value) == 3);
  CHECK(*decode_instance(encode_instance("0123456789ab").value) == "0123456789ab");
  const LastRun last{RunId{5}, WallTime{6}};
  CHECK(*decode_last_run(encode_last_run(last).value) == last);
}

TEST_CASE("long messages are cut, data that is too large is refused") {
  TaskState task = samples::task(1, 0);
  task.message = std::string(limits::kMessageBytes - 4, 'x') + "\u00e4\u00e4\u00e4";
  const Record record = sealed(encode_task(task));
  const std::string message = decode_task(record.key, record.value)->message;
  CHECK(message == std::string(limits::kMessageBytes - 4, 'x') + "...");

  Run run = samples::run(1);
  run.params.assign(64, {"name", std::string(limits::kValueBytes, 'x')});
  const auto refused = encode_run({run, {}});
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::kTooLarge);
  CHECK(refused.error().context == "run 1");
}

TEST_CASE("a source with endless problems keeps the first and says how many are missing") {
  SourceState source = samples::source("fleet");
  source.problems.assign(20'000, Problem{std::string(2000, 'p'), 1, 2, std::string(2000, 'm')});
  const Record record = sealed(encode_source(source));
  CHECK(record.value.size() <= limits::kRecordBytes + kFrameBytes);
  const auto back = decode_source(record.key, record.value);
  REQUIRE(back.ok());
  const std::size_t kept = back->problems.size() - 1;
  CHECK(kept > 100);
  CHECK(back->problems[0].message.size() == limits::kMessageBytes);
  CHECK(back->problems.back().message == "and " + std::to_string(20'000 - kept) + " more problems");
}

TEST_CASE("of the pipelines for other hosts those that fit are kept, beside endless problems") {
  SourceState source = samples::source("fleet");
  source.problems.assign(20'000, Problem{std::string(2000, 'p'), 1, 2, std::string(2000, 'm')});
  source.elsewhere.assign(limits::kElsewhere,
                          {"deploy", std::string(2000, 'f'), 1, std::string(2000, 'w')});
  const Record record = sealed(encode_source(source));
  CHECK(record.value.size() <= limits::kRecordBytes + kFrameBytes);
  auto back = decode_source(record.key, record.value);
  REQUIRE(back.ok());
  CHECK(back->problems.size() > 100);
  CHECK(back->elsewhere.size() > 100);
  CHECK(back->elsewhere.size() < limits::kElsewhere);
  CHECK(back->elsewhere.back().why.size() == limits::kMessageBytes);

  source.elsewhere.assign(2 * limits::kElsewhere, {"deploy", "deploy.yaml", 1, "another host"});
  const Record many = sealed(encode_source(source));
  back = decode_source(many.key, many.value);
  REQUIRE(back.ok());
  CHECK(back->elsewhere.size() == limits::kElsewhere);
}

TEST_CASE("a definition with as many instances as there may be is within its bound") {
  Pipeline pipeline = samples::pipeline("build");
  const Task task = pipeline.tasks[0];
  pipeline.tasks.clear();
  for (std::size_t i = 0; i < limits::kTaskInstances; ++i) {
    Task instance = task;
    instance.base = "build";
    instance.id = "build[" + std::to_string(i) + "]";
    instance.matrix = {{"number", std::to_string(i)}};
    instance.env.clear();
    for (int j = 0; j < 20; ++j) {
      instance.env.emplace_back("NAME_" + std::to_string(j), std::string(100, 'v'));
    }
    instance.command.push_back(std::string(2000, 'c'));
    pipeline.tasks.push_back(std::move(instance));
  }
  const Sha256 hash = content_hash(pipeline);
  const Record record = sealed(encode_definition(hash, pipeline));
  const auto back = decode_definition(record.key, record.value);
  REQUIRE(back.ok());
  CHECK((*back)->tasks == pipeline.tasks);
  CHECK(content_hash(**back) == hash);
}

TEST_CASE("a definition over its bound is refused, one that compresses well is not a bomb") {
  Pipeline pipeline = samples::pipeline("build");
  pipeline.tasks[0].env.assign(1, {"BIG", std::string(limits::kDefinitionBytes, 'x')});
  const auto refused = encode_definition({}, pipeline);
  REQUIRE_FALSE(refused.ok());
  CHECK(refused.error().kind == ErrorKind::kTooLarge);

  // A record that claims more than may be unpacked.
  const std::string body = std::string("\xff\xff\xff\x7f", 4) + "payload";
  const std::string value = seal(Table::kDefinitions, hash_key({}), body);
  CHECK_FALSE(decode_definition(hash_key({}), value).ok());
}

TEST_CASE("log chunks come back as they were, small and large") {
  const AttemptKey key{RunId{1}, 2, 3};
  for (std::size_t count : {1u, 2u, 20u, 500u}) {
    const std::vector<LogRecord> records = samples::lines(key, 0, count, 100).records;
    const Record record = encode_chunk(key, 5, records);
    CHECK(*decode_chunk(record.key, record.value) == records);
    const auto header = decode_chunk_header(record.key, record.value);
    REQUIRE(header.ok());
    CHECK(header->records == count);
    CHECK(header->text_bytes == count * 100);
    CHECK(header->cost() == static_cast<std::int64_t>(count * 116));
    CHECK(header->last_time_ns == records.back().time_ns);
    if (count == 500) CHECK(record.value.size() < count * 100 / 5);
  }
  std::vector<LogRecord> largest = {
      {LogStream::kStderr, -1, std::string(limits::kLogChunkBytes, 'x')}};
  const Record record = encode_chunk(key, 0, largest);
  CHECK(*decode_chunk(record.key, record.value) == largest);
  CHECK_FALSE(decode_chunk_header(record.key, "short").ok());
}

TEST_CASE("log summaries come back as they were, and contradictions are refused") {
  const AttemptKey key{RunId{1}, 2, 3};
  LogSummary summary{9, 3, 5, 100, 200, 300, 400, 2, {500, 6}};
  CHECK(summary.has_gap());
  const Record record = encode_log_summary(key, summary);
  CHECK(*decode_log_summary(record.key, record.value) == summary);
  const Record fresh = encode_log_summary(key, LogSummary{});
  CHECK(*decode_log_summary(fresh.key, fresh.value) == LogSummary{});
  summary.tail_first = 2;
  const Record crossed = encode_log_summary(key, summary);
  CHECK_FALSE(decode_log_summary(crossed.key, crossed.value).ok());
  summary.tail_first = 10;
  const Record beyond = encode_log_summary(key, summary);
  CHECK_FALSE(decode_log_summary(beyond.key, beyond.value).ok());
}

TEST_CASE("index entries come back as they were") {
  const IndexEntry entry{TriggerKind::kWebhook, WallTime{5}, WallTime{6}};
  const Record record = encode_index_entry(Table::kRunsByStatus, "key", entry);
  CHECK(*decode_index_entry(Table::kRunsByStatus, "key", record.value) == entry);
  CHECK_FALSE(decode_index_entry(Table::kRunsByPipeline, "key", record.value).ok());
}

namespace {

struct Kind {
  Table table;
  std::string key;
  std::string value;
  std::function<bool(std::string_view, std::string_view)> decodes;
};

template <typename Decode>
Kind kind(const Record& record, Decode decode) {
  return {record.table, record.key, record.value,
          [decode](std::string_view key, std::string_view value) {
            const auto result = decode(key, value);
            if (!result) CHECK(result.error().kind == ErrorKind::kCorrupt);
            return result.ok();
          }};
}

Record chain_head() {
  ChainHead head;
  return sign_chain_head(head, SigningKey({}));
}

std::vector<Kind> all_kinds() {
  const AttemptKey key{RunId{1}, 2, 3};
  const Pipeline pipeline = samples::pipeline("build");
  return {
      kind(sealed(encode_run({samples::run(7), WallTime{1}})), decode_run),
      kind(sealed(encode_task(samples::task(7, 1))), decode_task),
      kind(sealed(encode_attempt(samples::attempt(7, 1, 1))), decode_attempt),
      kind(encode_index_entry(Table::kRunsByStatus, "k", {}),
           [](std::string_view k, std::string_view v) {
             return decode_index_entry(Table::kRunsByStatus, k, v);
           }),
      kind(sealed(encode_definition(content_hash(pipeline), pipeline)), decode_definition),
      kind(sealed(encode_pipeline({"build", {}, pipeline.origin})), decode_pipeline),
      kind(sealed(encode_trigger({"build", "id", RunId{1}, {}})), decode_trigger),
      kind(sealed(encode_schedule_mark({"build", {}})), decode_schedule_mark),
      kind(sealed(encode_source(samples::source("fleet"))), decode_source),
      kind(encode_log_summary(key, {}), decode_log_summary),
      kind(encode_chunk(key, 1, samples::lines(key, 0, 2).records), decode_chunk),
      kind(encode_chunk(key, 1, samples::lines(key, 0, 50).records), decode_chunk),
      kind(sealed(encode_suspension({"build", {}})), decode_suspension),
      kind(encode_chain_entry(1, {}, RunSealed{RunId{1}, {}}).record, decode_chain_entry),
      kind(encode_chain_entry(1, {}, Action{{}, "a", "b", "c"}).record, decode_chain_entry),
      kind(encode_chain_entry(1, {}, RunsPruned{{RunId{1}, RunId{2}}}).record, decode_chain_entry),
      kind(chain_head(), [](std::string_view, std::string_view v) { return decode_chain_head(v); }),
      kind(encode_former_instances({"ab"}),
           [](std::string_view, std::string_view v) { return decode_former_instances(v); }),
      kind(encode_format(1), [](std::string_view, std::string_view v) { return decode_format(v); }),
      kind(encode_instance("ab"),
           [](std::string_view, std::string_view v) { return decode_instance(v); }),
      kind(encode_last_run({}),
           [](std::string_view, std::string_view v) { return decode_last_run(v); }),
  };
}

}  // namespace

TEST_CASE("random bytes and random changes are refused by every decoder") {
  std::mt19937 random(42);
  const auto byte = [&] { return static_cast<char>(random()); };
  for (const Kind& kind : all_kinds()) {
    INFO("table " << std::string(table_name(kind.table)));
    REQUIRE(kind.decodes(kind.key, kind.value));
    for (int i = 0; i < 500; ++i) {
      std::string noise(random() % 200, '\0');
      for (char& c : noise) c = byte();
      CHECK_FALSE(kind.decodes(kind.key, noise));
      std::string changed = kind.value;
      changed[random() % changed.size()] ^= static_cast<char>(1 + random() % 255);
      CHECK_FALSE(kind.decodes(kind.key, changed));
    }
  }
}

TEST_CASE("behind a right checksum nonsense is refused as well, or read without harm") {
  std::mt19937 random(43);
  for (const Kind& kind : all_kinds()) {
    INFO("table " << std::string(table_name(kind.table)));
    const std::string body = kind.value.substr(kFrameBytes);
    for (int i = 0; i < 2000; ++i) {
      std::string changed = body;
      switch (random() % 4) {
        case 0:
          changed.resize(random() % (changed.size() + 1));
          break;
        case 1:
          changed.push_back(static_cast<char>(random()));
          break;
        case 2:
          for (char& c : changed) c = static_cast<char>(random());
          break;
        default:
          // Lengths and counts become huge.
          const std::size_t at = random() % changed.size();
          for (std::size_t j = at; j < changed.size() && j < at + 4; ++j) changed[j] = '\xff';
      }
      (void)kind.decodes(kind.key, seal(kind.table, kind.key, changed));
    }
    CHECK_FALSE(kind.decodes(kind.key, seal(kind.table, kind.key, body + "x")));
    CHECK_FALSE(kind.decodes(kind.key, seal(kind.table, kind.key, "")));
  }
}
