#include "exec/redactor.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "exec/log_collector.h"
#include "exec/secret_patterns.h"
#include "model/limits.h"
#include "support/manual_clock.h"
#include "support/recording_sink.h"

using namespace pawl;

namespace {

using Patterns = std::vector<std::string>;

// The definition: every byte that belongs to an occurrence of a pattern; each stretch of such bytes is "***".
std::string naive(const std::string& text, const Patterns& patterns) {
  std::vector<bool> blotted(text.size(), false);
  for (const std::string& pattern : patterns) {
    for (std::size_t at = text.find(pattern); at != std::string::npos;
         at = text.find(pattern, at + 1)) {
      std::fill_n(blotted.begin() + static_cast<std::ptrdiff_t>(at), pattern.size(), true);
    }
  }
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!blotted[i]) result += text[i];
    if (blotted[i] && (i == 0 || !blotted[i - 1])) result += "***";
  }
  return result;
}

std::vector<LogRecord> drain(Redactor& redactor) {
  std::vector<LogRecord> records;
  while (auto record = redactor.next()) records.push_back(std::move(*record));
  return records;
}

LogRecord out(std::string text, std::int64_t time_ns = 1) {
  return LogRecord{LogStream::kStdout, time_ns, std::move(text)};
}
LogRecord err(std::string text, std::int64_t time_ns = 1) {
  return LogRecord{LogStream::kStderr, time_ns, std::move(text)};
}

std::vector<LogRecord> all(const Patterns& patterns, const std::vector<LogRecord>& records) {
  Redactor redactor(patterns);
  std::vector<LogRecord> result;
  const auto take_ready = [&] {
    for (LogRecord& record : drain(redactor)) result.push_back(std::move(record));
  };
  for (LogRecord record : records) {
    redactor.take(std::move(record));
    take_ready();
  }
  redactor.finish();
  take_ready();
  CHECK_FALSE(redactor.holds_any());
  return result;
}

std::string joined(const std::vector<LogRecord>& records, LogStream stream) {
  std::string text;
  for (const LogRecord& record : records) {
    if (record.stream == stream) text += record.text;
  }
  return text;
}

bool has(const Patterns& patterns, const std::string& pattern) {
  return std::find(patterns.begin(), patterns.end(), pattern) != patterns.end();
}

}  // namespace

TEST_CASE("the spellings of a secret") {
  const Patterns found = secret_patterns({"p+s/w?rd ~\n"}).patterns;
  CHECK(has(found, "p+s/w?rd ~"));
  // `printf %s 'p+s/w?rd ~' | base64`, and behind one and two bytes; without what depends on others.
  CHECK(has(found, "cCtzL3c/cmQgf"));
  CHECK(has(found, "Arcy93P3JkIH"));
  CHECK(has(found, "wK3Mvdz9yZCB+"));
  CHECK(has(found, "cCtzL3c_cmQgf"));
  CHECK(has(found, "wK3Mvdz9yZCB-"));
  CHECK(has(found, "p%2Bs%2Fw%3Frd%20~"));
  CHECK(has(found, "p%2bs%2fw%3frd%20~"));
  CHECK(has(found, "p%2Bs/w%3Frd%20~"));
  CHECK(has(found, "p%2Bs%2Fw%3Frd+~"));
  CHECK(has(found, "p%2Bs%2Fw%3Frd+%7E"));
  CHECK(has(found, "p%2bs%2fw%3frd+%7e"));
  CHECK(std::set<std::string>(found.begin(), found.end()).size() == found.size());
}

TEST_CASE("short secrets have no spellings; short lines of long ones neither") {
  CHECK(secret_patterns({"abc\n", "", "\n\n"}).patterns.empty());
  CHECK(has(secret_patterns({"abcd"}).patterns, "abcd"));
  const Patterns lines = secret_patterns({"first line\r\nshort\nlast line!\n"}).patterns;
  CHECK(has(lines, "first line\r\nshort\nlast line!"));
  CHECK(has(lines, "first line"));
  CHECK(has(lines, "last line!"));
  CHECK_FALSE(has(lines, "short"));
}

