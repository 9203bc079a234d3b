// Log output on its way from a worker to the store. It never passes through the core.
//
// A *record* is one piece of output: a line, or a part of a line over limits::kLogLineBytes (or that the engine
// itself split). Records keep the engine's own time stamps, so that after a restart the log can
// be resumed exactly: skip what is older than the last stored time, and as many records of that
// very time as were stored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/ids.h"

namespace pawl {

enum class LogStream : std::uint8_t {
  kStdout = 1,
  kStderr = 2,
  kPawl = 3
};  // kPawl: our own notes

struct LogRecord {
  LogStream stream = LogStream::kStdout;
  std::int64_t time_ns = 0;  // since the epoch, the engine's clock
  std::string text;          // raw bytes, with its newline if it had one
  bool operator==(const LogRecord&) const = default;
};

struct LogChunk {
  AttemptKey key;
  std::vector<LogRecord> records;
  [[nodiscard]] std::size_t bytes() const {
    std::size_t sum = 0;
    for (const LogRecord& record : records) sum += record.text.size() + 16;
    return sum;
  }
};

// Where the stored log of an attempt ends.
struct LogPosition {
  std::int64_t last_time_ns = 0;      // of the engine's records; 0: nothing stored
  std::uint32_t records_at_last = 0;  // how many records carry that very time
  bool operator==(const LogPosition&) const = default;
};

}  // namespace pawl
