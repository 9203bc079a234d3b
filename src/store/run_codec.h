// Runs, tasks, attempts and index entries as records. Layouts: docs/store-format.md. Pure; any thread.
//
// encode_*: kTooLarge when the whole is over limits::kRecordBytes. Messages for people are cut at limits::kMessageBytes.
// decode_*: kCorrupt, naming the record.
#pragma once

#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "model/run.h"
#include "store/record.h"

namespace pawl::store {

struct StoredRun {
  Run run;
  // The highest created_at of this run and all before it: where the wall clock jumped back, a query by time
  // still knows where it can stop.
  WallTime created_high;
};

// What a secondary index says of a run, so that a query can pass it over without reading it.
struct IndexEntry {
  TriggerKind trigger = TriggerKind::kManual;
  WallTime created_at;
  WallTime created_high;
  bool operator==(const IndexEntry&) const = default;
};

[[nodiscard]] Result<Record> encode_run(const StoredRun& run);
[[nodiscard]] Result<StoredRun> decode_run(std::string_view key, std::string_view value);

[[nodiscard]] Result<Record> encode_task(const TaskState& task);
[[nodiscard]] Result<TaskState> decode_task(std::string_view key, std::string_view value);

[[nodiscard]] Result<Record> encode_attempt(const Attempt& attempt);
[[nodiscard]] Result<Attempt> decode_attempt(std::string_view key, std::string_view value);

[[nodiscard]] Record encode_index_entry(Table table, std::string key, const IndexEntry& entry);
[[nodiscard]] Result<IndexEntry> decode_index_entry(Table table, std::string_view key,
                                                    std::string_view value);

// At most `max_bytes`, whole UTF-8 characters, "..." at the end when something was cut off.
[[nodiscard]] std::string clip(std::string_view text, std::size_t max_bytes);

}  // namespace pawl::store