TEST_CASE("base64 that is broken into lines of 76") {
  const std::string secret(150, 'k');
  const Patterns found = secret_patterns({secret}).patterns;
  std::string encoded;
  for (int i = 0; i < 50; ++i) encoded += "a2tr";
  CHECK(has(found, encoded));
  CHECK(has(found, encoded.substr(0, 76)));
  CHECK(has(found, encoded.substr(152)));
}

TEST_CASE("large secrets are looked for as they are, and that is told") {
  const std::string large(limits::kSecretBytes, 'x');
  const SecretPatterns found = secret_patterns({large, "small one"});
  CHECK(found.plain_only == std::vector<std::size_t>{0});
  CHECK(has(found.patterns, large));
  CHECK(has(found.patterns, "small+one"));
  CHECK(secret_patterns({std::string(3000, 'k'), "small one"}).plain_only.empty());
}

TEST_CASE("every spelling, cut anywhere into two and three records") {
  const Patterns patterns = secret_patterns({"a b/c?d~e+f", "line one\nline two"}).patterns;
  for (const std::string& pattern : patterns) {
    CAPTURE(pattern);
    const std::string text = "<" + pattern + ">\n";
    const std::string expected = naive(text, patterns);
    REQUIRE(expected.find(pattern) == std::string::npos);
    for (std::size_t first = 0; first <= text.size(); ++first) {
      for (std::size_t second = first; second <= text.size(); ++second) {
        const auto records = all(
            patterns, {out(text.substr(0, first), 1), err("x\n", 2),
                       out(text.substr(first, second - first), 3), out(text.substr(second), 4)});
        REQUIRE(records.size() == 4);
        REQUIRE(joined(records, LogStream::kStdout) == expected);
        REQUIRE(joined(records, LogStream::kStderr) == "x\n");
        for (std::size_t i = 0; i < 4; ++i) {
          REQUIRE(records[i].time_ns == static_cast<std::int64_t>(i + 1));
        }
      }
    }
  }
}

TEST_CASE("a record is held back only while its end may be a secret's beginning") {
  Redactor redactor({"secret"});
  redactor.take(out("no newline at the end"));
  CHECK(drain(redactor).size() == 1);
  redactor.take(out("a sec"));
  redactor.take(err("meanwhile\n"));
  CHECK(drain(redactor).empty());
  SUBCASE("it was one") {
    redactor.take(out("ret!\n"));
    CHECK(drain(redactor) == std::vector<LogRecord>{out("a ***"), err("meanwhile\n"), out("!\n")});
  }
  SUBCASE("it was none") {
    redactor.take(out("ond\n"));
    CHECK(drain(redactor) ==
          std::vector<LogRecord>{out("a sec"), err("meanwhile\n"), out("ond\n")});
  }
  SUBCASE("that was all") {
    redactor.finish();
    CHECK(drain(redactor) == std::vector<LogRecord>{out("a sec"), err("meanwhile\n")});
  }
  SUBCASE("the rest is not known") {
    redactor.cut();
    CHECK(drain(redactor) == std::vector<LogRecord>{out("a ***"), err("meanwhile\n")});
    redactor.take(out("ret!\n"));
    CHECK(drain(redactor) == std::vector<LogRecord>{out("ret!\n")});
  }
  SUBCASE("nothing of it counts") {
    redactor.reset();
    redactor.take(out("ret!\n"));
    CHECK(drain(redactor) == std::vector<LogRecord>{out("ret!\n")});
  }
}

TEST_CASE("the streams are apart: what one begins the other does not end") {
  CHECK(all({"secret"}, {out("sec"), err("ret\n"), out("ond\n")}) ==
        std::vector<LogRecord>{out("sec"), err("ret\n"), out("ond\n")});
}

