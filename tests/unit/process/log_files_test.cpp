#include "process/log_files.h"

#include <doctest/doctest.h>

#include <fcntl.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "model/limits.h"
#include "process/directory.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

struct Fixture {
  TempDirectory temp;
  UniqueFd directory = std::move(open_directory(AT_FDCWD, temp.path())).value();
  LogWriter writer{directory.get()};

  void write(int number) { writer.add(LogStream::kStdout, number, std::to_string(number) + "\n"); }
  // So much that the next file begins.
  void fill_file(std::int64_t time_ns) {
    const std::string text(limits::kLogLineBytes, 'x');
    for (std::size_t bytes = 0; bytes < limits::kEngineLogFileBytes; bytes += text.size()) {
      writer.add(LogStream::kStdout, time_ns, text);
    }
    writer.flush();
  }
  [[nodiscard]] std::vector<std::string> files() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(temp.path())) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
};

std::vector<LogRecord> all(LogReader& reader) {
  std::vector<LogRecord> records;
  while (true) {
    auto record = reader.next();
    REQUIRE(record);
    if (!*record) return records;
    records.push_back(std::move(**record));
  }
}

}  // namespace

TEST_CASE("records are read back from any time on, and those that come later") {
  Fixture fixture;
  LogReader from_start(fixture.directory.get(), 0);
  CHECK(all(from_start).empty());
  for (int i = 1; i <= 5; ++i) fixture.write(i);
  fixture.writer.flush();
  const auto records = all(from_start);
  REQUIRE(records.size() == 5);
  CHECK(records[4] == LogRecord{LogStream::kStdout, 5, "5\n"});
  LogReader from_third(fixture.directory.get(), 3);
  CHECK(all(from_third).size() == 3);
  fixture.write(6);
  fixture.writer.flush();
  REQUIRE(all(from_start).size() == 1);
  CHECK(all(from_third).size() == 1);
}

TEST_CASE("times rise strictly, whatever the clock does") {
  Fixture fixture;
  for (const int time : {10, 10, 4, 11}) fixture.write(time);
  fixture.writer.flush();
  LogReader reader(fixture.directory.get(), 0);
  std::vector<std::int64_t> times;
  for (const LogRecord& record : all(reader)) times.push_back(record.time_ns);
  CHECK(times == std::vector<std::int64_t>{10, 11, 12, 13});
}

TEST_CASE("of a lot of output the last files are kept, each within its bound") {
  Fixture fixture;
  for (int i = 0; i < 4; ++i) fixture.fill_file(1);
  fixture.write(1);
  fixture.writer.flush();
  const auto files = fixture.files();
  CHECK(files.size() == limits::kEngineLogFiles);
  for (const std::string& name : files) {
    CHECK(std::filesystem::file_size(fixture.temp / name) <= limits::kEngineLogFileBytes);
  }
  LogReader reader(fixture.directory.get(), 0);
  const auto records = all(reader);
  CHECK(records.size() > limits::kEngineLogFileBytes / limits::kLogLineBytes / 2);
  CHECK(records.back().text == "1\n");
}

TEST_CASE("a reader goes from file to file without a gap or a repetition") {
  Fixture fixture;
  LogReader reader(fixture.directory.get(), 0);
  std::int64_t last = 0;
  std::size_t count = 0;
  const std::string text(1000, 'x');
  for (int round = 0; round < 100; ++round) {
    for (int i = 0; i < 1000; ++i) fixture.writer.add(LogStream::kStdout, 1, text);
    fixture.writer.flush();
    for (const LogRecord& record : all(reader)) {
      REQUIRE(record.time_ns == ++last);
      ++count;
    }
  }
  CHECK(count == 100'000);
  CHECK(fixture.files().back() != "log.1");
}

TEST_CASE("a reader that is lapped says so, and a new one goes on") {
  Fixture fixture;
  fixture.write(1);
  fixture.writer.flush();
  LogReader reader(fixture.directory.get(), 0);
  REQUIRE(all(reader).size() == 1);
  for (int i = 0; i < 5; ++i) fixture.fill_file(1);
  auto result = reader.next();
  while (result && *result) result = reader.next();
  REQUIRE_FALSE(result);
  CHECK(result.error().kind == ErrorKind::kCorrupt);
  LogReader again(fixture.directory.get(), 0);
  CHECK_FALSE(all(again).empty());
}

TEST_CASE("a log whose writer died in the middle of a write ends before that") {
  Fixture fixture;
  fixture.write(1);
  fixture.write(2);
  fixture.writer.flush();
  const std::string path = fixture.temp / "log.0";
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 1);
  LogReader torn(fixture.directory.get(), 0);
  CHECK(all(torn).size() == 1);

  // After a power cut, there may be zero bytes instead.
  std::filesystem::resize_file(path, size + 100);
  LogReader holed(fixture.directory.get(), 0);
  REQUIRE(holed.next());
  const auto hole = holed.next();
  REQUIRE_FALSE(hole);
  CHECK(hole.error().kind == ErrorKind::kCorrupt);
}
