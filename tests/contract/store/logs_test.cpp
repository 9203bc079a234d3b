// Logs: what was appended is read back page by page, head and tail are kept within the limit, and a reader that
// follows neither loses nor repeats a line that is kept.
#include <doctest/doctest.h>

#include <algorithm>

#include "harness.h"

using namespace pawl;

namespace {

const AttemptKey kKey{RunId{1}, 2, 1};

std::vector<LogRecord> read_all(const Store& store, const AttemptKey& key, LogCursor from = {},
                                std::size_t page_bytes = 1000) {
  std::vector<LogRecord> records;
  for (int pages = 0; pages < 100'000; ++pages) {
    const LogPage page = value_of(store.log(key, from, page_bytes));
    for (const LogRecord& record : page.records) records.push_back(record);
    if (page.at_end) return records;
    REQUIRE(page.next > from);
    from = page.next;
  }
  FAIL("the log never ends");
  return records;
}

void append(Store& store, const LogChunk& chunk) { commit(store, {}, {chunk}); }

std::size_t count_notes(const std::vector<LogRecord>& records) {
  return static_cast<std::size_t>(
      std::count_if(records.begin(), records.end(),
                    [](const LogRecord& record) { return record.stream == LogStream::kPawl; }));
}

}  // namespace

TEST_CASE_TEMPLATE("an attempt without output has an empty log", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  const LogPage page = value_of(harness.store().log(kKey, {3, 1}, 1000));
  CHECK(page.records.empty());
  CHECK(page.at_end);
  CHECK(page.next == LogCursor{3, 1});
  CHECK(value_of(harness.store().log_position(kKey)) == LogPosition{});
}

TEST_CASE_TEMPLATE("a log is read back as it was written", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const std::vector<LogRecord> records = {
      {LogStream::kStdout, 10, "first\n"}, {LogStream::kStderr, 11, "no newline"},
      {LogStream::kStdout, 12, ""},        {LogStream::kStdout, 13, bytes},
      {LogStream::kPawl, 14, "a note\n"},  {LogStream::kStdout, 15, std::string(16 * 1024, 'x')}};
  append(harness.store(), {kKey, {records[0], records[1], records[2]}});
  append(harness.store(), {kKey, {records[3], records[4], records[5]}});
  // Neighbours.
  append(harness.store(), samples::lines({RunId{1}, 2, 2}, 0, 3));
  append(harness.store(), samples::lines({RunId{1}, 1, 1}, 0, 3));
  harness.reopen();
  CHECK(read_all(harness.store(), kKey) == records);
  CHECK(read_all(harness.store(), kKey, {}, 1) == records);
  CHECK(read_all(harness.store(), kKey, {}, 1 << 20) == records);
}

TEST_CASE_TEMPLATE("a page stays within its bound but for its first record", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  append(harness.store(), samples::lines(kKey, 0, 50, 100));
  const LogPage page = value_of(harness.store().log(kKey, {}, 1000));
  std::size_t bytes = 0;
  for (const LogRecord& record : page.records) bytes += record.text.size();
  CHECK(page.records.size() >= 5);
  CHECK(bytes <= 1000);
  CHECK_FALSE(page.at_end);
  const LogPage one = value_of(harness.store().log(kKey, page.next, 0));
  REQUIRE(one.records.size() == 1);
  CHECK(one.records[0] == samples::lines(kKey, page.records.size(), 1).records[0]);
}

TEST_CASE_TEMPLATE("a follower gets each record once, however the output came", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  std::vector<LogRecord> written;
  std::vector<LogRecord> followed;
  LogCursor cursor;
  std::uint64_t line = 0;
  for (std::size_t round = 0; round < 60; ++round) {
    // One line, a few, many: small chunks grow, large ones are split.
    const std::size_t count = round % 7 == 0 ? 300 : 1 + round % 3;
    const LogChunk chunk = samples::lines(kKey, line, count, 80 + round % 50);
    line += count;
    append(harness.store(), chunk);
    written.insert(written.end(), chunk.records.begin(), chunk.records.end());
    if (round % 2 == 1) continue;
    LogPage page;
    do {
      page = value_of(harness.store().log(kKey, cursor, 4096));
      followed.insert(followed.end(), page.records.begin(), page.records.end());
      cursor = page.next;
    } while (!page.at_end);
    CHECK(followed == written);
    // Asked again, nothing comes twice.
    CHECK(value_of(harness.store().log(kKey, cursor, 4096)).records.empty());
  }
}

TEST_CASE_TEMPLATE("the position is where the engine's output ends", Harness, PAWL_BOTH_STORES) {
  Harness harness;
  append(harness.store(), {kKey, {{LogStream::kStdout, 5, "a\n"}, {LogStream::kStderr, 7, "b\n"}}});
  CHECK(value_of(harness.store().log_position(kKey)) == LogPosition{7, 1});
  append(harness.store(),
         {kKey, {{LogStream::kStdout, 7, "c\n"}, {LogStream::kPawl, 99, "note\n"}}});
  CHECK(value_of(harness.store().log_position(kKey)) == LogPosition{7, 2});
  append(harness.store(), {kKey, {{LogStream::kStdout, 6, "late\n"}}});
  CHECK(value_of(harness.store().log_position(kKey)) == LogPosition{7, 2});
  append(harness.store(), {kKey, {{LogStream::kStdout, 8, "d\n"}}});
  harness.reopen();
  CHECK(value_of(harness.store().log_position(kKey)) == LogPosition{8, 1});
}