TEST_CASE("what is held back is bounded, and what is let go shows no secret's beginning") {
  const std::string secret = "0123456789";
  Redactor redactor({secret});
  const std::string line(10'000, 'x');
  std::size_t taken = 1;
  redactor.take(out("begins: 01234"));
  std::vector<LogRecord> records;
  while (records.empty()) {
    redactor.take(err(line));
    ++taken;
    REQUIRE(taken * line.size() < 2 * limits::kRedactHeldBytes);
    records = drain(redactor);
  }
  CHECK(records.size() == taken);
  CHECK(records.front() == out("begins: ***"));
  redactor.take(out("56789 01234"));
  redactor.take(out("!\n"));
  // The mark of the first one is where it began.
  CHECK(drain(redactor) == std::vector<LogRecord>{out(" 01234"), out("!\n")});
}

TEST_CASE("a secret larger than what may be held back is blotted out all the same") {
  std::string secret;
  for (std::size_t i = 0; secret.size() < 2 * limits::kRedactHeldBytes; ++i) {
    secret += std::to_string(i) + ",";
  }
  std::vector<LogRecord> records;
  const std::string text = "<" + secret + ">";
  for (std::size_t at = 0; at < text.size(); at += limits::kLogLineBytes) {
    records.push_back(out(text.substr(at, limits::kLogLineBytes)));
  }
  CHECK(joined(all({secret}, records), LogStream::kStdout) == "<***>");
}

TEST_CASE("random streams, cut at random, come out as if redacted whole") {
  std::mt19937 random(20'261'126);
  const auto below = [&](std::size_t n) { return random() % n; };
  const auto text = [&](std::size_t length) {
    std::string result;
    while (result.size() < length) result += "ab\n\0"[below(4)];
    return result;
  };
  for (int round = 0; round < 3'000; ++round) {
    CAPTURE(round);
    Patterns patterns;
    for (std::size_t i = 0, count = 1 + below(5); i < count; ++i) {
      patterns.push_back(text(1 + below(6)));
    }
    std::string whole[2];
    std::vector<LogRecord> records;
    for (std::size_t i = 0, count = below(20); i < count; ++i) {
      const std::string piece = text(below(8));
      const bool first = below(2) == 0;
      whole[first ? 0 : 1] += piece;
      records.push_back(first ? out(piece, static_cast<std::int64_t>(i))
                              : err(piece, static_cast<std::int64_t>(i)));
    }
    const auto result = all(patterns, records);
    REQUIRE(result.size() == records.size());
    for (std::size_t i = 0; i < result.size(); ++i) {
      REQUIRE(result[i].stream == records[i].stream);
      REQUIRE(result[i].time_ns == records[i].time_ns);
    }
    REQUIRE(joined(result, LogStream::kStdout) == naive(whole[0], patterns));
    REQUIRE(joined(result, LogStream::kStderr) == naive(whole[1], patterns));
    REQUIRE(Redactor(patterns).redact(whole[0]) == naive(whole[0], patterns));
  }
}

namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kStartMs = 1'700'000'000'000;
constexpr std::int64_t kStart = kStartMs * kMs;
const AttemptKey kKey{RunId{1}, 0, 1};
const Patterns kPatterns = {"secret", "retsec", "two\nlines"};

// One agent's life: it follows the log up to `until`, then what has gathered is stored, and it is killed or not.
struct Life {
  ManualClock clock{kStartMs};
  RecordingSink sink;
  LogCollector collector;
  explicit Life(const LogPosition& from) : collector(kKey, sink, clock, from, [] { return true; }) {
    collector.hide(kPatterns);
  }
  void follow(const std::vector<LogRecord>& log, std::size_t until) {
    (void)collector.begin_stream();
    for (std::size_t i = 0; i < until; ++i) {
      LogRecord record = log[i];
      REQUIRE(collector.take(std::move(record)));
    }
    REQUIRE(collector.flush());
  }
  void end() {
    collector.end_of_log();
    collector.end_of_output(true);
    REQUIRE(collector.flush());
    CHECK_FALSE(collector.incomplete());
  }
};

LogPosition position_of(const std::vector<LogRecord>& stored) {
  LogPosition position;
  for (const LogRecord& record : stored) {
    const bool same = record.time_ns == position.last_time_ns;
    position = {record.time_ns, same ? position.records_at_last + 1 : 1};
  }
  return position;
}

const std::vector<LogRecord> kLog = {
    out("a sec", kStart + 1),  err("e se", kStart + 1),  out("ret", kStart + 1),
    out("sec", kStart + 2),    err("cr", kStart + 2),    err("et\n", kStart + 3),
    out(" two\n", kStart + 3), out("lines", kStart + 3), err("two\n", kStart + 4),
    out(" sec", kStart + 5),   out("ond\n", kStart + 5), err("lin", kStart + 6)};

}  // namespace

