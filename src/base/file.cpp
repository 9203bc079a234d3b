#include "base/file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "base/unique_fd.h"

namespace pawl {
namespace {

Error file_error(int code, const std::string& path) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (code == ENOENT || code == ENOTDIR) kind = ErrorKind::kNotFound;
  if (code == EACCES || code == EPERM) kind = ErrorKind::kDenied;
  return Error{kind, std::strerror(code), path};
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t max_bytes) {
  // O_NONBLOCK: opening a FIFO that somebody put there must not hang us.
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd.is_open()) return file_error(errno, path);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return file_error(errno, path);
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::kInvalid, "not a regular file", path};

  std::string bytes;
  // One byte more than allowed, so that "too large" is noticed even when the size changes.
  bytes.resize(max_bytes + 1 < static_cast<std::size_t>(info.st_size) + 1
                   ? max_bytes + 1
                   : static_cast<std::size_t>(info.st_size) + 1);
  std::size_t used = 0;
  while (true) {
    if (used > max_bytes) {
      return Error{ErrorKind::kTooLarge, "larger than " + std::to_string(max_bytes) + " bytes",
                   path};
    }
    if (used == bytes.size()) bytes.resize(std::min(bytes.size() * 2, max_bytes + 1));
    const ssize_t count = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(errno, path);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  bytes.resize(used);
  return bytes;
}

}  // namespace pawl
