#include "store/damaged_store.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <optional>

#include "base/log.h"
#include "base/unique_fd.h"
#include "model/limits.h"
#include "store/directory.h"
#include "store/environment.h"
#include "store/record.h"

namespace pawl::store {
namespace {

constexpr std::string_view kDamaged = "data.mdb.damaged-";
constexpr std::size_t kReadBytes = 1024 * 1024;

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  std::array<char, 32> text{};
  (void)std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &parts);
  return text.data();
}

// The highest of the copies in `bytes`.
void find_copies(std::string_view bytes, std::optional<LastRun>& highest) {
  static const std::size_t kValueBytes = encode_last_run({}).value.size();
  for (std::size_t at = bytes.find(kLastRunKey); at != std::string_view::npos;
       at = bytes.find(kLastRunKey, at + 1)) {
    const std::string_view value = bytes.substr(at + kLastRunKey.size(), kValueBytes);
    const auto copy = decode_last_run(value);
    if (!copy) continue;
    if (!highest) highest = LastRun{};
    highest->id = std::max(highest->id, copy->id);
    highest->created_high = std::max(highest->created_high, copy->created_high);
  }
}

}  // namespace

Result<std::string> move_data_aside(const std::string& directory, std::string_view what) {
  const std::string base = "data.mdb." + std::string(what) + "-" + utc_now();
  constexpr int kMostOfOneSecond = 100;
  for (int number = 1; number <= kMostOfOneSecond; ++number) {
    const std::string name = number == 1 ? base : base + "-" + std::to_string(number);
    const std::string path = directory + "/" + name;
    if (::renameat2(AT_FDCWD, data_path(directory).c_str(), AT_FDCWD, path.c_str(),
                    RENAME_NOREPLACE) == 0) {
      // It belongs to that file: whoever still reads it keeps both.
      (void)::unlink((directory + "/lock.mdb").c_str());
      PAWL_CHECK(sync_directory(directory));
      return name;
    }
    if (errno != EEXIST) return system_error(errno, path);
  }
  return system_error(EEXIST, base);
}

std::vector<std::string> list_damaged(const std::string& directory) {
  std::vector<std::string> names;
  std::error_code error;
  const std::filesystem::directory_iterator end;
  for (std::filesystem::directory_iterator at(directory, error); !error && at != end;
       at.increment(error)) {
    std::string name = at->path().filename().string();
    if (name.starts_with(kDamaged)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

void drop_old_damaged(const std::string& directory) {
  const std::vector<std::string> names = list_damaged(directory);
  for (std::size_t i = 0; i + limits::kStoreSetAsideFiles < names.size(); ++i) {
    log_warning("an old damaged store is removed", {{"file", names[i]}});
    (void)::unlink((directory + "/" + names[i]).c_str());
  }
}

LastRun salvage_last_run(const std::string& path) {
  // A copy may lie across two reads.
  const std::size_t overlap = kLastRunKey.size() + encode_last_run({}).value.size();
  std::optional<LastRun> highest;
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  std::string window;
  for (off_t offset = 0; file.is_open();) {
    std::string bytes(kReadBytes, '\0');
    const ssize_t got = ::pread(file.get(), bytes.data(), bytes.size(), offset);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    offset += got;
    window.append(bytes, 0, static_cast<std::size_t>(got));
    find_copies(window, highest);
    if (window.size() > overlap) window.erase(0, window.size() - overlap);
  }
  const std::time_t now = std::time(nullptr);
  if (!highest)
    return LastRun{RunId{static_cast<std::uint64_t>(std::max<std::time_t>(now, 1))}, {}};
  highest->id.value += limits::kRunsLostMax;
  return *highest;
}

}  // namespace pawl::store
