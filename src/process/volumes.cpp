#include "process/volumes.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <memory>

#include "base/digest.h"
#include "model/limits.h"
#include "process/directory.h"
#include "process/records.h"

namespace pawl {
namespace {

constexpr const char* kData = "data";
constexpr const char* kLabels = "labels.json";
constexpr mode_t kOpenToAll = 01777;
constexpr std::int64_t kBlockBytes = 512;

// A task's tree while it may be changing: what vanishes meanwhile does not count.
class TreeSize {
 public:
  TreeSize(const std::stop_token& stop, std::chrono::steady_clock::time_point deadline)
      : stop_(stop), deadline_(deadline) {}

  // -1: stopped, or too large to be counted in time.
  std::int64_t of(UniqueFd top) {
    std::int64_t bytes = 0;
    push(std::move(top));
    for (std::size_t steps = 0; !open_.empty(); ++steps) {
      if (steps % 1024 == 0 && is_over()) return -1;
      const dirent* entry = ::readdir(open_.back().get());
      if (entry == nullptr) {
        open_.pop_back();
        continue;
      }
      bytes += take(entry->d_name);
    }
    return bytes;
  }

 private:
  using Stream = std::unique_ptr<DIR, int (*)(DIR*)>;

  bool is_over() const {
    return stop_.stop_requested() || std::chrono::steady_clock::now() > deadline_;
  }
  void push(UniqueFd fd) {
    Stream stream(fd.is_open() ? ::fdopendir(fd.get()) : nullptr, ::closedir);
    if (!stream) return;
    fd.release();
    open_.push_back(std::move(stream));
  }
  std::int64_t take(const std::string& name) {
    if (name == "." || name == "..") return 0;
    const int parent = ::dirfd(open_.back().get());
    struct stat info {};
    if (::fstatat(parent, name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) return 0;
    if (S_ISDIR(info.st_mode) && open_.size() < limits::kVolumeOpenDepth) {
      push(UniqueFd(
          ::openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)));
    }
    return static_cast<std::int64_t>(info.st_blocks) * kBlockBytes;
  }

  const std::stop_token& stop_;
  const std::chrono::steady_clock::time_point deadline_;
  std::vector<Stream> open_;
};

}  // namespace

Volumes::Volumes(UniqueFd directory, std::string path, Trash& trash)
    : directory_(std::move(directory)), path_(std::move(path)), trash_(trash) {}

Result<std::string> Volumes::make(const std::string& name,
                                  const std::map<std::string, std::string>& labels) {
  if (!is_object_name(name)) {
    return Error{ErrorKind::kInvalid, "a volume cannot have this name", name};
  }
  const std::string path = path_ + "/" + name + "/" + kData;
  if (open_directory(directory_.get(), name)) return path;
  const std::string draft = ".draft-" + random_hex(8);
  PAWL_TRY(const UniqueFd made, make_directory(directory_.get(), draft, 0711));
  PAWL_TRY(const UniqueFd data, make_directory(made.get(), kData, 0700));
  // The umask has no say in this.
  if (::fchmod(made.get(), 0711) != 0 || ::fchmod(data.get(), kOpenToAll) != 0) {
    return file_error(errno, path);
  }
  PAWL_CHECK(write_whole(made.get(), kLabels, encode(labels), false));
  if (::renameat(directory_.get(), draft.c_str(), directory_.get(), name.c_str()) != 0) {
    const int code = errno;
    PAWL_CHECK(trash_.take(directory_.get(), draft));
    // Another thread was quicker; a directory with something in it is never replaced.
    if (code != EEXIST && code != ENOTEMPTY) return file_error(code, path);
  }
  return path;
}

Result<void> Volumes::remove(const std::string& name) {
  if (!is_object_name(name)) return {};
  return trash_.take(directory_.get(), name);
}

Result<std::vector<VolumeSummary>> Volumes::list() const {
  PAWL_TRY(const auto names, entries_of(directory_.get(), limits::kProcessTasks));
  std::vector<VolumeSummary> volumes;
  for (const std::string& name : names) {
    if (!is_object_name(name)) continue;
    const auto directory = open_directory(directory_.get(), name);
    if (!directory) continue;
    VolumeSummary volume;
    volume.name = name;
    const auto text = read_whole(directory->get(), kLabels, limits::kProcessRecordBytes);
    if (text) {
      if (auto labels = decode_labels(*text)) volume.labels = std::move(labels).value();
    }
    volumes.push_back(std::move(volume));
  }
  return volumes;
}

Result<std::vector<DiskUsage::Volume>> Volumes::sizes(const std::stop_token& stop) const {
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kDiskUsageMs);
  PAWL_TRY(auto volumes, list());
  std::vector<DiskUsage::Volume> sized;
  for (VolumeSummary& volume : volumes) {
    auto data = open_directory(directory_.get(), volume.name);
    if (!data) continue;
    const std::int64_t bytes = TreeSize(stop, deadline).of(std::move(data).value());
    if (stop.stop_requested()) return Error{ErrorKind::kCancelled, "stopped while counting", {}};
    sized.push_back({std::move(volume.name), std::move(volume.labels), bytes});
  }
  return sized;
}

}  // namespace pawl
