// The tables of the store, each an LMDB database of its own, and what their keys look like. Byte layouts:
// docs/store-format.md. Integers in keys are big-endian, so that LMDB's byte order is their order. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/ids.h"
#include "base/result.h"
#include "model/states.h"

namespace pawl::store {

// The numbers are part of each record's checksum: never reorder, only append.
enum class Table : std::uint8_t {
  kMeta = 0,                  // name
  kRuns = 1,                  // run
  kRunsByPipeline = 2,        // pipeline NUL run
  kRunsByStatus = 3,          // status run
  kRunsByPipelineStatus = 4,  // pipeline NUL status run
  kRunsByTrigger = 5,         // trigger kind, run
  kTasks = 6,                 // run task
  kAttempts = 7,              // run task attempt
  kDefinitions = 8,           // content hash
  kPipelines = 9,             // name
  kTriggers = 10,             // SHA-256 of pipeline NUL identity
  kScheduleMarks = 11,        // pipeline
  kSources = 12,              // name
  kLogs = 13,                 // run task attempt
  kLogChunks = 14,            // run task attempt sequence
  kSuspensions = 15,          // pipeline
  kChain = 16,                // sequence
  kPrunedRuns = 17,           // run
};
inline constexpr std::size_t kTableCount = 18;

// The LMDB database's name.
[[nodiscard]] const char* table_name(Table table);
[[nodiscard]] constexpr std::array<Table, kTableCount> all_tables() {
  std::array<Table, kTableCount> tables{};
  for (std::size_t i = 0; i < kTableCount; ++i) tables[i] = static_cast<Table>(i);
  return tables;
}

[[nodiscard]] std::string run_key(RunId run);
[[nodiscard]] std::string task_key(RunId run, std::uint32_t task);
[[nodiscard]] std::string attempt_key(const AttemptKey& key);
[[nodiscard]] std::string log_chunk_key(const AttemptKey& key, std::uint64_t sequence);
[[nodiscard]] std::string chain_key(std::uint64_t sequence);
[[nodiscard]] std::string hash_key(const Sha256& hash);
[[nodiscard]] std::string trigger_key(std::string_view pipeline, std::string_view identity);

// What comes before the run in a secondary index's key.
[[nodiscard]] std::string pipeline_prefix(std::string_view pipeline);
[[nodiscard]] std::string status_prefix(Status status);
[[nodiscard]] std::string pipeline_status_prefix(std::string_view pipeline, Status status);
[[nodiscard]] std::string trigger_prefix(TriggerKind kind);

// Nothing where the key has another length.
[[nodiscard]] std::optional<RunId> parse_run_key(std::string_view key);
[[nodiscard]] std::optional<AttemptKey> parse_task_key(std::string_view key);  // attempt: 0
[[nodiscard]] std::optional<AttemptKey> parse_attempt_key(std::string_view key);
// The number at the end of a log chunk's key.
[[nodiscard]] std::optional<std::uint64_t> parse_log_chunk_sequence(std::string_view key);

[[nodiscard]] std::optional<std::uint64_t> parse_chain_key(std::string_view key);

// The record in people's words: "task 3 of run 42", "source fleet".
[[nodiscard]] std::string describe(Table table, std::string_view key);

// 1 to limits::kNameBytes bytes without NUL: what a name must be to be part of a key. Error: kInvalid.
[[nodiscard]] Result<void> check_name(std::string_view what, std::string_view name);

}  // namespace pawl::store
