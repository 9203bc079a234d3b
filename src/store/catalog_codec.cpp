#include "store/catalog_codec.h"

#include <memory>

#include "base/json.h"
#include "model/pipeline_json.h"
#include "store/bytes.h"
#include "store/compression.h"
#include "store/run_codec.h"

namespace pawl::store {
namespace {

constexpr std::string_view kNonsense = "its contents make no sense";
// Written once for each new content and read at every start: small is worth some milliseconds.
constexpr int kDefinitionLevel = 9;
// Room for a source's other fields, and for what it names of other hosts' pipelines.
constexpr std::size_t kSourceRoomBytes = 16 * 1024;
constexpr std::size_t kElsewhereRoomBytes = 384 * 1024;

Sha256 to_hash(std::string_view bytes) {
  Sha256 hash{};
  for (std::size_t i = 0; i < bytes.size() && i < hash.size(); ++i) {
    hash[i] = static_cast<std::uint8_t>(bytes[i]);
  }
  return hash;
}

Record own_record(std::string_view key, std::string_view body) {
  return Record{Table::kMeta, std::string(key), seal(Table::kMeta, key, body)};
}

void write_problem(ByteWriter& out, const Problem& problem) {
  out.text(clip(problem.file, limits::kSourcePathBytes));
  out.u32(problem.line);
  out.u32(problem.column);
  out.text(clip(problem.message, limits::kMessageBytes));
}

// The problems that fit, with their number before them.
std::string encode_problems(const std::vector<Problem>& problems) {
  ByteWriter list;
  std::uint32_t count = 0;
  for (const Problem& problem : problems) {
    ByteWriter one;
    write_problem(one, problem);
    if (list.size() + one.size() > limits::kRecordBytes - kSourceRoomBytes - kElsewhereRoomBytes)
      break;
    list.raw(one.bytes());
    ++count;
  }
  if (count < problems.size()) {
    const std::size_t left_out = problems.size() - count;
    write_problem(list, {{}, 0, 0, "and " + std::to_string(left_out) + " more problems"});
    ++count;
  }
  ByteWriter out;
  out.u32(count);
  out.raw(list.bytes());
  return out.take();
}

// Those that fit: a pipeline that is not named here is only missed by who asks why it does not run.
std::string encode_elsewhere(const std::vector<Elsewhere>& elsewhere) {
  ByteWriter list;
  std::uint32_t count = 0;
  for (const Elsewhere& other : elsewhere) {
    ByteWriter one;
    one.text(clip(other.pipeline, limits::kNameBytes));
    one.text(clip(other.file, limits::kSourcePathBytes));
    one.u32(other.line);
    one.text(clip(other.why, limits::kMessageBytes));
    one.flag(other.refused);
    if (count == limits::kElsewhere || list.size() + one.size() > kElsewhereRoomBytes) break;
    list.raw(one.bytes());
    ++count;
  }
  ByteWriter out;
  out.u32(count);
  out.raw(list.bytes());
  return out.take();
}

std::vector<Problem> read_problems(ByteReader& in) {
  constexpr std::size_t kLeastBytes = 16;  // two lengths, two numbers
  std::vector<Problem> problems(in.count(kLeastBytes));
  for (Problem& problem : problems) {
    problem.file = in.text();
    problem.line = in.u32();
    problem.column = in.u32();
    problem.message = in.text();
  }
  return problems;
}

std::vector<Elsewhere> read_elsewhere(ByteReader& in, std::uint8_t version) {
  constexpr std::size_t kLeastBytes = 16;  // three lengths, one number
  std::vector<Elsewhere> elsewhere(in.count(kLeastBytes));
  for (Elsewhere& other : elsewhere) {
    other.pipeline = in.text();
    other.file = in.text();
    other.line = in.u32();
    other.why = in.text();
    if (version >= 3) other.refused = in.flag();
  }
  return elsewhere;
}

}  // namespace

Result<Record> encode_definition(const Sha256& hash, const Pipeline& definition) {
  const std::string json = to_json(definition).dump();
  if (json.size() > limits::kDefinitionBytes) {
    return Error{ErrorKind::kTooLarge,
                 "the definition has " + std::to_string(json.size()) +
                     " bytes with all defaults filled in, over the limit of " +
                     std::to_string(limits::kDefinitionBytes),
                 definition.name};
  }
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(json.size()));
  out.raw(compress(json, kDefinitionLevel));
  return make_record(Table::kDefinitions, hash_key(hash), out.bytes(), limits::kDefinitionBytes);
}

