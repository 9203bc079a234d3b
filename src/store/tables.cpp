#include "store/tables.h"

#include "base/log.h"
#include "model/limits.h"

namespace pawl::store {
namespace {

constexpr std::array<const char*, kTableCount> kTableNames = {"meta",
                                                              "runs",
                                                              "runs_by_pipeline",
                                                              "runs_by_status",
                                                              "runs_by_pipeline_status",
                                                              "runs_by_trigger",
                                                              "tasks",
                                                              "attempts",
                                                              "definitions",
                                                              "pipelines",
                                                              "triggers",
                                                              "schedule_marks",
                                                              "sources",
                                                              "logs",
                                                              "log_chunks",
                                                              "suspensions",
                                                              "chain",
                                                              "pruned_runs"};

void append_big_endian(std::string& key, std::uint64_t value, unsigned width) {
  for (unsigned i = width; i-- > 0;) key.push_back(static_cast<char>(value >> (8 * i)));
}

std::uint64_t read_big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (char c : bytes) value = (value << 8) | static_cast<std::uint8_t>(c);
  return value;
}

std::uint32_t read_u32(std::string_view bytes) {
  return static_cast<std::uint32_t>(read_big_endian(bytes.substr(0, 4)));
}

std::string describe_attempt(const AttemptKey& key) {
  return "attempt " + std::to_string(key.attempt) + " of task " + std::to_string(key.task) +
         " of run " + key.run.text();
}

// The run at the end of an index's key, whatever is before it.
std::string describe_index_entry(Table table, std::string_view key) {
  std::string text = std::string("index entry in ") + table_name(table);
  if (key.size() > 8)
    text += " of run " + RunId{read_big_endian(key.substr(key.size() - 8))}.text();
  return text;
}

}  // namespace

const char* table_name(Table table) { return kTableNames[static_cast<std::size_t>(table)]; }

std::string run_key(RunId run) {
  std::string key;
  append_big_endian(key, run.value, 8);
  return key;
}

std::string task_key(RunId run, std::uint32_t task) {
  std::string key = run_key(run);
  append_big_endian(key, task, 4);
  return key;
}

std::string attempt_key(const AttemptKey& attempt) {
  std::string key = task_key(attempt.run, attempt.task);
  append_big_endian(key, attempt.attempt, 4);
  return key;
}

std::string log_chunk_key(const AttemptKey& attempt, std::uint64_t sequence) {
  std::string key = attempt_key(attempt);
  append_big_endian(key, sequence, 8);
  return key;
}

std::string chain_key(std::uint64_t sequence) {
  std::string key;
  append_big_endian(key, sequence, 8);
  return key;
}

std::string hash_key(const Sha256& hash) { return std::string(hash.begin(), hash.end()); }

std::string trigger_key(std::string_view pipeline, std::string_view identity) {
  std::string named(pipeline);
  named.push_back('\0');
  named.append(identity);
  return hash_key(sha256(named));
}

std::string pipeline_prefix(std::string_view pipeline) {
  std::string prefix(pipeline);
  prefix.push_back('\0');
  return prefix;
}

std::string status_prefix(Status status) { return std::string(1, static_cast<char>(status)); }

std::string pipeline_status_prefix(std::string_view pipeline, Status status) {
  return pipeline_prefix(pipeline) + status_prefix(status);
}

std::string trigger_prefix(TriggerKind kind) { return std::string(1, static_cast<char>(kind)); }

std::optional<RunId> parse_run_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return RunId{read_big_endian(key)};
}

std::optional<AttemptKey> parse_task_key(std::string_view key) {
  if (key.size() != 12) return std::nullopt;
  return AttemptKey{RunId{read_big_endian(key.substr(0, 8))}, read_u32(key.substr(8)), 0};
}

std::optional<AttemptKey> parse_attempt_key(std::string_view key) {
  if (key.size() != 16) return std::nullopt;
  return AttemptKey{RunId{read_big_endian(key.substr(0, 8))}, read_u32(key.substr(8)),
                    read_u32(key.substr(12))};
}

std::optional<std::uint64_t> parse_log_chunk_sequence(std::string_view key) {
  if (key.size() != 24) return std::nullopt;
  return read_big_endian(key.substr(16));
}

std::optional<std::uint64_t> parse_chain_key(std::string_view key) {
  if (key.size() != 8) return std::nullopt;
  return read_big_endian(key);
}

std::string describe(Table table, std::string_view key) {
  switch (table) {
    case Table::kMeta:
      return "the store's own record '" + escape_control(key) + "'";
    case Table::kRuns:
      if (const auto run = parse_run_key(key)) return "run " + run->text();
      break;
    case Table::kRunsByPipeline:
    case Table::kRunsByStatus:
    case Table::kRunsByPipelineStatus:
    case Table::kRunsByTrigger:
      return describe_index_entry(table, key);
    case Table::kTasks:
      if (const auto task = parse_task_key(key)) {
        return "task " + std::to_string(task->task) + " of run " + task->run.text();
      }
      break;
    case Table::kAttempts:
      if (const auto attempt = parse_attempt_key(key)) return describe_attempt(*attempt);
      break;
    case Table::kDefinitions:
      return "definition " + hex(key);
    case Table::kPipelines:
      return "pipeline '" + escape_control(key) + "'";
    case Table::kTriggers:
      return "trigger " + hex(key);
    case Table::kScheduleMarks:
      return "schedule mark of pipeline '" + escape_control(key) + "'";
    case Table::kSources:
      return "source '" + escape_control(key) + "'";
    case Table::kLogs:
      if (const auto attempt = parse_attempt_key(key)) {
        return "log summary of " + describe_attempt(*attempt);
      }
      break;
    case Table::kLogChunks:
      if (const auto sequence = parse_log_chunk_sequence(key)) {
        return "log chunk " + std::to_string(*sequence) + " of " +
               describe_attempt(*parse_attempt_key(key.substr(0, 16)));
      }
      break;
    case Table::kSuspensions:
      return "suspension of pipeline '" + escape_control(key) + "'";
    case Table::kChain:
      if (const auto sequence = parse_chain_key(key)) {
        return "entry " + std::to_string(*sequence) + " of the chain";
      }
      break;
    case Table::kPrunedRuns:
      if (const auto run = parse_run_key(key)) return "note that run " + run->text() + " is gone";
      break;
  }
  return std::string("record ") + hex(key) + " in " + table_name(table);
}

Result<void> check_name(std::string_view what, std::string_view name) {
  if (!name.empty() && name.size() <= limits::kNameBytes &&
      name.find('\0') == std::string_view::npos) {
    return {};
  }
  return Error{ErrorKind::kInvalid,
               std::string(what) + "'s name must have 1 to " + std::to_string(limits::kNameBytes) +
                   " bytes and no NUL",
               escape_control(name.substr(0, limits::kNameBytes))};
}

}  // namespace pawl::store
