// The url is part of the folder's name, so that a changed url starts from nothing instead of fetching
// one repository's objects into another's clone.
//
// No fsync anywhere: after a power cut a torn clone is found as damaged and made anew, which is cheaper
// than writing each one through.
#include "git/clone_store.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/digest.h"

namespace pawl {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kDigestDigits = 16;
// A write fails before the last byte is gone: packs grow in steps, and some room is root's.
constexpr std::uint64_t kFullBytes = 4ull * 1024 * 1024;

// Names in `directory` for which `wanted` holds; none when it cannot be read.
template <typename Predicate>
std::vector<std::string> names_in(const std::string& directory, Predicate wanted) {
  std::vector<std::string> names;
  std::error_code code;
  for (fs::directory_iterator it(directory, code), end; !code && it != end; it.increment(code)) {
    std::string name = it->path().filename().string();
    if (wanted(name)) names.push_back(std::move(name));
  }
  return names;
}

void remove_tree(const std::string& path) {
  // What cannot be removed now is tried again by the next pull.
  std::error_code ignored;
  fs::remove_all(path, ignored);
}

bool is_leftover(const std::string& name) {
  return name.rfind("new.", 0) == 0 || name.rfind("old.", 0) == 0;
}

// libgit2's name for a pack that is being received. A child that is ended leaves it there.
bool is_unfinished_pack(const std::string& name) { return name.rfind("pack_git2_", 0) == 0; }

// The same source's folder for another url.
bool is_other_url(const std::string& name, const std::string& source_name,
                  const std::string& own_name) {
  return name.size() == own_name.size() && name != own_name &&
         name.compare(0, source_name.size() + 1, source_name + "-") == 0 &&
         name.find_first_not_of("0123456789abcdef", source_name.size() + 1) == std::string::npos;
}

Result<void> make_directories(const std::string& path) {
  std::error_code code;
  fs::create_directories(path, code);
  if (code) return file_system_error("cannot make the directory", path, code.value());
  return {};
}

}  // namespace

Error file_system_error(const std::string& what, const std::string& path, int code) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (code == EACCES || code == EPERM || code == EROFS) kind = ErrorKind::kDenied;
  if (code == ENOSPC || code == EDQUOT || code == EMFILE) kind = ErrorKind::kExhausted;
  return Error{kind, what + ": " + std::strerror(code), path};
}

bool is_disk_full(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) return false;
  return std::uint64_t{info.f_bavail} * info.f_frsize < kFullBytes;
}

Result<CloneStore> CloneStore::open(const std::string& cache_directory,
                                    const std::string& source_name, const std::string& url) {
  if (source_name.empty() || source_name.front() == '.' ||
      source_name.find('/') != std::string::npos) {
    return Error{
        ErrorKind::kInvalid, "the source's name '" + source_name + "' is no file name", {}};
  }
  const std::string own_name = source_name + "-" + hex(sha256(url)).substr(0, kDigestDigits);
  const std::string folder = cache_directory + "/" + own_name;
  PAWL_CHECK(make_directories(folder));
  ::chmod(folder.c_str(), 0700);
  const std::string lock_path = folder + "/lock";
  UniqueFd lock(::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock.is_open()) return file_system_error("cannot open", lock_path, errno);
  // Waits for another pull of this source; the deadline ends the wait.
  while (::flock(lock.get(), LOCK_EX) != 0) {
    if (errno != EINTR) return file_system_error("cannot lock", lock_path, errno);
  }
  CloneStore store(folder, std::move(lock));
  store.remove_leftovers();
  const auto is_stale = [&](const std::string& name) {
    return is_other_url(name, source_name, own_name);
  };
  for (const std::string& name : names_in(cache_directory, is_stale)) {
    remove_tree(cache_directory + "/" + name);
  }
  return store;
}

bool CloneStore::has_repository() const {
  struct stat info {};
  return ::lstat(repository().c_str(), &info) == 0;
}

std::size_t CloneStore::packs() const {
  return names_in(repository() + "/objects/pack",
                  [](const std::string& name) {
                    return name.size() > 5 && name.compare(name.size() - 5, 5, ".pack") == 0;
                  })
      .size();
}

std::string CloneStore::new_path() const { return folder_ + "/new." + random_hex(4); }

Result<void> CloneStore::replace_with(const std::string& path) const {
  const std::string current = repository();
  if (!has_repository()) {
    if (::rename(path.c_str(), current.c_str()) == 0) return {};
    return file_system_error("cannot rename", path, errno);
  }
  if (::renameat2(AT_FDCWD, path.c_str(), AT_FDCWD, current.c_str(), RENAME_EXCHANGE) == 0)
    return {};
  // Not every filesystem can exchange. Between these two there is no clone, which the next pull mends.
  const std::string old_path = folder_ + "/old." + random_hex(4);
  if (::rename(current.c_str(), old_path.c_str()) != 0) {
    return file_system_error("cannot rename", current, errno);
  }
  if (::rename(path.c_str(), current.c_str()) != 0) {
    return file_system_error("cannot rename", path, errno);
  }
  return {};
}

void CloneStore::remove_leftovers() const {
  const std::string packs = repository() + "/objects/pack";
  for (const std::string& name : names_in(packs, is_unfinished_pack))
    remove_tree(packs + "/" + name);
  for (const std::string& name : names_in(folder_, is_leftover)) remove_tree(folder_ + "/" + name);
}

}  // namespace pawl
