// Rejected: posix_fallocate alone, since where a filesystem has no such call glibc writes a byte a block, which a compressing or
// sparse one need not keep room for. Zeros are written instead there, which is the best that can be had.
#include "store/ballast.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "base/unique_fd.h"
#include "model/limits.h"

namespace pawl::store {
namespace {

constexpr mode_t kFileMode = 0600;
constexpr std::size_t kBlockBytes = 512;  // of st_blocks

bool write_zeros(int file, std::size_t bytes) {
  const std::string zeros(std::min<std::size_t>(bytes, 64 * 1024), '\0');
  while (bytes > 0) {
    const ssize_t written = ::write(file, zeros.data(), std::min(bytes, zeros.size()));
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes -= static_cast<std::size_t>(written);
  }
  return true;
}

}  // namespace

Ballast::Ballast(std::string directory, std::size_t store_bytes)
    : path_(directory + "/ballast"),
      directory_(std::move(directory)),
      bytes_(std::min(store_bytes / 8, limits::kBallastBytes)) {}

bool Ballast::hold() {
  if (is_held_) return true;
  if (!is_whole()) {
    if (!has_disk_room()) return false;
    if (!allocate()) {
      give_up();
      return false;
    }
  }
  is_held_ = true;
  return true;
}

void Ballast::give_up() {
  (void)::unlink(path_.c_str());
  is_held_ = false;
}

bool Ballast::is_whole() const {
  struct stat info {};
  return ::stat(path_.c_str(), &info) == 0 && static_cast<std::size_t>(info.st_size) == bytes_ &&
         static_cast<std::size_t>(info.st_blocks) * kBlockBytes >= bytes_;
}

bool Ballast::has_disk_room() const {
  struct statvfs info {};
  if (::statvfs(directory_.c_str(), &info) != 0) return false;
  // More than itself: else the next commit would take it away again.
  return info.f_bavail * info.f_frsize >= bytes_ + bytes_ / 2;
}

bool Ballast::allocate() const {
  (void)::unlink(path_.c_str());
  UniqueFd file(
      ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file.is_open()) return false;
  const bool is_allocated = ::fallocate(file.get(), 0, 0, static_cast<off_t>(bytes_)) == 0;
  if (!is_allocated && (errno != EOPNOTSUPP || !write_zeros(file.get(), bytes_))) return false;
  // With delayed allocation the room is only taken when it is written.
  return is_allocated || ::fsync(file.get()) == 0;
}

}  // namespace pawl::store