Result<PipelinePtr> decode_definition(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kDefinitions, key, value));
  ByteReader in(body.bytes);
  const std::uint32_t json_bytes = in.u32();
  if (in.failed() || json_bytes > limits::kDefinitionBytes) {
    return damaged(Table::kDefinitions, key, kNonsense);
  }
  const auto text = decompress(in.rest(), json_bytes);
  if (!text) return damaged(Table::kDefinitions, key, text.error().message);
  const auto json = Json::parse(*text);
  if (!json) return damaged(Table::kDefinitions, key, json.error().message);
  auto pipeline = pipeline_from_json(*json);
  if (!pipeline) return damaged(Table::kDefinitions, key, pipeline.error().message);
  return PipelinePtr(std::make_shared<const Pipeline>(std::move(pipeline).value()));
}

Result<Record> encode_pipeline(const StoredPipeline& pipeline) {
  PAWL_CHECK(check_name("a pipeline", pipeline.name));
  ByteWriter out;
  out.raw(hash_key(pipeline.definition));
  out.text(pipeline.origin.source);
  out.text(pipeline.origin.file);
  out.u32(pipeline.origin.line);
  out.text(pipeline.origin.revision);
  return make_record(Table::kPipelines, pipeline.name, out.bytes());
}

Result<StoredPipeline> decode_pipeline(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kPipelines, key, value));
  StoredPipeline pipeline;
  ByteReader in(body.bytes);
  pipeline.name = std::string(key);
  pipeline.definition = to_hash(in.raw(sizeof(Sha256)));
  pipeline.origin.source = in.text();
  pipeline.origin.file = in.text();
  pipeline.origin.line = in.u32();
  pipeline.origin.revision = in.text();
  if (!in.at_end()) return damaged(Table::kPipelines, key, kNonsense);
  return pipeline;
}

Result<Record> encode_trigger(const StoredTrigger& trigger) {
  PAWL_CHECK(check_name("a pipeline", trigger.pipeline));
  if (trigger.identity.empty() || trigger.identity.size() > limits::kIdentityBytes) {
    return Error{
        ErrorKind::kInvalid,
        "a trigger's identity must have 1 to " + std::to_string(limits::kIdentityBytes) + " bytes",
        trigger.pipeline};
  }
  ByteWriter out;
  out.u64(trigger.run.value);
  out.i64(trigger.accepted_at.ms);
  out.text(trigger.pipeline);
  out.text(trigger.identity);
  return make_record(Table::kTriggers, trigger_key(trigger.pipeline, trigger.identity),
                     out.bytes());
}

Result<StoredTrigger> decode_trigger(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kTriggers, key, value));
  StoredTrigger trigger;
  ByteReader in(body.bytes);
  trigger.run.value = in.u64();
  trigger.accepted_at.ms = in.i64();
  trigger.pipeline = in.text();
  trigger.identity = in.text();
  if (!in.at_end()) return damaged(Table::kTriggers, key, kNonsense);
  return trigger;
}

Result<Record> encode_schedule_mark(const ScheduleMark& mark) {
  PAWL_CHECK(check_name("a pipeline", mark.first));
  ByteWriter out;
  out.i64(mark.second.ms);
  return make_record(Table::kScheduleMarks, mark.first, out.bytes());
}

Result<ScheduleMark> decode_schedule_mark(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kScheduleMarks, key, value));
  ByteReader in(body.bytes);
  ScheduleMark mark{std::string(key), WallTime{in.i64()}};
  if (!in.at_end()) return damaged(Table::kScheduleMarks, key, kNonsense);
  return mark;
}

