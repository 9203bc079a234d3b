// Problem: a task may print gigabytes, or one line every second for a month; both must stay readable while they come, cost a
// bounded space, and survive a kill at any moment. Approach: numbered, compressed chunks; a small summary per attempt
// says which of them are head and tail. The newest chunk grows while it is small, so that slow
// output does not become thousands of records. Rejected: a ring overwritten in place, since a reader's cursor could not
// tell new text from old.
#include "store/log_table.h"

#include <algorithm>
#include <cstdio>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/limits.h"
#include "store/log_codec.h"

namespace pawl::store {
namespace {

using Records = std::vector<LogRecord>;

std::int64_t cost_of(const Records& records) {
  std::int64_t sum = 0;
  for (const LogRecord& record : records) sum += log_cost(record);
  return sum;
}

// Only the engine's own records count: they are what is asked for again after a restart.
void advance(LogPosition& position, const LogRecord& record) {
  if (record.stream == LogStream::kPawl || record.time_ns < position.last_time_ns) return;
  if (record.time_ns > position.last_time_ns) position = {record.time_ns, 0};
  ++position.records_at_last;
}

// The chunks say what is there, but not what was dropped.
Result<LogSummary> rebuild_summary(const Transaction& txn, const AttemptKey& attempt) {
  LogSummary summary;
  const std::string prefix = attempt_key(attempt);
  PAWL_TRY(Cursor cursor, txn.cursor(Table::kLogChunks));
  PAWL_TRY(bool found, cursor.seek(prefix));
  while (found && cursor.key().starts_with(prefix)) {
    const auto sequence = parse_log_chunk_sequence(cursor.key());
    if (sequence) {
      if (*sequence != summary.next && summary.head_is_open()) {
        summary.head_end = summary.next;
        summary.tail_first = *sequence;
      }
      summary.next = *sequence + 1;
    }
    if (const auto records = decode_chunk(cursor.key(), cursor.value())) {
      (summary.head_is_open() ? summary.head_cost : summary.tail_cost) += cost_of(*records);
      for (const LogRecord& record : *records) advance(summary.position, record);
    }
    PAWL_TRY(found, cursor.next());
  }
  return summary;
}

Result<std::optional<LogSummary>> find_summary(const Transaction& txn, const AttemptKey& attempt,
                                               DamageLog& damage) {
  const std::string key = attempt_key(attempt);
  PAWL_TRY(const auto value, txn.get(Table::kLogs, key));
  if (!value) return std::optional<LogSummary>();
  auto summary = decode_log_summary(key, *value);
  if (summary) return std::optional(*summary);
  damage.report(summary.error());
  PAWL_TRY(const LogSummary rebuilt, rebuild_summary(txn, attempt));
  return std::optional(rebuilt);
}

LogRecord note(std::int64_t time_ns, std::string text) {
  return {LogStream::kPawl, time_ns, "[pawl: " + std::move(text) + "]\n"};
}

std::string format_bytes(std::int64_t bytes) {
  char text[32];
  if (bytes < 1000) {
    std::snprintf(text, sizeof text, "%lld bytes", static_cast<long long>(bytes));
  } else if (bytes < 1'000'000) {
    std::snprintf(text, sizeof text, "%.1f kB", static_cast<double>(bytes) / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(bytes) / 1e6);
  }
  return text;
}

LogRecord gap_record(const LogSummary& summary) {
  const std::string what = summary.dropped_text_bytes > 0 ? format_bytes(summary.dropped_text_bytes)
                                                          : "a part whose size is not known";
  return note(summary.dropped_time_ns, what + " left out here");
}

// --- writing ---

class Appender {
 public:
  Appender(Transaction& txn, const AttemptKey& attempt, LogSummary summary,
           std::int64_t limit_bytes)
      : txn_(txn),
        attempt_(attempt),
        summary_(summary),
        half_(std::max<std::int64_t>(limit_bytes / 2, 0)) {
    // Small enough that dropping one chunk leaves the tail nearly whole.
    constexpr std::int64_t kLeastBytes = 512;
    chunk_cost_ =
        std::clamp(half_ / 8, kLeastBytes, static_cast<std::int64_t>(limits::kLogChunkBytes));
  }

