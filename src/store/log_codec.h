// Log chunks and log summaries as records. Layouts: docs/store-format.md. Pure; any thread.
// decode_*: kCorrupt, naming the record.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "model/log_chunk.h"
#include "store/record.h"

namespace pawl::store {

// What one record of a log counts against the limits: its text and the frame around it, as LogChunk::bytes() counts.
[[nodiscard]] inline std::int64_t log_cost(const LogRecord& record) {
  return static_cast<std::int64_t>(record.text.size()) + 16;
}

// A chunk without its records: all that dropping it needs.
struct ChunkHeader {
  std::uint32_t records = 0;
  std::uint32_t text_bytes = 0;
  std::int64_t last_time_ns = 0;  // of its last record
  [[nodiscard]] std::int64_t cost() const { return text_bytes + std::int64_t{16} * records; }
  bool operator==(const ChunkHeader&) const = default;
};

// `records`: not empty, texts of at most limits::kLogChunkBytes in sum, or one record.
[[nodiscard]] Record encode_chunk(const AttemptKey& attempt, std::uint64_t sequence,
                                  const std::vector<LogRecord>& records);
[[nodiscard]] Result<ChunkHeader> decode_chunk_header(std::string_view key, std::string_view value);
[[nodiscard]] Result<std::vector<LogRecord>> decode_chunk(std::string_view key,
                                                          std::string_view value);

// One attempt's log as a whole. Its chunks are numbered from 0: the head [0, head_end), then, when something was
// dropped, a gap, then the tail [tail_first, next).
struct LogSummary {
  static constexpr std::uint64_t kOpen = std::numeric_limits<std::uint64_t>::max();

  std::uint64_t next = 0;
  std::uint64_t head_end = kOpen;    // kOpen: the head still grows and there is no tail
  std::uint64_t tail_first = kOpen;  // as head_end until something is dropped
  std::int64_t head_cost = 0;
  std::int64_t tail_cost = 0;
  std::int64_t dropped_text_bytes = 0;
  std::int64_t dropped_time_ns = 0;        // of the last record that was dropped
  std::uint32_t dropped_last_records = 0;  // in the last chunk that was dropped
  LogPosition position;

  [[nodiscard]] bool head_is_open() const { return head_end == kOpen; }
  [[nodiscard]] bool has_gap() const { return tail_first != head_end; }
  bool operator==(const LogSummary&) const = default;
};

[[nodiscard]] Record encode_log_summary(const AttemptKey& attempt, const LogSummary& summary);
[[nodiscard]] Result<LogSummary> decode_log_summary(std::string_view key, std::string_view value);

}  // namespace pawl::store
