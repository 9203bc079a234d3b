#include "exec/log_collector.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <vector>

#include "model/limits.h"
#include "support/manual_clock.h"
#include "support/recording_sink.h"

using namespace pawl;

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStartMs = 1'700'000'000'000;
constexpr std::int64_t kStart = kStartMs * kMs;

const AttemptKey kKey{RunId{1}, 0, 1};

LogRecord record(std::int64_t time_ns, std::string text, LogStream stream = LogStream::kStdout) {
  return LogRecord{stream, time_ns, std::move(text)};
}

struct Fixture {
  ManualClock clock{kStartMs};
  RecordingSink sink;
  bool watch_says = true;
  int watched = 0;

  LogCollector make(const LogPosition& from = {}) {
    return LogCollector(kKey, sink, clock, from, [this] {
      ++watched;
      return watch_says;
    });
  }
};

// What the store would say after having taken the first `count` of these records.
LogPosition position_after(const std::vector<LogRecord>& records, std::size_t count) {
  LogPosition position;
  for (std::size_t i = 0; i < count; ++i) {
    const bool same = records[i].time_ns == position.last_time_ns;
    position = {records[i].time_ns, same ? position.records_at_last + 1 : 1};
  }
  return position;
}

// Follows the whole log once, from the given position.
std::vector<LogRecord> follow(Fixture& fixture, const std::vector<LogRecord>& log,
                              const LogPosition& from) {
  LogCollector collector = fixture.make(from);
  (void)collector.begin_stream();
  for (LogRecord each : log) REQUIRE(collector.take(std::move(each)));
  collector.end_of_log();
  REQUIRE(collector.flush());
  CHECK_FALSE(collector.incomplete());
  return fixture.sink.records();
}

}  // namespace

TEST_CASE("records gather until the chunk is full") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  const std::string text(1000, 'x');
  for (int i = 0; i < 200; ++i) REQUIRE(collector.take(record(kStart + i, text)));
  REQUIRE(collector.flush());
  std::size_t chunks = 0;
  for (const auto& item : fixture.sink.items()) {
    const auto& chunk = std::get<LogChunk>(item);
    CHECK(chunk.key == kKey);
    CHECK(chunk.bytes() <= limits::kLogChunkBytes);
    ++chunks;
  }
  CHECK(chunks == 4);
  CHECK(fixture.sink.records().size() == 200);
  CHECK(collector.taken() == 200);
}

TEST_CASE("a pending record is posted after the flush time, not before") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  REQUIRE(collector.take(record(kStart, "a")));
  CHECK(collector.before_wait() == limits::kLogFlushMs);
  fixture.clock.advance_ms(limits::kLogFlushMs - 1);
  REQUIRE(collector.take(record(kStart + 1, "b")));
  CHECK(collector.before_wait() == 1);
  CHECK(fixture.sink.records().empty());
  fixture.clock.advance_ms(1);
  // Counted from the first record, so that a steady trickle is seen too.
  CHECK(collector.before_wait().value() > limits::kLogFlushMs);
  CHECK(fixture.sink.output() == "ab");
}

TEST_CASE("silence: the container is looked at now and then, and nothing else wakes up") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  CHECK(collector.before_wait() == limits::kLogWatchMs);
  fixture.clock.advance_ms(limits::kLogWatchMs - 10);
  CHECK(collector.before_wait() == 10);
  CHECK(fixture.watched == 0);
  fixture.clock.advance_ms(10);
  CHECK(collector.before_wait() == limits::kLogWatchMs);
  CHECK(fixture.watched == 1);
  fixture.watch_says = false;
  fixture.clock.advance_ms(limits::kLogWatchMs);
  CHECK_FALSE(collector.before_wait());
}

TEST_CASE("a sink that takes nothing any more ends the stream") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  REQUIRE(collector.take(record(kStart, "a")));
  fixture.sink.close();
  fixture.clock.advance_ms(limits::kLogFlushMs);
  CHECK_FALSE(collector.before_wait());
  CHECK_FALSE(collector.take(record(kStart, "b")));
  CHECK_FALSE(collector.flush());
}

TEST_CASE("a log that is read again goes on exactly where it stopped, wherever that was") {
  // Several records of one time (a long line's parts), stderr stamped before and logged after stdout.
  const std::vector<LogRecord> log = {record(kStart + 1, "a"),
                                      record(kStart + 1, "b"),
                                      record(kStart + 1, "c"),
                                      record(kStart + 900, "d"),
                                      record(kStart + 700, "e", LogStream::kStderr),
                                      record(kStart + 900, "f"),
                                      record(kStart + 900, "g"),
                                      record(kStart + 800, "h"),
                                      record(kStart + 2000, "i"),
                                      record(kStart + 2000, "j")};
  Fixture whole;
  const std::vector<LogRecord> once = follow(whole, log, {});
  REQUIRE(once.size() == log.size());
  CHECK(whole.sink.output() == "abcdefghij");
  CHECK(std::is_sorted(once.begin(), once.end(),
                       [](const auto& a, const auto& b) { return a.time_ns < b.time_ns; }));
  for (std::size_t stored = 0; stored <= log.size(); ++stored) {
    CAPTURE(stored);
    Fixture fixture;
    const std::vector<LogRecord> rest = follow(fixture, log, position_after(once, stored));
    CHECK(rest ==
          std::vector<LogRecord>(once.begin() + static_cast<std::ptrdiff_t>(stored), once.end()));
  }
}

