#include "process/log_frame.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "model/limits.h"

using namespace pawl;

namespace {

std::string frame(LogStream stream, std::int64_t time_ns, std::string_view text) {
  std::string bytes;
  append_frame(bytes, stream, time_ns, text);
  return bytes;
}

std::vector<std::string> split(LineSplitter& splitter, std::string_view bytes) {
  std::vector<std::string> records;
  splitter.add(bytes, [&](std::string_view text) { records.emplace_back(text); });
  return records;
}

}  // namespace

TEST_CASE("a frame is read back as it was written, and the next one after it") {
  const std::string binary("a\0\xff\n", 4);
  std::string bytes = frame(LogStream::kStderr, 1'700'000'000'123'456'789, binary);
  const std::size_t first = bytes.size();
  append_frame(bytes, LogStream::kStdout, 5, "x");
  LogRecord record;
  std::size_t used = 0;
  REQUIRE(read_frame(bytes, record, used) == FrameRead::kWhole);
  CHECK(record == LogRecord{LogStream::kStderr, 1'700'000'000'123'456'789, binary});
  CHECK(used == first);
  REQUIRE(read_frame(std::string_view(bytes).substr(used), record, used) == FrameRead::kWhole);
  CHECK(record == LogRecord{LogStream::kStdout, 5, "x"});
}

TEST_CASE("a frame that is cut short anywhere is not read") {
  const std::string bytes = frame(LogStream::kStdout, 7, "some text\n");
  LogRecord record;
  std::size_t used = 0;
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    CAPTURE(length);
    CHECK(read_frame(std::string_view(bytes).substr(0, length), record, used) ==
          FrameRead::kPartial);
  }
}

TEST_CASE("a frame with any other byte is damaged, or waits for more that never comes") {
  const std::string bytes = frame(LogStream::kStdout, 7, "some text\n");
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    CAPTURE(i);
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    LogRecord record;
    std::size_t used = 0;
    CHECK(read_frame(changed, record, used) != FrameRead::kWhole);
  }
}

TEST_CASE("zero bytes, and a length beyond a record's, are damage") {
  LogRecord record;
  std::size_t used = 0;
  CHECK(read_frame(std::string(4096, '\0'), record, used) == FrameRead::kDamaged);
  CHECK(read_frame(std::string(4096, '\x7f'), record, used) == FrameRead::kDamaged);
  const std::string pawls_own = frame(LogStream::kPawl, 7, "note");
  CHECK(read_frame(pawls_own, record, used) == FrameRead::kDamaged);
}

TEST_CASE("lines are records, whatever the reads' bounds") {
  LineSplitter splitter;
  CHECK(split(splitter, "one\ntwo\nth") == std::vector<std::string>{"one\n", "two\n"});
  CHECK(split(splitter, "r").empty());
  CHECK(split(splitter, "ee\n\n") == std::vector<std::string>{"three\n", "\n"});
  CHECK(split(splitter, "rest").empty());
  std::vector<std::string> last;
  splitter.flush([&](std::string_view text) { last.emplace_back(text); });
  CHECK(last == std::vector<std::string>{"rest"});
  splitter.flush([&](std::string_view text) { last.emplace_back(text); });
  CHECK(last.size() == 1);
}

TEST_CASE("a long line is records of the greatest length") {
  LineSplitter splitter;
  const std::string line = std::string(limits::kLogLineBytes + 10, 'x') + "\n";
  const auto records = split(splitter, line);
  REQUIRE(records.size() == 2);
  CHECK(records[0] == std::string(limits::kLogLineBytes, 'x'));
  CHECK(records[1] == std::string(10, 'x') + "\n");
}
