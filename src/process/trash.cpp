// Flat instead of recursive: a directory inside one that is being emptied is moved up to the top, to be emptied in its turn.
// So no path gets longer than two names, and 100,000 nested directories are as harmless as 100,000 beside one another.
#include "process/trash.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/digest.h"
#include "base/log.h"
#include "process/directory.h"

namespace pawl {
namespace {

constexpr std::size_t kBatch = 4096;

// A task may have taken its own directory's permissions from its owner. By its descriptor, as a name could be a link by now.
UniqueFd open_for_removal(int parent, const std::string& name) {
  const UniqueFd handle(
      ::openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!handle.is_open()) return UniqueFd();
  const std::string path = "/proc/self/fd/" + std::to_string(handle.get());
  (void)::chmod(path.c_str(), 0700);
  return UniqueFd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

// Moved to the top if it is a directory with something in it, else removed.
bool remove_entry(int top, int parent, const std::string& name) {
  if (::unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return true;
  if (::unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0) return true;
  if (errno != ENOTEMPTY && errno != EEXIST) return false;
  // A directory that is moved has its ".." written to.
  (void)open_for_removal(parent, name);
  return ::renameat(parent, name.c_str(), top, random_hex(16).c_str()) == 0;
}

bool empty_one(int top, const std::string& name, const std::stop_token& stop) {
  const UniqueFd directory = open_for_removal(top, name);
  if (!directory.is_open()) return false;
  while (true) {
    const auto entries = entries_of(directory.get(), kBatch);
    if (!entries) return false;
    if (entries->empty()) break;
    for (const std::string& entry : *entries) {
      if (stop.stop_requested() || !remove_entry(top, directory.get(), entry)) return false;
    }
  }
  return ::unlinkat(top, name.c_str(), AT_REMOVEDIR) == 0;
}

}  // namespace

bool empty_directory(int directory, const std::stop_token& stop) {
  while (true) {
    const auto names = entries_of(directory, kBatch);
    if (!names) return false;
    if (names->empty()) return true;
    for (const std::string& name : *names) {
      if (stop.stop_requested()) return false;
      if (::unlinkat(directory, name.c_str(), 0) == 0) continue;
      if (!empty_one(directory, name, stop)) return false;
    }
  }
}

Trash::Trash(UniqueFd directory)
    : directory_(std::move(directory)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

Trash::~Trash() = default;

Result<void> Trash::take(int parent, const std::string& name) {
  if (::renameat(parent, name.c_str(), directory_.get(), random_hex(16).c_str()) != 0) {
    if (errno == ENOENT) return {};
    return file_error(errno, name);
  }
  const std::lock_guard lock(mutex_);
  filled_ = true;
  more_.notify_one();
  return {};
}

void Trash::work(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      if (!more_.wait(lock, stop, [this] { return filled_; })) return;
      filled_ = false;
    }
    if (!empty_directory(directory_.get(), stop) && !stop.stop_requested()) {
      log_warning("a removed task's files cannot be deleted; see the trash of the process engine");
    }
  }
}

}  // namespace pawl