TEST_CASE("the same within one attempt, when the connection breaks") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  const std::vector<LogRecord> log = {record(kStart + 1, "a"), record(kStart + 2, "b"),
                                      record(kStart + 2, "c"), record(kStart + 3, "d")};
  for (std::size_t until = 1; until <= log.size(); ++until) {
    (void)collector.begin_stream();
    for (std::size_t i = 0; i < until; ++i) {
      LogRecord each = log[i];
      REQUIRE(collector.take(std::move(each)));
    }
  }
  REQUIRE(collector.flush());
  CHECK(fixture.sink.output() == "abcd");
  CHECK(collector.taken() == 4);
  CHECK_FALSE(collector.incomplete());
}

TEST_CASE(
    "the log is read again from a moment before, or from its start where the clock was set back") {
  constexpr std::int64_t kMoment = 2000 * kMs;
  Fixture fixture;
  LogCollector collector = fixture.make(LogPosition{kStart, 1});
  CHECK(collector.begin_stream() == 0);  // what an earlier agent has seen is not known
  REQUIRE(collector.take(record(kStart, "a")));
  REQUIRE(collector.take(record(kStart + 9 * kMs, "b")));
  REQUIRE(collector.take(record(kStart + 8 * kMs, "c")));  // jitter
  CHECK(collector.begin_stream() == kStart + 9 * kMs - kMoment);
  REQUIRE(collector.take(record(kStart + 9 * kMs, "b")));
  REQUIRE(collector.take(record(kStart + 8 * kMs, "c")));
  fixture.clock.set_wall_ms(kStartMs - 5000);
  REQUIRE(collector.take(record(kStart - 5000 * kMs, "d")));
  CHECK(collector.begin_stream() == 0);
  REQUIRE(collector.flush());
  CHECK(fixture.sink.output() == "bcd");

  // A clock that was set back in the part that an earlier agent has stored.
  Fixture later;
  LogCollector resumed = later.make(LogPosition{kStart, 2});
  CHECK(resumed.begin_stream() == 0);
  REQUIRE(resumed.take(record(kStart, "a")));
  REQUIRE(resumed.take(record(kStart - 5000 * kMs, "d")));
  CHECK(resumed.begin_stream() == 0);

  Fixture fresh;
  LogCollector first = fresh.make();
  CHECK(first.begin_stream() == 0);
  CHECK(first.begin_stream() == 0);
}

TEST_CASE("an old file that is gone is no reason to lose the rest, but it is said, once") {
  // Three records of that time were taken.
  const LogPosition stored{kStart + 5, 3};
  struct Row {
    const char* what;
    std::vector<LogRecord> log;
    const char* output;
    bool gap;
  };
  const LogRecord at_last = record(kStart + 5, "x");
  const LogRecord later = record(kStart + 9, "later");
  for (const Row& row : std::vector<Row>{
           {"all there", {record(kStart, "a"), at_last, at_last, at_last, later}, "later", false},
           {"older ones gone", {at_last, at_last, at_last, later}, "later", false},
           {"nothing new", {at_last, at_last, at_last}, "", false},
           {"more at that time", {at_last, at_last, at_last, at_last}, "x", false},
           {"one of the three gone", {at_last, at_last, later}, "later", true},
           {"all gone", {later, record(kStart + 10, "!")}, "later!", true},
           {"an empty log", {}, "", true}}) {
    CAPTURE(row.what);
    Fixture fixture;
    LogCollector collector = fixture.make(stored);
    for (int stream = 0; stream < 2; ++stream) {
      (void)collector.begin_stream();
      for (LogRecord each : row.log) REQUIRE(collector.take(std::move(each)));
    }
    collector.end_of_log();
    REQUIRE(collector.flush());
    CHECK(collector.incomplete() == row.gap);
    CHECK(fixture.sink.output() == row.output);
    const std::string notes = fixture.sink.notes();
    CHECK(std::count(notes.begin(), notes.end(), '\n') == (row.gap ? 1 : 0));
  }
}

TEST_CASE("a stream that breaks off before the place is reached is no gap") {
  Fixture fixture;
  LogCollector collector = fixture.make(LogPosition{kStart + 5, 1});
  (void)collector.begin_stream();
  REQUIRE(collector.take(record(kStart, "a")));
  (void)collector.begin_stream();
  REQUIRE(collector.take(record(kStart, "a")));
  REQUIRE(collector.take(record(kStart + 5, "b")));
  REQUIRE(collector.take(record(kStart + 6, "c")));
  collector.end_of_log();
  REQUIRE(collector.flush());
  CHECK_FALSE(collector.incomplete());
  CHECK(fixture.sink.output() == "c");
}

