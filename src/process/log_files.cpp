// Numbered files instead of renamed ones: a reader knows which one it is in, whatever the writer does meanwhile, and
// a file that has a successor is complete. What a reader has open stays readable after it was dropped.
#include "process/log_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

#include "model/limits.h"
#include "process/directory.h"

namespace pawl {
namespace {

constexpr std::string_view kPrefix = "log.";
constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kWriteBytes = 256 * 1024;

std::string name_of(std::uint64_t number) { return std::string(kPrefix) + std::to_string(number); }

std::optional<std::uint64_t> number_of(std::string_view name) {
  if (!name.starts_with(kPrefix)) return std::nullopt;
  name.remove_prefix(kPrefix.size());
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(name.data(), name.data() + name.size(), number);
  if (code != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return number;
}

}  // namespace

void LogWriter::add(LogStream stream, std::int64_t time_ns, std::string_view text) {
  last_time_ns_ = std::max(time_ns, last_time_ns_ + 1);
  append_frame(pending_, stream, last_time_ns_, text);
  if (pending_.size() >= kWriteBytes) flush();
}

void LogWriter::flush() {
  if (pending_.empty()) return;
  const bool full = file_bytes_ + pending_.size() > limits::kEngineLogFileBytes;
  if ((!file_.is_open() || (full && file_bytes_ > 0)) && !open_next()) {
    lost_ = true;
  } else if (!write_all(file_.get(), pending_)) {
    lost_ = true;
    // A torn frame would hide all that follows it.
    if (::ftruncate(file_.get(), static_cast<off_t>(file_bytes_)) != 0) file_.reset();
  } else {
    file_bytes_ += pending_.size();
  }
  pending_.clear();
}

bool LogWriter::open_next() {
  const std::uint64_t number = next_number_;
  UniqueFd file(::openat(directory_, name_of(number).c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return false;
  file_ = std::move(file);
  next_number_ = number + 1;
  file_bytes_ = 0;
  if (number >= limits::kEngineLogFiles) {
    ::unlinkat(directory_, name_of(number - limits::kEngineLogFiles).c_str(), 0);
  }
  return true;
}

Result<std::optional<LogRecord>> LogReader::next() {
  LogRecord record;
  while (true) {
    std::size_t used = 0;
    switch (read_frame(std::string_view(buffer_).substr(done_), record, used)) {
      case FrameRead::kWhole:
        done_ += used;
        if (record.time_ns >= since_ns_) return std::optional(std::move(record));
        break;
      case FrameRead::kDamaged:
        return Error{ErrorKind::kCorrupt, "the kept output is damaged", name_of(number_)};
      case FrameRead::kPartial: {
        PAWL_TRY(const bool more, fill());
        if (!more) return std::optional<LogRecord>();
        break;
      }
    }
  }
}

Result<bool> LogReader::fill() {
  if (!file_.is_open()) {
    PAWL_TRY(const bool there, open_first());
    if (!there) return false;
  }
  PAWL_TRY(const std::size_t count, read_more());
  if (count > 0) return true;
  const auto successor = file_from(number_ + 1);
  if (!successor) return false;
  // Complete only now: something may have been added between the two looks.
  PAWL_TRY(const std::size_t rest, read_more());
  if (rest > 0) return true;
  return open_successor(*successor);
}

Result<bool> LogReader::open_first() {
  const auto number = file_from(0);
  if (!number) return false;
  number_ = *number;
  return open_successor(*number);
}

Result<bool> LogReader::open_successor(std::uint64_t number) {
  const std::string name = name_of(number);
  UniqueFd file(::openat(directory_, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  const bool dropped = number > number_ + 1 || (!file.is_open() && errno == ENOENT);
  if (dropped) {
    return Error{ErrorKind::kCorrupt,
                 "a part of the output was dropped before it was read: the task prints faster",
                 {}};
  }
  if (!file.is_open()) return file_error(errno, name);
  // A frame that was cut short ends with its file.
  buffer_.clear();
  done_ = 0;
  file_ = std::move(file);
  number_ = number;
  return true;
}

Result<std::size_t> LogReader::read_more() {
  buffer_.erase(0, done_);
  done_ = 0;
  const std::size_t held = buffer_.size();
  buffer_.resize(held + kReadBytes);
  ssize_t count = 0;
  do {
    count = ::read(file_.get(), buffer_.data() + held, kReadBytes);
  } while (count < 0 && errno == EINTR);
  const int code = errno;
  buffer_.resize(held + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  if (count < 0) return file_error(code, name_of(number_));
  return static_cast<std::size_t>(count);
}

std::optional<std::uint64_t> LogReader::file_from(std::uint64_t number) const {
  const auto names = entries_of(directory_, limits::kProcessTaskEntries);
  if (!names) return std::nullopt;
  std::optional<std::uint64_t> least;
  for (const std::string& name : *names) {
    const auto found = number_of(name);
    if (found && *found >= number && (!least || *found < *least)) least = found;
  }
  return least;
}

}  // namespace pawl