  Result<void> append(const Records& records) {
    PAWL_CHECK(reopen_last());
    for (const LogRecord& record : records) {
      PAWL_CHECK(add(record));
      advance(summary_.position, record);
    }
    PAWL_CHECK(flush());
    PAWL_CHECK(drop_oldest());
    const Record summary = encode_log_summary(attempt_, summary_);
    return txn_.put(summary.table, summary.key, summary.value);
  }

 private:
  // Takes the newest chunk back into `pending_` if it is small: it will be written again, under its
  // number, with more in it. Cursors into it stay true.
  Result<void> reopen_last() {
    const std::uint64_t first = summary_.head_is_open() ? 0 : summary_.tail_first;
    if (summary_.next <= first) return {};
    const std::uint64_t last = summary_.next - 1;
    const std::string key = log_chunk_key(attempt_, last);
    PAWL_TRY(const auto value, txn_.get(Table::kLogChunks, key));
    if (!value) return {};
    const auto header = decode_chunk_header(key, *value);
    if (!header || header->cost() >= std::min(limits::kLogMergeBytes, chunk_cost_)) return {};
    auto records = decode_chunk(key, *value);
    if (!records) return {};
    pending_ = std::move(records).value();
    pending_cost_ = header->cost();
    part_cost() -= pending_cost_;
    summary_.next = last;
    return {};
  }

  Result<void> add(const LogRecord& record) {
    const std::int64_t cost = log_cost(record);
    if (summary_.head_is_open() && summary_.head_cost + pending_cost_ + cost > half_) {
      PAWL_CHECK(flush());
      summary_.head_end = summary_.next;
      summary_.tail_first = summary_.next;
    } else if (pending_cost_ + cost > chunk_cost_) {
      PAWL_CHECK(flush());
    }
    pending_.push_back(record);
    pending_cost_ += cost;
    return {};
  }

  Result<void> flush() {
    if (pending_.empty()) return {};
    const Record chunk = encode_chunk(attempt_, summary_.next, pending_);
    PAWL_CHECK(txn_.put(chunk.table, chunk.key, chunk.value));
    part_cost() += pending_cost_;
    ++summary_.next;
    pending_.clear();
    pending_cost_ = 0;
    return {};
  }

  // The newest chunk stays, however small the limit is.
  Result<void> drop_oldest() {
    while (!summary_.head_is_open() && summary_.tail_cost > half_ &&
           summary_.tail_first + 1 < summary_.next) {
      const std::string key = log_chunk_key(attempt_, summary_.tail_first);
      PAWL_TRY(const auto value, txn_.get(Table::kLogChunks, key));
      if (value) count_dropped(decode_chunk_header(key, *value));
      PAWL_CHECK(txn_.remove(Table::kLogChunks, key));
      ++summary_.tail_first;
    }
    return {};
  }

  // A damaged one has no size any more: its share stays counted, and the tail is that much shorter.
  void count_dropped(const Result<ChunkHeader>& header) {
    if (!header) return;
    summary_.tail_cost -= header->cost();
    summary_.dropped_text_bytes += header->text_bytes;
    summary_.dropped_time_ns = header->last_time_ns;
    summary_.dropped_last_records = header->records;
  }

  std::int64_t& part_cost() {
    return summary_.head_is_open() ? summary_.head_cost : summary_.tail_cost;
  }

  Transaction& txn_;
  const AttemptKey& attempt_;
  LogSummary summary_;
  const std::int64_t half_;
  std::int64_t chunk_cost_ = 0;
  Records pending_;
  std::int64_t pending_cost_ = 0;
};

// --- reading ---

class PageBuilder {
 public:
  PageBuilder(const LogCursor& from, std::size_t max_bytes)
      : max_cost_(static_cast<std::int64_t>(max_bytes)) {
    page_.next = from;
    page_.at_end = false;
  }