TEST_CASE("the host's clock is set back: nothing is dropped, and it can still be resumed") {
  const std::int64_t hour = 3'600'000 * kMs;
  const std::vector<LogRecord> log = {record(kStart, "a"), record(kStart + 1, "b"),
                                      record(kStart - hour, "c"), record(kStart - hour + 5, "d"),
                                      record(kStart - hour + 9, "e")};
  const auto at_that_time = [&](Fixture& fixture) {
    fixture.clock.set_wall_ms(kStartMs - 3'600'000);
  };
  Fixture whole;
  at_that_time(whole);
  const std::vector<LogRecord> once = follow(whole, log, {});
  CHECK(whole.sink.output() == "abcde");
  for (std::size_t stored = 0; stored <= log.size(); ++stored) {
    CAPTURE(stored);
    Fixture fixture;
    at_that_time(fixture);
    CHECK(follow(fixture, log, position_after(once, stored)).size() == log.size() - stored);
    Fixture later;
    later.clock.set_wall_ms(kStartMs + 7'200'000);
    CHECK(follow(later, log, position_after(once, stored)).size() == log.size() - stored);
  }
}

TEST_CASE("an engine that repeats a part of a log it cannot keep up with does not double it") {
  Fixture fixture;
  fixture.clock.set_wall_ms(kStartMs + 3'600'000);
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  const auto at = [](int i) {
    return record(kStart + i * 100 * kMs,
                  std::to_string(i) + std::string(limits::kLogLineBytes, ' '));
  };
  for (int i = 0; i < 1000; ++i) REQUIRE(collector.take(at(i)));
  for (int i = 300; i < 1500; ++i) REQUIRE(collector.take(at(i)));
  REQUIRE(collector.flush());
  const auto records = fixture.sink.records();
  REQUIRE(records.size() == 1500);
  CHECK_FALSE(collector.incomplete());
  for (int i = 0; i < 1500; ++i) REQUIRE(records[static_cast<std::size_t>(i)] == at(i));
}

TEST_CASE("output that may be incomplete is said to be so, once") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  const std::string text(limits::kLogLineBytes, 'x');
  const auto print_file = [&](std::int64_t lag_ms) {
    for (std::size_t bytes = 0; bytes < limits::kEngineLogFileBytes; bytes += text.size()) {
      fixture.clock.advance_ms(1);
      REQUIRE(collector.take(record((fixture.clock.wall().ms - lag_ms) * kMs, text)));
    }
    REQUIRE(collector.flush());
  };
  print_file(0);
  print_file(limits::kLogLagMs / 2);
  CHECK(fixture.sink.notes().empty());
  CHECK_FALSE(collector.incomplete());
  print_file(limits::kLogLagMs);
  print_file(limits::kLogLagMs * 2);
  REQUIRE(collector.flush());
  const std::string notes = fixture.sink.notes();
  CHECK(std::count(notes.begin(), notes.end(), '\n') == 1);
  CHECK(notes.find("may be missing") != std::string::npos);
  CHECK(collector.incomplete());
}

TEST_CASE("where the engine may have dropped output, that is said once, in its place") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  REQUIRE(collector.take(record(kStart, "a\n")));
  CHECK_FALSE(collector.incomplete());
  collector.may_miss();
  REQUIRE(collector.take(record(kStart + 1, "b\n")));
  collector.may_miss();
  REQUIRE(collector.flush());
  CHECK(collector.incomplete());
  const auto records = fixture.sink.records();
  REQUIRE(records.size() == 3);
  CHECK(records[1].stream == LogStream::kPawl);
  CHECK(records[1].text ==
        "the task prints more than the container engine keeps; parts of the output may be missing "
        "from here on\n");
  CHECK(records[2].text == "b\n");
}

TEST_CASE("catching up after a restart is not called incomplete") {
  Fixture fixture;
  fixture.clock.set_wall_ms(kStartMs + 3'600'000);
  LogCollector collector = fixture.make(LogPosition{kStart, 1});
  (void)collector.begin_stream();
  const std::string text(limits::kLogLineBytes, 'x');
  for (std::size_t bytes = 0; bytes < 2 * limits::kEngineLogFileBytes; bytes += text.size()) {
    REQUIRE(collector.take(record(kStart + static_cast<std::int64_t>(bytes), text)));
  }
  REQUIRE(collector.flush());
  CHECK(fixture.sink.notes().empty());
  CHECK_FALSE(collector.incomplete());
}

TEST_CASE("notes keep their place among the records, and are escaped") {
  Fixture fixture;
  LogCollector collector = fixture.make();
  (void)collector.begin_stream();
  REQUIRE(collector.take(record(kStart, "a\n")));
  collector.note("pulling \x1b[31m\nforged");
  REQUIRE(collector.take(record(kStart + 1, "b\n")));
  REQUIRE(collector.flush());
  const auto records = fixture.sink.records();
  REQUIRE(records.size() == 3);
  CHECK(records[1].stream == LogStream::kPawl);
  CHECK(records[1].text == "pulling \\x1b[31m\\nforged\n");
  CHECK(records[1].time_ns == kStart);
}
