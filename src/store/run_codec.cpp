#include "store/run_codec.h"

#include <optional>
#include <utility>

#include "store/bytes.h"

namespace pawl::store {
namespace {

constexpr std::string_view kNonsense = "its contents make no sense";

void write(ByteWriter& out, WallTime time) { out.i64(time.ms); }
WallTime read_time(ByteReader& in) { return WallTime{in.i64()}; }

void write(ByteWriter& out, Status status) { out.u8(static_cast<std::uint8_t>(status)); }
Status read_status(ByteReader& in) { return in.choice<Status>(kStatusCount); }

void write(ByteWriter& out, Reason reason) { out.u8(static_cast<std::uint8_t>(reason)); }
Reason read_reason(ByteReader& in) { return in.choice<Reason>(kReasonCount); }

void write(ByteWriter& out, TriggerKind kind) { out.u8(static_cast<std::uint8_t>(kind)); }
TriggerKind read_trigger_kind(ByteReader& in) { return in.choice<TriggerKind>(kTriggerKindCount); }

void write(ByteWriter& out, const Variables& variables) {
  out.u32(static_cast<std::uint32_t>(variables.size()));
  for (const auto& [name, value] : variables) {
    out.text(name);
    out.text(value);
  }
}

Variables read_variables(ByteReader& in) {
  constexpr std::size_t kLeastBytes = 8;  // two lengths
  Variables variables(in.count(kLeastBytes));
  for (auto& [name, value] : variables) {
    name = in.text();
    value = in.text();
  }
  return variables;
}

void write(ByteWriter& out, const Sha256& hash) { out.raw(hash_key(hash)); }

Sha256 read_hash(ByteReader& in) {
  Sha256 hash{};
  const std::string_view bytes = in.raw(hash.size());
  for (std::size_t i = 0; i < bytes.size(); ++i) hash[i] = static_cast<std::uint8_t>(bytes[i]);
  return hash;
}

void write(ByteWriter& out, const std::optional<ResourceUsage>& usage) {
  const ResourceUsage known = usage.value_or(ResourceUsage{});
  out.flag(usage.has_value());
  out.i64(known.peak_memory_bytes);
  out.i64(known.cpu_ms);
  out.i64(known.throttled_ms);
}

std::optional<ResourceUsage> read_usage(ByteReader& in) {
  const bool is_known = in.flag();
  ResourceUsage usage;
  usage.peak_memory_bytes = in.i64();
  usage.cpu_ms = in.i64();
  usage.throttled_ms = in.i64();
  return is_known ? std::optional(usage) : std::nullopt;
}

void write_message(ByteWriter& out, std::string_view message) {
  out.text(clip(message, limits::kMessageBytes));
}

}  // namespace

std::string clip(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view kMark = "...";
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes - kMark.size();
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0u) == 0x80u) --end;
  return std::string(text.substr(0, end)).append(kMark);
}

Result<Record> encode_run(const StoredRun& stored) {
  const Run& run = stored.run;
  ByteWriter out;
  out.text(run.pipeline);
  write(out, run.status);
  write(out, run.reason);
  write_message(out, run.message);
  write(out, run.trigger.kind);
  out.text(run.trigger.identity);
  write_message(out, run.trigger.actor);
  write(out, run.trigger.scheduled_at);
  out.u64(run.trigger.parent.value);
  out.u32(run.trigger.depth);
  write(out, run.params);
  write(out, run.definition);
  out.text(run.revision);
  write(out, run.created_at);
  write(out, run.started_at);
  write(out, run.ended_at);
  out.u8(static_cast<std::uint8_t>(run.stop));
  write(out, stored.created_high);
  out.flag(run.hooks_cancelled);
  return make_record(Table::kRuns, run_key(run.id), out.bytes());
}

