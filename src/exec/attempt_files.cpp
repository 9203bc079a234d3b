#include "exec/attempt_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "base/file.h"
#include "base/unique_fd.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr mode_t kPrivate = 0700;
constexpr mode_t kEverybodyWrites = 0666;
constexpr mode_t kEverybodyReads = 0444;

Error system_error(int code, const std::string& path) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (code == ENOENT) kind = ErrorKind::kNotFound;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::kDenied;
  if (code == ENOSPC || code == EDQUOT) kind = ErrorKind::kExhausted;
  return Error{kind, std::strerror(code), path};
}

std::string text_of(const AttemptKey& key) {
  return key.run.text() + "-" + std::to_string(key.task) + "-" + std::to_string(key.attempt);
}

std::optional<AttemptKey> key_of(std::string_view name) {
  AttemptKey key;
  const char* at = name.data();
  const char* const end = at + name.size();
  const auto number = [&](auto& value, char after) {
    const auto [next, code] = std::from_chars(at, end, value);
    if (code != std::errc{}) return false;
    at = next;
    if (after == 0) return at == end;
    return at != end && *at++ == after;
  };
  if (!number(key.run.value, '-') || !number(key.task, '-') || !number(key.attempt, 0)) {
    return std::nullopt;
  }
  return text_of(key) == name ? std::optional(key) : std::nullopt;
}

Result<void> make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), kPrivate) == 0) return {};
  const int code = errno;
  struct stat info {};
  if (code != EEXIST) return system_error(code, path);
  if (::lstat(path.c_str(), &info) != 0) return system_error(errno, path);
  if (!S_ISDIR(info.st_mode)) return Error{ErrorKind::kInvalid, "not a directory", path};
  // Somebody may have made it, or a restored backup given it another mode.
  if ((info.st_mode & 07777) != kPrivate && ::chmod(path.c_str(), kPrivate) != 0) {
    return system_error(errno, path);
  }
  return {};
}

// An open, empty or kept file with exactly this mode, whatever the umask.
Result<UniqueFd> make_file(const std::string& path, int flags, mode_t mode) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, mode));
  if (!fd.is_open() || ::fchmod(fd.get(), mode) != 0) return system_error(errno, path);
  return fd;
}

}  // namespace

std::string AttemptFiles::output_path(const AttemptKey& key) const {
  return outputs_ + "/" + text_of(key);
}

std::string AttemptFiles::secrets_path(const AttemptKey& key) const {
  return secrets_ + "/" + text_of(key);
}

Result<std::string> AttemptFiles::make_output(const AttemptKey& key) const {
  PAWL_CHECK(make_private_directory(outputs_));
  PAWL_TRY([[maybe_unused]] const UniqueFd fd, make_file(output_path(key), 0, kEverybodyWrites));
  return output_path(key);
}

Result<std::string> AttemptFiles::write_secret(const AttemptKey& key, std::size_t number,
                                               std::string_view bytes) const {
  PAWL_CHECK(make_private_directory(secrets_));
  PAWL_CHECK(make_private_directory(secrets_path(key)));
  std::string path = secrets_path(key) + "/" + std::to_string(number);
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error(errno, path);
  PAWL_TRY(const UniqueFd fd, make_file(path, O_EXCL, kEverybodyReads));
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, path);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return path;
}

Result<std::string> AttemptFiles::read_secret(const AttemptKey& key, std::size_t number) const {
  return read_file(secrets_path(key) + "/" + std::to_string(number), limits::kSecretBytes);
}

Result<std::string> AttemptFiles::read_output(const AttemptKey& key) const {
  const std::string path = output_path(key);
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat info {};
  if (!fd.is_open() || ::fstat(fd.get(), &info) != 0) return system_error(errno, path);
  if (!S_ISREG(info.st_mode)) return Error{ErrorKind::kInvalid, "not a regular file", path};
  // The size is only believed when it is over the bound: a byte more than that is asked for anyway.
  std::string bytes(limits::kOutputFileBytes + 1, '\0');
  std::size_t used = 0;
  while (used < bytes.size()) {
    const ssize_t count = ::read(fd.get(), bytes.data() + used, bytes.size() - used);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(errno, path);
    if (count == 0) break;
    used += static_cast<std::size_t>(count);
  }
  if (used > limits::kOutputFileBytes) {
    return Error{ErrorKind::kTooLarge,
                 "it has more than " + std::to_string(limits::kOutputFileBytes) + " bytes", path};
  }
  bytes.resize(used);
  return bytes;
}

Result<void> AttemptFiles::remove(const AttemptKey& key) const {
  // Nobody but this class makes entries there, so that nothing foreign can be followed or met.
  std::error_code failed;
  std::filesystem::remove_all(secrets_path(key), failed);
  if (failed) return system_error(failed.value(), secrets_path(key));
  const std::string output = output_path(key);
  if (::unlink(output.c_str()) != 0 && errno != ENOENT) return system_error(errno, output);
  return {};
}

std::vector<AttemptKey> AttemptFiles::list() const {
  std::set<AttemptKey> found;
  for (const std::string& directory : {outputs_, secrets_}) {
    std::error_code failed;
    std::filesystem::directory_iterator entries(directory, failed);
    while (!failed && entries != std::filesystem::directory_iterator()) {
      if (const auto key = key_of(entries->path().filename().native())) found.insert(*key);
      entries.increment(failed);
    }
  }
  return {found.begin(), found.end()};
}

}  // namespace pawl
