#include "docker/log_demultiplexer.h"

#include <doctest/doctest.h>

#include <vector>

using namespace pawl;

namespace {

struct Sink : LogSink {
  std::vector<LogRecord> records;
  std::size_t wanted = SIZE_MAX;
  bool take(LogRecord&& record) override {
    records.push_back(std::move(record));
    return records.size() < wanted;
  }
  std::optional<std::int64_t> before_wait() override { return -1; }
};

std::string header(unsigned char type, std::size_t length) {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(type);
  for (int i = 0; i < 4; ++i) bytes[4 + i] = static_cast<char>(length >> (24 - 8 * i) & 0xff);
  return bytes;
}

std::string frame(unsigned char type, const std::string& payload) {
  return header(type, payload.size()) + payload;
}

const std::string kTime = "2026-11-21T04:38:35.874414072Z";
constexpr std::int64_t kTimeNs = 1'795'235'915'874'414'072;

ErrorKind kind_of(const std::string& bytes) {
  LogDemultiplexer demultiplexer;
  Sink sink;
  const auto result = demultiplexer.feed(bytes, sink);
  REQUIRE_FALSE(result);
  return result.error().kind;
}

}  // namespace

TEST_CASE("times to the nanosecond") {
  CHECK(parse_rfc3339_ns(kTime) == kTimeNs);
  CHECK(parse_rfc3339_ns("1970-01-01T00:00:01Z") == 1'000'000'000);
  CHECK(parse_rfc3339_ns("1970-01-01T00:00:01.5Z") == 1'500'000'000);
  CHECK(parse_rfc3339_ns("1970-01-01T00:00:01.000000001Z") == 1'000'000'001);
  CHECK(parse_rfc3339_ns("1970-01-01T02:00:01.25+02:00") == 1'250'000'000);
  CHECK(parse_rfc3339_ns("2262-04-11T00:00:00Z").has_value());
  CHECK_FALSE(parse_rfc3339_ns("2263-01-01T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339_ns("9999-12-31T23:59:59.999999999Z"));
  CHECK_FALSE(parse_rfc3339_ns("0001-01-01T00:00:00Z"));
  CHECK_FALSE(parse_rfc3339_ns("yesterday"));
}

TEST_CASE("stdout and stderr, with their times, however the bytes are split") {
  const std::string stream = frame(1, kTime + " out\n") + frame(2, kTime + " err\n") +
                             frame(1, kTime + " two words") + frame(0, kTime + " stdin\n") +
                             frame(1, "") + frame(1, kTime + " ");
  const std::vector<LogRecord> expected = {{LogStream::kStdout, kTimeNs, "out\n"},
                                           {LogStream::kStderr, kTimeNs, "err\n"},
                                           {LogStream::kStdout, kTimeNs, "two words"},
                                           {LogStream::kStdout, kTimeNs, "stdin\n"}};
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    CAPTURE(step);
    LogDemultiplexer demultiplexer;
    Sink sink;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      REQUIRE(demultiplexer.feed(std::string_view(stream).substr(at, step), sink));
    }
    CHECK(sink.records == expected);
    CHECK(demultiplexer.at_frame_border());
  }
}

TEST_CASE("every byte is kept: zeros, newlines in the middle, no UTF-8") {
  const std::string text("a\0b\nc\xff\xfe", 7);
  LogDemultiplexer demultiplexer;
  Sink sink;
  REQUIRE(demultiplexer.feed(frame(1, kTime + " " + text), sink));
  REQUIRE(sink.records.size() == 1);
  CHECK(sink.records[0].text == text);
}

TEST_CASE("a long frame comes as records of the bound, the same wherever it was split") {
  const std::string text =
      std::string(limits::kLogLineBytes, 'a') + std::string(limits::kLogLineBytes, 'b') + "c\n";
  const std::string stream = frame(2, kTime + " " + text) +
                             frame(1, kTime + " " + std::string(limits::kLogLineBytes, 'd'));
  for (const std::size_t step : {std::size_t{1}, std::size_t{4096}, stream.size()}) {
    CAPTURE(step);
    LogDemultiplexer demultiplexer;
    Sink sink;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      REQUIRE(demultiplexer.feed(std::string_view(stream).substr(at, step), sink));
    }
    REQUIRE(sink.records.size() == 4);
    CHECK(sink.records[0].text == std::string(limits::kLogLineBytes, 'a'));
    CHECK(sink.records[1].text == std::string(limits::kLogLineBytes, 'b'));
    CHECK(sink.records[2].text == "c\n");
    CHECK(sink.records[2].stream == LogStream::kStderr);
    CHECK(sink.records[2].time_ns == kTimeNs);
    CHECK(sink.records[3].text.size() == limits::kLogLineBytes);
  }
}

TEST_CASE("hostile frames are refused without waiting for their payload") {
  CHECK(kind_of(header(4, 10)) == ErrorKind::kCorrupt);
  CHECK(kind_of(header(255, 10)) == ErrorKind::kCorrupt);
  CHECK(kind_of(std::string("\x01\x00\x01\x00\x00\x00\x00\x05", 8)) == ErrorKind::kCorrupt);
  CHECK(kind_of(header(1, 0xffffffff)) == ErrorKind::kCorrupt);
  CHECK(kind_of(header(1, limits::kLogFrameBytes + 1)) == ErrorKind::kCorrupt);
  CHECK(kind_of("HTTP/1.1 200 OK\r\n") == ErrorKind::kCorrupt);
}

TEST_CASE("a record without a time is refused") {
  CHECK(kind_of(frame(1, "no time here\n")) == ErrorKind::kCorrupt);
  CHECK(kind_of(frame(1, kTime)) == ErrorKind::kCorrupt);
  CHECK(kind_of(frame(1, "2026-99-21T04:38:35Z x")) == ErrorKind::kCorrupt);
  CHECK(kind_of(frame(1, std::string(1000, 'x') + " y")) == ErrorKind::kCorrupt);
  // Byte by byte, the search for the time must not gather more than its bound.
  LogDemultiplexer demultiplexer;
  Sink sink;
  REQUIRE(demultiplexer.feed(header(1, 1000), sink));
  std::size_t taken = 0;
  while (taken < 1000 && demultiplexer.feed("x", sink)) ++taken;
  CHECK(taken < 64);
}

TEST_CASE("an error of the engine inside the stream is an error") {
  LogDemultiplexer demultiplexer;
  Sink sink;
  const auto result = demultiplexer.feed(
      frame(1, kTime + " ok\n") + frame(3, "Error grabbing logs: bad \x1b[31m\n"), sink);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::kCorrupt);
  CHECK(result.error().message ==
        "the engine cannot read the rest of the log: Error grabbing logs: bad \\x1b[31m");
  CHECK(sink.records.size() == 1);
  // However long it is.
  LogDemultiplexer another;
  const auto bounded = another.feed(frame(3, std::string(100'000, 'e')), sink);
  REQUIRE_FALSE(bounded);
  CHECK(bounded.error().message.size() < 1000);
}

TEST_CASE("a stream cut inside a frame is known to be cut") {
  const std::string stream = frame(1, kTime + " out\n");
  for (std::size_t length = 1; length < stream.size(); ++length) {
    LogDemultiplexer demultiplexer;
    Sink sink;
    REQUIRE(demultiplexer.feed(std::string_view(stream).substr(0, length), sink));
    CHECK_FALSE(demultiplexer.at_frame_border());
    CHECK(sink.records.empty());
  }
}

TEST_CASE("a sink that wants no more ends it") {
  LogDemultiplexer demultiplexer;
  Sink sink;
  sink.wanted = 1;
  const auto result =
      demultiplexer.feed(frame(1, kTime + " one\n") + frame(1, kTime + " two\n"), sink);
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::kCancelled);
  CHECK(sink.records.size() == 1);
}