  // False: the page is full, and the record is not in it.
  bool add(LogRecord record, const LogCursor& after) {
    cost_ += log_cost(record);
    if (!page_.records.empty() && cost_ > max_cost_) return false;
    page_.records.push_back(std::move(record));
    page_.next = after;
    return true;
  }
  [[nodiscard]] const LogCursor& next() const { return page_.next; }
  [[nodiscard]] LogPage finish(bool at_end) {
    page_.at_end = at_end;
    return std::move(page_);
  }

 private:
  const std::int64_t max_cost_;
  std::int64_t cost_ = 0;
  LogPage page_;
};

// Whether a reader at `cursor` has not seen what is missing between the head and the tail.
bool meets_gap(const LogSummary& summary, const LogCursor& cursor) {
  if (!summary.has_gap() || cursor.chunk >= summary.tail_first) return false;
  const bool was_at_its_end =
      cursor.chunk + 1 == summary.tail_first && cursor.record >= summary.dropped_last_records;
  return !was_at_its_end;
}

// False: the page is full.
bool add_chunk(PageBuilder& page, std::uint64_t sequence, Result<Records> records,
               DamageLog& damage) {
  if (!records) {
    damage.report(records.error());
    return page.add(note(0, "a damaged part of the log was left out here"), {sequence + 1, 0});
  }
  const std::uint32_t skip = page.next().chunk == sequence ? page.next().record : 0;
  const auto count = static_cast<std::uint32_t>(records->size());
  for (std::uint32_t i = skip; i < count; ++i) {
    if (!page.add(std::move((*records)[i]), {sequence, i + 1})) return false;
  }
  return true;
}

}  // namespace

Result<void> append_log(Transaction& txn, const LogChunk& chunk, std::int64_t limit_bytes,
                        DamageLog& damage) {
  for (const LogRecord& record : chunk.records) {
    if (record.text.size() > limits::kLogChunkBytes) {
      return Error{ErrorKind::kTooLarge,
                   "a log record of " + std::to_string(record.text.size()) +
                       " bytes is over the store's limit of " +
                       std::to_string(limits::kLogChunkBytes),
                   describe(Table::kLogs, attempt_key(chunk.key))};
    }
  }
  if (chunk.records.empty()) return {};
  PAWL_TRY(const auto summary, find_summary(txn, chunk.key, damage));
  return Appender(txn, chunk.key, summary.value_or(LogSummary{}), limit_bytes)
      .append(chunk.records);
}

Result<LogPage> read_log(const Transaction& txn, const AttemptKey& attempt, const LogCursor& from,
                         std::size_t max_bytes, DamageLog& damage) {
  PageBuilder page(from, max_bytes);
  PAWL_TRY(const auto summary, find_summary(txn, attempt, damage));
  if (!summary) return page.finish(true);
  const std::string prefix = attempt_key(attempt);
  PAWL_TRY(Cursor cursor, txn.cursor(Table::kLogChunks));
  PAWL_TRY(bool found, cursor.seek(log_chunk_key(attempt, from.chunk)));
  while (found && cursor.key().starts_with(prefix)) {
    const auto sequence = parse_log_chunk_sequence(cursor.key());
    if (sequence) {
      if (*sequence >= summary->tail_first && meets_gap(*summary, page.next()) &&
          !page.add(gap_record(*summary), {summary->tail_first, 0})) {
        return page.finish(false);
      }
      if (!add_chunk(page, *sequence, decode_chunk(cursor.key(), cursor.value()), damage)) {
        return page.finish(false);
      }
    }
    PAWL_TRY(found, cursor.next());
  }
  return page.finish(true);
}

Result<LogPosition> read_log_position(const Transaction& txn, const AttemptKey& attempt,
                                      DamageLog& damage) {
  PAWL_TRY(const auto summary, find_summary(txn, attempt, damage));
  return summary ? summary->position : LogPosition{};
}

}  // namespace pawl::store