Result<Record> encode_suspension(const StoredSuspension& suspension) {
  PAWL_CHECK(check_name("a pipeline", suspension.first));
  ByteWriter out;
  out.i64(suspension.second.since.ms);
  out.text(clip(suspension.second.actor, limits::kMessageBytes));
  return make_record(Table::kSuspensions, suspension.first, out.bytes());
}

Result<StoredSuspension> decode_suspension(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kSuspensions, key, value));
  StoredSuspension suspension;
  ByteReader in(body.bytes);
  suspension.first = std::string(key);
  suspension.second.since.ms = in.i64();
  suspension.second.actor = in.text();
  if (!in.at_end()) return damaged(Table::kSuspensions, key, kNonsense);
  return suspension;
}

Result<Record> encode_source(const SourceState& source) {
  PAWL_CHECK(check_name("a source", source.name));
  ByteWriter out;
  out.text(source.url);
  out.text(source.revision);
  out.i64(source.pulled_at.ms);
  out.i64(source.attempted_at.ms);
  out.text(clip(source.error, limits::kMessageBytes));
  out.u32(source.pipelines);
  out.raw(encode_problems(source.problems));
  out.raw(encode_elsewhere(source.elsewhere));
  return make_record(Table::kSources, source.name, out.bytes());
}

Result<SourceState> decode_source(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kSources, key, value));
  SourceState source;
  ByteReader in(body.bytes);
  source.name = std::string(key);
  source.url = in.text();
  source.revision = in.text();
  source.pulled_at.ms = in.i64();
  source.attempted_at.ms = in.i64();
  source.error = in.text();
  source.pipelines = in.u32();
  source.problems = read_problems(in);
  if (body.version >= 2) source.elsewhere = read_elsewhere(in, body.version);
  if (!in.at_end()) return damaged(Table::kSources, key, kNonsense);
  return source;
}

Record encode_format(std::uint32_t format) {
  ByteWriter out;
  out.u32(format);
  return own_record(kFormatKey, out.bytes());
}

Result<std::uint32_t> decode_format(std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kMeta, kFormatKey, value));
  ByteReader in(body.bytes);
  const std::uint32_t format = in.u32();
  if (!in.at_end()) return damaged(Table::kMeta, kFormatKey, kNonsense);
  return format;
}

Record encode_instance(std::string_view instance_id) {
  ByteWriter out;
  out.text(instance_id);
  return own_record(kInstanceKey, out.bytes());
}

Result<std::string> decode_instance(std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kMeta, kInstanceKey, value));
  ByteReader in(body.bytes);
  std::string instance_id = in.text();
  if (!in.at_end()) return damaged(Table::kMeta, kInstanceKey, kNonsense);
  return instance_id;
}

Record encode_former_instances(const std::vector<std::string>& ids) {
  ByteWriter out;
  out.u32(static_cast<std::uint32_t>(ids.size()));
  for (const std::string& id : ids) out.text(id);
  return own_record(kFormerInstancesKey, out.bytes());
}

Result<std::vector<std::string>> decode_former_instances(std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kMeta, kFormerInstancesKey, value));
  ByteReader in(body.bytes);
  constexpr std::size_t kLeastBytes = 4;  // a length
  std::vector<std::string> ids(in.count(kLeastBytes));
  for (std::string& id : ids) id = in.text();
  if (!in.at_end()) return damaged(Table::kMeta, kFormerInstancesKey, kNonsense);
  return ids;
}

Record encode_last_run(const LastRun& last) {
  ByteWriter out;
  out.u64(last.id.value);
  out.i64(last.created_high.ms);
  return own_record(kLastRunKey, out.bytes());
}

Result<LastRun> decode_last_run(std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kMeta, kLastRunKey, value));
  ByteReader in(body.bytes);
  LastRun last;
  last.id.value = in.u64();
  last.created_high.ms = in.i64();
  if (!in.at_end()) return damaged(Table::kMeta, kLastRunKey, kNonsense);
  return last;
}

}  // namespace pawl::store
