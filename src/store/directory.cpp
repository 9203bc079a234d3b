// A lock file of our own, because LMDB's lets any number of processes write in turn: two agents would both run every
// tick. flock(2) and not fcntl(2): the kernel drops it with the last descriptor, and O_CLOEXEC keeps it from children.
#include "store/directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <thread>
#include <utility>

#include "base/file.h"
#include "store/environment.h"

namespace pawl::store {
namespace {

constexpr std::size_t kSmallFileBytes = 256;
constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
// Readers hold the lock while they open the store, which takes milliseconds.
constexpr int kLockTries = 20;
constexpr std::chrono::milliseconds kLockPause{25};

std::string parent_of(const std::string& path) {
  std::string trimmed = path;
  while (trimmed.size() > 1 && trimmed.back() == '/') trimmed.pop_back();
  const std::size_t slash = trimmed.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : trimmed.substr(0, slash);
}

std::string lock_path(const std::string& directory) { return directory + "/agent.lock"; }
std::string instance_path(const std::string& directory) { return directory + "/instance"; }

Error held_by_other(const std::string& directory) {
  const auto text = read_file(lock_path(directory), kSmallFileBytes);
  long process = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), process);
  std::string who = "another agent";
  if (process > 0) who += " (process " + std::to_string(process) + ")";
  return {ErrorKind::kConflict, who + " uses this state directory; stop it, or set state.directory",
          directory};
}

Result<void> write_all(int file, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error(errno, path);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

}  // namespace

Error system_error(int code, const std::string& path) {
  const auto kind = [&] {
    switch (code) {
      case EACCES:
      case EPERM:
      case EROFS:
        return ErrorKind::kDenied;
      case ENOENT:
        return ErrorKind::kNotFound;
      case ENOTDIR:
      case ELOOP:
        return ErrorKind::kInvalid;
      case ENOSPC:
      case EDQUOT:
        return ErrorKind::kExhausted;
      default:
        return ErrorKind::kUnavailable;
    }
  };
  return {kind(), std::strerror(code), path};
}

std::optional<std::string_view> network_filesystem(std::uint64_t type) {
  // linux/magic.h and statfs(2).
  constexpr std::array<std::pair<std::uint32_t, std::string_view>, 15> kTypes = {{
      {0x6969, "NFS"},
      {0x517b, "SMB"},
      {0xff534d42, "CIFS"},
      {0xfe534d42, "SMB2"},
      {0x65735546, "FUSE"},
      {0x01021997, "9P"},
      {0x00c36400, "Ceph"},
      {0x5346414f, "AFS"},
      {0x6b414653, "AFS"},
      {0x73757245, "Coda"},
      {0x564c, "NCP"},
      {0x0bd00bd0, "Lustre"},
      {0x47504653, "GPFS"},
      {0x01161970, "GFS2"},
      {0x7461636f, "OCFS2"},
  }};
  for (const auto& [number, name] : kTypes) {
    if (number == static_cast<std::uint32_t>(type)) return name;
  }
  return std::nullopt;
}

Result<void> prepare_directory(const std::string& directory) {
  if (::mkdir(directory.c_str(), kDirectoryMode) == 0) {
    PAWL_CHECK(sync_directory(parent_of(directory)));
  } else if (errno == ENOENT) {
    return Error{ErrorKind::kNotFound,
                 "the state directory's parent does not exist; make it, or set state.directory",
                 directory};
  } else if (errno != EEXIST) {
    return system_error(errno, directory);
  }
  struct stat info {};
  if (::stat(directory.c_str(), &info) != 0) return system_error(errno, directory);
  if (!S_ISDIR(info.st_mode)) return system_error(ENOTDIR, directory);
  struct statfs filesystem {};
  if (::statfs(directory.c_str(), &filesystem) != 0) return system_error(errno, directory);
  if (const auto name = network_filesystem(static_cast<std::uint64_t>(filesystem.f_type))) {
    return Error{ErrorKind::kInvalid,
                 "the state directory is on a " + std::string(*name) +
                     " filesystem, where history could be lost; put it on a local one",
                 directory};
  }
  return {};
}

Result<DirectoryLock> DirectoryLock::exclusive(const std::string& directory) {
  const std::string path = lock_path(directory);
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file.is_open()) return system_error(errno, path);
  for (int tries = 1; ::flock(file.get(), LOCK_EX | LOCK_NB) != 0; ++tries) {
    if (errno != EWOULDBLOCK) return system_error(errno, path);
    if (tries == kLockTries) return held_by_other(directory);
    std::this_thread::sleep_for(kLockPause);
  }
  // The lock is what counts: on a full disk the number is missing in a message.
  const std::string process = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file.get(), 0) == 0) (void)write_all(file.get(), process, path);
  return DirectoryLock(std::move(file));
}

std::optional<DirectoryLock> DirectoryLock::shared(const std::string& directory) {
  UniqueFd file(::open(lock_path(directory).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open() || ::flock(file.get(), LOCK_SH | LOCK_NB) != 0) return std::nullopt;
  return DirectoryLock(std::move(file));
}

Result<std::optional<InstanceFile>> read_instance_file(const std::string& directory) {
  const std::string path = instance_path(directory);
  const auto text = read_file(path, kSmallFileBytes);
  if (!text) {
    if (text.error().kind == ErrorKind::kNotFound) return std::optional<InstanceFile>();
    return text.error();
  }
  InstanceFile instance;
  std::array<char, 13> id{};
  if (std::sscanf(text->c_str(), "pawl store %u %12[0-9a-f]", &instance.format, id.data()) != 2 ||
      std::strlen(id.data()) != 12) {
    return Error{ErrorKind::kCorrupt, "the file is damaged", path};
  }
  instance.instance_id = id.data();
  return std::optional(std::move(instance));
}

Result<void> write_instance_file(const std::string& directory, const InstanceFile& instance) {
  return replace_file(
      directory, "instance",
      "pawl store " + std::to_string(instance.format) + " " + instance.instance_id + "\n");
}

Result<void> replace_file(const std::string& directory, const std::string& name,
                          std::string_view bytes) {
  const std::string path = directory + "/" + name;
  const std::string draft = path + ".new";
  UniqueFd file(
      ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file.is_open()) return system_error(errno, draft);
  PAWL_CHECK(write_all(file.get(), bytes, draft));
  if (::fsync(file.get()) != 0) return system_error(errno, draft);
  if (::rename(draft.c_str(), path.c_str()) != 0) return system_error(errno, path);
  return sync_directory(directory);
}

Result<void> check_data_present(const std::string& directory,
                                const std::optional<InstanceFile>& instance) {
  const std::string path = data_path(directory);
  struct stat info {};
  const bool present = ::stat(path.c_str(), &info) == 0 && info.st_size > 0;
  if (present || !instance) return {};
  return data_is_gone(directory);
}

Error data_is_gone(const std::string& directory) {
  return {ErrorKind::kCorrupt,
          "the store's data is gone; restore a backup, or remove the file 'instance' next to it to "
          "start anew",
          data_path(directory)};
}

Result<void> sync_directory(const std::string& directory) {
  UniqueFd file(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!file.is_open() || ::fsync(file.get()) != 0) return system_error(errno, directory);
  return {};
}

}  // namespace pawl::store
