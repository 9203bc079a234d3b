#include "store/log_codec.h"

#include <optional>
#include <utility>

#include "store/bytes.h"
#include "store/compression.h"

namespace pawl::store {
namespace {

constexpr std::string_view kNonsense = "its contents make no sense";
constexpr int kLogLevel = 1;
// Below this, zstd's own frame eats what it saves.
constexpr std::size_t kCompressFromBytes = 200;
constexpr std::size_t kLeastRecordBytes = 13;  // stream, time, length
constexpr std::size_t kMaxRawBytes = 2 * limits::kLogChunkBytes;

enum class Packing : std::uint8_t { kPlain = 0, kZstd = 1 };
constexpr int kPackingCount = 2;

struct OpenChunk {
  ChunkHeader header;
  Packing packing = Packing::kPlain;
  std::uint32_t raw_bytes = 0;
  std::string_view payload;
};

Result<OpenChunk> open_chunk(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kLogChunks, key, value));
  OpenChunk chunk;
  ByteReader in(body.bytes);
  chunk.header.records = in.u32();
  chunk.header.text_bytes = in.u32();
  chunk.header.last_time_ns = in.i64();
  chunk.packing = in.choice<Packing>(kPackingCount);
  chunk.raw_bytes = in.u32();
  chunk.payload = in.rest();
  if (in.failed() || chunk.raw_bytes > kMaxRawBytes) {
    return damaged(Table::kLogChunks, key, kNonsense);
  }
  return chunk;
}

std::optional<std::vector<LogRecord>> read_records(std::string_view raw, std::size_t count) {
  if (count > raw.size() / kLeastRecordBytes) return std::nullopt;
  ByteReader in(raw);
  std::vector<LogRecord> records(count);
  for (LogRecord& record : records) {
    const std::uint8_t stream = in.u8();
    if (stream < static_cast<std::uint8_t>(LogStream::kStdout) ||
        stream > static_cast<std::uint8_t>(LogStream::kPawl)) {
      return std::nullopt;
    }
    record.stream = static_cast<LogStream>(stream);
    record.time_ns = in.i64();
    record.text = in.text();
  }
  if (!in.at_end()) return std::nullopt;
  return records;
}

}  // namespace

Record encode_chunk(const AttemptKey& attempt, std::uint64_t sequence,
                    const std::vector<LogRecord>& records) {
  PAWL_ASSERT(!records.empty());
  ChunkHeader header;
  ByteWriter raw;
  for (const LogRecord& record : records) {
    raw.u8(static_cast<std::uint8_t>(record.stream));
    raw.i64(record.time_ns);
    raw.text(record.text);
    header.text_bytes += static_cast<std::uint32_t>(record.text.size());
    ++header.records;
  }
  PAWL_ASSERT(raw.size() <= kMaxRawBytes);
  std::string packed;
  if (raw.size() >= kCompressFromBytes) packed = compress(raw.bytes(), kLogLevel);
  const bool pays = !packed.empty() && packed.size() < raw.size();

  ByteWriter out;
  out.u32(header.records);
  out.u32(header.text_bytes);
  out.i64(records.back().time_ns);
  out.u8(static_cast<std::uint8_t>(pays ? Packing::kZstd : Packing::kPlain));
  out.u32(static_cast<std::uint32_t>(raw.size()));
  out.raw(pays ? packed : raw.bytes());
  std::string key = log_chunk_key(attempt, sequence);
  std::string value = seal(Table::kLogChunks, key, out.bytes());
  return Record{Table::kLogChunks, std::move(key), std::move(value)};
}

Result<ChunkHeader> decode_chunk_header(std::string_view key, std::string_view value) {
  PAWL_TRY(const OpenChunk chunk, open_chunk(key, value));
  return chunk.header;
}

Result<std::vector<LogRecord>> decode_chunk(std::string_view key, std::string_view value) {
  PAWL_TRY(const OpenChunk chunk, open_chunk(key, value));
  std::string unpacked;
  std::string_view raw = chunk.payload;
  if (chunk.packing == Packing::kZstd) {
    auto bytes = decompress(chunk.payload, chunk.raw_bytes);
    if (!bytes) return damaged(Table::kLogChunks, key, bytes.error().message);
    unpacked = std::move(bytes).value();
    raw = unpacked;
  }
  auto records = read_records(raw, chunk.header.records);
  if (!records) return damaged(Table::kLogChunks, key, kNonsense);
  return std::move(*records);
}

Record encode_log_summary(const AttemptKey& attempt, const LogSummary& summary) {
  ByteWriter out;
  out.u64(summary.next);
  out.u64(summary.head_end);
  out.u64(summary.tail_first);
  out.i64(summary.head_cost);
  out.i64(summary.tail_cost);
  out.i64(summary.dropped_text_bytes);
  out.i64(summary.dropped_time_ns);
  out.u32(summary.dropped_last_records);
  out.i64(summary.position.last_time_ns);
  out.u32(summary.position.records_at_last);
  std::string key = attempt_key(attempt);
  std::string value = seal(Table::kLogs, key, out.bytes());
  return Record{Table::kLogs, std::move(key), std::move(value)};
}

Result<LogSummary> decode_log_summary(std::string_view key, std::string_view value) {
  PAWL_TRY(const Body body, unseal(Table::kLogs, key, value));
  LogSummary summary;
  ByteReader in(body.bytes);
  summary.next = in.u64();
  summary.head_end = in.u64();
  summary.tail_first = in.u64();
  summary.head_cost = in.i64();
  summary.tail_cost = in.i64();
  summary.dropped_text_bytes = in.i64();
  summary.dropped_time_ns = in.i64();
  summary.dropped_last_records = in.u32();
  summary.position.last_time_ns = in.i64();
  summary.position.records_at_last = in.u32();
  const bool ordered = summary.head_end <= summary.tail_first &&
                       (summary.head_is_open() || summary.tail_first <= summary.next);
  if (!in.at_end() || !ordered) return damaged(Table::kLogs, key, kNonsense);
  return summary;
}

}  // namespace pawl::store