TEST_CASE_TEMPLATE("of a long log the head and the tail are kept, with one mark between", Harness,
                   PAWL_BOTH_STORES) {
  constexpr std::int64_t kLimit = 64 * 1024;
  constexpr std::size_t kText = 100;
  constexpr std::size_t kLines = 5000;
  Harness harness(kLimit);
  for (std::size_t first = 0; first < kLines; first += 50) {
    append(harness.store(), samples::lines(kKey, first, 50, kText));
  }
  harness.reopen();
  const std::vector<LogRecord> records = read_all(harness.store(), kKey);
  const std::vector<LogRecord> all = samples::lines(kKey, 0, kLines, kText).records;
  REQUIRE(count_notes(records) == 1);
  const auto mark = std::find_if(records.begin(), records.end(), [](const LogRecord& record) {
    return record.stream == LogStream::kPawl;
  });
  const auto head = static_cast<std::size_t>(mark - records.begin());
  const std::size_t tail = records.size() - head - 1;
  CHECK(std::equal(records.begin(), mark, all.begin()));
  CHECK(std::equal(mark + 1, records.end(), all.end() - static_cast<std::ptrdiff_t>(tail)));
  // A record costs 16 bytes more than its text. The tail may lack the chunk that was dropped last.
  const std::size_t half = kLimit / 2 / (kText + 16);
  CHECK(head == half);
  CHECK(tail <= half);
  CHECK(tail >= half * 3 / 4);
  const std::size_t dropped = (kLines - head - tail) * kText;
  char expected[64];
  std::snprintf(expected, sizeof expected, "[pawl: %.1f kB left out here]\n",
                static_cast<double>(dropped) / 1e3);
  CHECK(mark->text == expected);
  CHECK(mark->time_ns == all[kLines - tail - 1].time_ns);
  CHECK(value_of(harness.store().log_position(kKey)) == LogPosition{all.back().time_ns, 1});
}

TEST_CASE_TEMPLATE("a log just within its limit is kept whole", Harness, PAWL_BOTH_STORES) {
  constexpr std::int64_t kLimit = 64 * 1024;
  Harness harness(kLimit);
  // Head and tail of 282 records of 116 bytes each fit.
  for (std::size_t first = 0; first < 564; first += 4) {
    append(harness.store(), samples::lines(kKey, first, 4, 100));
  }
  CHECK(read_all(harness.store(), kKey) == samples::lines(kKey, 0, 564, 100).records);
}

TEST_CASE_TEMPLATE("a cursor into a part that was dropped goes on after the mark", Harness,
                   PAWL_BOTH_STORES) {
  constexpr std::int64_t kLimit = 64 * 1024;
  Harness harness(kLimit);
  append(harness.store(), samples::lines(kKey, 0, 400, 100));
  // The reader has seen the head and the beginning of what is the tail now.
  LogCursor cursor;
  std::size_t seen = 0;
  while (seen < 350) {
    const LogPage page = value_of(harness.store().log(kKey, cursor, 1000));
    REQUIRE_FALSE(page.at_end);
    seen += page.records.size();
    cursor = page.next;
  }
  append(harness.store(), samples::lines(kKey, 400, 2000, 100));
  const std::vector<LogRecord> rest = read_all(harness.store(), kKey, cursor);
  REQUIRE(rest.size() > 2);
  CHECK(rest[0].stream == LogStream::kPawl);
  CHECK(count_notes(rest) == 1);
  const auto tail = static_cast<std::ptrdiff_t>(rest.size() - 1);
  const std::vector<LogRecord> all = samples::lines(kKey, 0, 2400, 100).records;
  CHECK(std::equal(rest.begin() + 1, rest.end(), all.end() - tail));
}

TEST_CASE_TEMPLATE("a follower that keeps up never sees a mark", Harness, PAWL_BOTH_STORES) {
  Harness harness(16 * 1024);
  LogCursor cursor;
  std::vector<LogRecord> followed;
  for (std::uint64_t line = 0; line < 1000; line += 5) {
    append(harness.store(), samples::lines(kKey, line, 5, 100));
    LogPage page;
    do {
      page = value_of(harness.store().log(kKey, cursor, 1 << 20));
      followed.insert(followed.end(), page.records.begin(), page.records.end());
      cursor = page.next;
    } while (!page.at_end);
  }
  CHECK(followed == samples::lines(kKey, 0, 1000, 100).records);
}

TEST_CASE_TEMPLATE("a record that is too large is refused and spoils nothing", Harness,
                   PAWL_BOTH_STORES) {
  Harness harness;
  auto transaction = value_of(harness.store().begin());
  const LogRecord good{LogStream::kStdout, 1, "good\n"};
  const LogRecord huge{LogStream::kStdout, 2, std::string(limits::kLogChunkBytes + 1, 'x')};
  CHECK(kind_of(transaction->append_log({kKey, {good, huge}})) == ErrorKind::kTooLarge);
  require_ok(transaction->append_log({kKey, {good}}));
  require_ok(transaction->append_log({kKey, {}}));
  require_ok(transaction->commit());
  CHECK(read_all(harness.store(), kKey) == std::vector<LogRecord>{good});
}
