#include "process/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "base/digest.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::size_t kNameBytes = 200;  // leaves room for a suffix in a file's 255

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

Result<std::string> read_to_end(int fd, std::size_t max_bytes) {
  std::string bytes;
  std::array<char, 16 * 1024> buffer{};
  while (true) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return file_error(errno, "read");
    if (count == 0) return bytes;
    bytes.append(buffer.data(), static_cast<std::size_t>(count));
    if (bytes.size() > max_bytes) return Error{ErrorKind::kTooLarge, "the file is too large", {}};
  }
}

Result<UniqueFd> write_new(int directory, const std::string& name, std::string_view bytes,
                           bool durable) {
  UniqueFd file(::openat(directory, name.c_str(),
                         O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!file.is_open()) return file_error(errno, name);
  if (write_all(file.get(), bytes) && (!durable || ::fdatasync(file.get()) == 0)) return file;
  const int code = errno;
  ::unlinkat(directory, name.c_str(), 0);
  return file_error(code, name);
}

}  // namespace

Error file_error(int code, const std::string& what) {
  ErrorKind kind = ErrorKind::kUnavailable;
  switch (code) {
    case ENOENT:
      kind = ErrorKind::kNotFound;
      break;
    case EEXIST:
    case ENOTEMPTY:
      kind = ErrorKind::kConflict;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      kind = ErrorKind::kDenied;
      break;
    case ELOOP:
    case ENOTDIR:
      kind = ErrorKind::kInvalid;
      break;
    case ENOSPC:
    case EDQUOT:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case EAGAIN:
      kind = ErrorKind::kExhausted;
      break;
    default:
      break;
  }
  return Error{kind, std::strerror(code), what};
}

bool is_object_name(std::string_view name) {
  if (name.empty() || name.size() > kNameBytes || !is_alphanumeric(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](char c) { return is_alphanumeric(c) || c == '_' || c == '.' || c == '-'; });
}

Result<UniqueFd> open_directory(int parent, const std::string& name) {
  UniqueFd fd(::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd.is_open()) return file_error(errno, name);
  return fd;
}

Result<UniqueFd> make_directory(int parent, const std::string& name, mode_t mode) {
  if (::mkdirat(parent, name.c_str(), mode) != 0 && errno != EEXIST) {
    return file_error(errno, name);
  }
  return open_directory(parent, name);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

Result<void> write_whole(int directory, const std::string& name, std::string_view bytes,
                         bool durable) {
  const std::string draft = ".draft-" + random_hex(8);
  PAWL_TRY(const UniqueFd file, write_new(directory, draft, bytes, durable));
  if (::renameat(directory, draft.c_str(), directory, name.c_str()) != 0) {
    const int code = errno;
    ::unlinkat(directory, draft.c_str(), 0);
    return file_error(code, name);
  }
  if (durable && ::fsync(directory) != 0) return file_error(errno, name);
  return {};
}

Result<void> write_once(int directory, const std::string& name, std::string_view bytes) {
  PAWL_TRY(const UniqueFd file, write_new(directory, name, bytes, true));
  if (::fsync(directory) != 0) return file_error(errno, name);
  return {};
}

Result<std::string> read_whole(int directory, const std::string& name, std::size_t max_bytes) {
  const UniqueFd file(
      ::openat(directory, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC));
  if (!file.is_open()) return file_error(errno, name);
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return file_error(errno, name);
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::kInvalid, "no regular file", name};
  return read_to_end(file.get(), max_bytes);
}

std::string read_kernel_text(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file.is_open()) return {};
  auto text = read_to_end(file.get(), limits::kKernelTextBytes);
  return text ? std::move(text).value() : std::string();
}

Result<std::vector<std::string>> entries_of(int directory, std::size_t most) {
  UniqueFd own(::openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!own.is_open()) return file_error(errno, "list");
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::fdopendir(own.get()), ::closedir);
  if (!stream) return file_error(errno, "list");
  own.release();
  std::vector<std::string> names;
  while (names.size() < most) {
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr) {
      if (errno != 0) return file_error(errno, "list");
      break;
    }
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
  }
  return names;
}

}  // namespace pawl