Result<StoredRun> decode_run(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kRuns, key, value));
  const auto id = parse_run_key(key);
  StoredRun stored;
  Run& run = stored.run;
  ByteReader in(body.bytes);
  run.pipeline = in.text();
  run.status = read_status(in);
  run.reason = read_reason(in);
  run.message = in.text();
  run.trigger.kind = read_trigger_kind(in);
  run.trigger.identity = in.text();
  run.trigger.actor = in.text();
  run.trigger.scheduled_at = read_time(in);
  if (body.version >= 2) {
    run.trigger.parent.value = in.u64();
    run.trigger.depth = in.u32();
  }
  run.params = read_variables(in);
  run.definition = read_hash(in);
  run.revision = in.text();
  run.created_at = read_time(in);
  run.started_at = read_time(in);
  run.ended_at = read_time(in);
  // Version 1 had a flag here: cancelled or not.
  run.stop = body.version >= 2 ? in.choice<RunStop>(kRunStopCount)
             : in.flag()       ? RunStop::kCancel
                               : RunStop::kNone;
  stored.created_high = read_time(in);
  if (body.version >= 3) run.hooks_cancelled = in.flag();
  if (!in.at_end() || !id) return damaged(Table::kRuns, key, kNonsense);
  run.id = *id;
  return stored;
}

Result<Record> encode_task(const TaskState& task) {
  ByteWriter out;
  write(out, task.status);
  write(out, task.reason);
  write_message(out, task.message);
  out.u32(task.attempts);
  write(out, task.started_at);
  write(out, task.ended_at);
  write(out, task.retry_at);
  write(out, task.outputs);
  return make_record(Table::kTasks, task_key(task.run, task.index), out.bytes());
}

Result<TaskState> decode_task(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kTasks, key, value));
  const auto place = parse_task_key(key);
  TaskState task;
  ByteReader in(body.bytes);
  task.status = read_status(in);
  task.reason = read_reason(in);
  task.message = in.text();
  task.attempts = in.u32();
  task.started_at = read_time(in);
  task.ended_at = read_time(in);
  task.retry_at = read_time(in);
  if (body.version >= 2) task.outputs = read_variables(in);
  if (!in.at_end() || !place) return damaged(Table::kTasks, key, kNonsense);
  task.run = place->run;
  task.index = place->task;
  return task;
}

Result<Record> encode_attempt(const Attempt& attempt) {
  ByteWriter out;
  write(out, attempt.status);
  write(out, attempt.reason);
  write_message(out, attempt.message);
  out.flag(attempt.exit_code.has_value());
  out.i32(attempt.exit_code.value_or(0));
  out.text(attempt.container_id);
  write(out, attempt.created_at);
  write(out, attempt.started_at);
  write(out, attempt.ended_at);
  out.text(attempt.boot_id);
  out.i64(attempt.started_mono.ms);
  out.text(attempt.engine);
  out.flag(attempt.log_incomplete);
  write(out, attempt.usage);
  out.flag(attempt.oom_killed);
  return make_record(Table::kAttempts, attempt_key(attempt.key), out.bytes());
}

Result<Attempt> decode_attempt(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kAttempts, key, value));
  const auto place = parse_attempt_key(key);
  Attempt attempt;
  ByteReader in(body.bytes);
  attempt.status = read_status(in);
  attempt.reason = read_reason(in);
  attempt.message = in.text();
  const bool has_exit_code = in.flag();
  const std::int32_t exit_code = in.i32();
  if (has_exit_code) attempt.exit_code = exit_code;
  attempt.container_id = in.text();
  attempt.created_at = read_time(in);
  attempt.started_at = read_time(in);
  attempt.ended_at = read_time(in);
  if (body.version >= 2) {
    attempt.boot_id = in.text();
    attempt.started_mono.ms = in.i64();
    attempt.engine = in.text();
    attempt.log_incomplete = in.flag();
  }
  if (body.version >= 3) {
    attempt.usage = read_usage(in);
    attempt.oom_killed = in.flag();
  }
  if (!in.at_end() || !place) return damaged(Table::kAttempts, key, kNonsense);
  attempt.key = *place;
  return attempt;
}

Record encode_index_entry(Table table, std::string key, const IndexEntry& entry) {
  ByteWriter out;
  write(out, entry.trigger);
  write(out, entry.created_at);
  write(out, entry.created_high);
  std::string value = seal(table, key, out.bytes());
  return Record{table, std::move(key), std::move(value)};
}

Result<IndexEntry> decode_index_entry(Table table, std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(table, key, value));
  IndexEntry entry;
  ByteReader in(body.bytes);
  entry.trigger = read_trigger_kind(in);
  entry.created_at = read_time(in);
  entry.created_high = read_time(in);
  if (!in.at_end()) return damaged(table, key, kNonsense);
  return entry;
}

}  // namespace pawl::store