TEST_CASE("a redacted log goes on exactly where it stopped, whenever its agent was killed") {
  Life whole({});
  whole.follow(kLog, kLog.size());
  whole.end();
  const std::vector<LogRecord> once = whole.sink.records();
  REQUIRE(once.size() == kLog.size());
  CHECK(joined(once, LogStream::kStdout) == "a *** *** second\n");
  CHECK(joined(once, LogStream::kStderr) == "e ***\ntwo\nlin");
  for (std::size_t first = 0; first <= kLog.size(); ++first) {
    for (std::size_t second = first; second <= kLog.size(); ++second) {
      CAPTURE(first);
      CAPTURE(second);
      std::vector<LogRecord> stored;
      for (const std::size_t until : {first, second, kLog.size()}) {
        Life life(position_of(stored));
        life.follow(kLog, until);
        if (until == kLog.size()) life.end();
        for (const LogRecord& record : life.sink.records()) stored.push_back(record);
      }
      REQUIRE(stored == once);
    }
  }
}

TEST_CASE("likewise within one attempt, when the connection breaks") {
  for (const LogPosition& from : {LogPosition{}, LogPosition{kStart + 1, 2}}) {
    Life whole(from);
    whole.follow(kLog, kLog.size());
    whole.end();
    for (std::size_t first = 0; first <= kLog.size(); ++first) {
      Life life(from);
      life.follow(kLog, first);
      life.follow(kLog, std::min(first + 2, kLog.size()));
      life.follow(kLog, kLog.size());
      life.end();
      CHECK(life.sink.records() == whole.sink.records());
    }
  }
}

TEST_CASE("a stream that broke off before it came to the place begins at the log's start again") {
  Life life({kStart + 6000 * kMs, 1});
  CHECK(life.collector.begin_stream() == 0);
  REQUIRE(life.collector.take(out("sec", kStart)));
  CHECK(life.collector.begin_stream() == 0);
}

TEST_CASE("what a stream that broke off has shown is no part of what the next one shows") {
  Life life({kStart, 1});
  life.collector.hide({"babc"});
  (void)life.collector.begin_stream();
  REQUIRE(life.collector.take(out("ab", kStart)));
  (void)life.collector.begin_stream();
  REQUIRE(life.collector.take(out("ab", kStart)));
  REQUIRE(life.collector.take(out("c\n", kStart + 1)));
  life.end();
  CHECK(life.sink.output() == "c\n");
}

TEST_CASE("a gap ends what may be a secret's beginning, and shows nothing of it") {
  Life life({});
  life.follow({out("a sec", kStart)}, 1);
  CHECK(life.sink.records().empty());
  // The engine has dropped the place where the last stream ended.
  life.follow({out("ond\n", kStart + 6000 * kMs)}, 1);
  CHECK(life.collector.incomplete());
  CHECK(life.sink.output() == "a ***ond\n");
}

TEST_CASE("where output is missing, what may be a secret's beginning is not shown") {
  Life life({});
  life.follow({out("a sec", kStart)}, 1);
  CHECK(life.sink.records().empty());
  life.collector.end_of_output(false);
  REQUIRE(life.collector.flush());
  CHECK(life.sink.output() == "a ***");
}

TEST_CASE("notes are redacted, and are not held back") {
  Life life({});
  life.follow({out("a sec", kStart)}, 1);
  life.collector.note("the engine says: secret");
  REQUIRE(life.collector.flush());
  CHECK(life.sink.notes() == "the engine says: ***\n");
  CHECK(life.sink.output().empty());
}
