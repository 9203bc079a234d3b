// A task's output in its directory: log.0, log.1, ... of limits::kEngineLogFileBytes each, of which the last
// limits::kEngineLogFiles are kept, like those of Docker's json-file driver.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"
#include "model/log_chunk.h"
#include "process/log_frame.h"

namespace pawl {

// The supervisor's side. One thread. Never fails for good: what cannot be written (a full disk) is dropped, and the
// file goes on behind its last whole frame once there is room.
class LogWriter {
 public:
  // `directory` must stay open as long as the object.
  explicit LogWriter(int directory) : directory_(directory) {}

  // Each record's time is raised above the last one's, whatever the clock does: a reader can then take up exactly
  // where it stopped.
  void add(LogStream stream, std::int64_t time_ns, std::string_view text);
  // To the file, in one write.
  void flush();
  // Some output could not be written.
  [[nodiscard]] bool lost() const { return lost_; }

 private:
  [[nodiscard]] bool open_next();

  const int directory_;
  UniqueFd file_;
  std::uint64_t next_number_ = 0;
  std::size_t file_bytes_ = 0;
  std::int64_t last_time_ns_ = 0;
  std::string pending_;
  bool lost_ = false;
};

// The reader's side. One thread.
class LogReader {
 public:
  // `directory` must stay open as long as the object.
  LogReader(int directory, std::int64_t since_ns) : directory_(directory), since_ns_(since_ns) {}

  // The next record from `since_ns` on; nothing at the end of what is there at present, and more may follow.
  // Errors: kCorrupt: the file is damaged, or the writer has dropped files that were not read yet; the reading is to
  // begin anew. What is read, kUnavailable.
  [[nodiscard]] Result<std::optional<LogRecord>> next();

 private:
  // False: there is no more at present.
  [[nodiscard]] Result<bool> fill();
  [[nodiscard]] Result<bool> open_first();
  [[nodiscard]] Result<bool> open_successor(std::uint64_t number);
  [[nodiscard]] Result<std::size_t> read_more();
  // The least number of a file that is not less than this one.
  [[nodiscard]] std::optional<std::uint64_t> file_from(std::uint64_t number) const;

  const int directory_;
  const std::int64_t since_ns_;
  UniqueFd file_;
  std::uint64_t number_ = 0;
  std::string buffer_;
  std::size_t done_ = 0;  // of the buffer
};

}  // namespace pawl
