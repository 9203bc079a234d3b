// LMDB's own compacting copy, since it is one snapshot and as fast as the disk. It checks nothing, and fails badly where
// pages are damaged: so every record is read before, in the store, and again in the copy. Records that are damaged in the store
// are not in the copy: a backup is whole, or it is none.
//
// A copy is made and checked in a directory of its own, where it is a store like any other; then it is renamed.
#include "store/backup.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/digest.h"
#include "base/unique_fd.h"
#include "model/limits.h"
#include "store/chain_table.h"
#include "store/damaged_store.h"
#include "store/directory.h"
#include "store/environment.h"
#include "store/host_key.h"
#include "store/identity.h"

namespace pawl {
namespace {

using namespace store;

constexpr mode_t kFileMode = 0600;
constexpr mode_t kDirectoryMode = 0700;
constexpr std::size_t kCopyBytes = 1024 * 1024;
constexpr std::size_t kInstanceIdBytes = 6;  // 12 hex digits

struct RecordPlace {
  Table table = Table::kMeta;
  std::string key;
};
struct Survey {
  std::uint64_t runs = 0;
  std::vector<RecordPlace> damaged;  // up to limits::kStoreDamageNames
};

// Reads every record. Error: kCorrupt, for a damaged page or for too many damaged records.
Result<Survey> survey(const Environment& environment) {
  Survey found;
  PAWL_TRY(const Transaction txn, environment.read());
  for (Table table : all_tables()) {
    PAWL_TRY(Cursor cursor, txn.cursor(table));
    PAWL_TRY(bool any, cursor.next());
    while (any) {
      if (table == Table::kRuns) ++found.runs;
      if (const auto body = unseal(table, cursor.key(), cursor.value()); !body) {
        if (found.damaged.size() == limits::kStoreDamageNames) return body.error();
        found.damaged.push_back({table, std::string(cursor.key())});
      }
      PAWL_TRY(any, cursor.next());
    }
  }
  return found;
}

// A directory that is gone, with all in it, at the end.
class WorkDirectory {
 public:
  [[nodiscard]] static Result<WorkDirectory> make(const std::string& path) {
    if (::mkdir(path.c_str(), kDirectoryMode) == 0) return WorkDirectory(path);
    if (errno != EEXIST) return system_error(errno, path);
    return Error{ErrorKind::kConflict,
                 "left over from an earlier try, or another one is under way; remove it", path};
  }
  WorkDirectory(WorkDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  WorkDirectory& operator=(WorkDirectory&&) = delete;
  ~WorkDirectory() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit WorkDirectory(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

Result<UniqueFd> create(const std::string& path) {
  UniqueFd file(
      ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, kFileMode));
  if (!file.is_open()) return system_error(errno, path);
  return file;
}

std::uint64_t size_of(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
}

bool exists(const std::string& path) {
  struct stat info {};
  return ::lstat(path.c_str(), &info) == 0;
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Takes those records out of the copy. What they held is not in a backup, and their absence shows in the chain.
Result<void> leave_out(const std::string& directory, const std::vector<RecordPlace>& records) {
  PAWL_TRY(const auto environment, Environment::open({directory, 0, false, true}));
  PAWL_TRY(Transaction txn, environment->write());
  for (const RecordPlace& record : records) PAWL_CHECK(txn.remove(record.table, record.key));
  return txn.commit();
}

// The copy holds what the store holds, and all of it is sound.
Result<std::uint64_t> check_copy(const std::string& directory) {
  PAWL_TRY(const auto environment, Environment::open({directory, 0, true, true}));
  if (environment->missing_bytes() > 0) {
    return Error{ErrorKind::kCorrupt, "the file is cut off", directory};
  }
  PAWL_TRY(const Survey found, survey(*environment));
  if (!found.damaged.empty()) {
    const RecordPlace& first = found.damaged.front();
    return damaged(first.table, first.key, "its checksum does not match");
  }
  PAWL_CHECK(check_identity(*environment, directory, {}));
  return found.runs;
}

Result<void> copy_file(const std::string& from, const std::string& to) {
  const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (!source.is_open()) return system_error(errno, from);
  PAWL_TRY(const UniqueFd target, create(to));
  std::string bytes(kCopyBytes, '\0');
  for (;;) {
    const ssize_t got = ::read(source.get(), bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(errno, from);
    if (got == 0) break;
    for (std::size_t done = 0; done < static_cast<std::size_t>(got);) {
      const ssize_t written =
          ::write(target.get(), bytes.data() + done, static_cast<std::size_t>(got) - done);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error(errno, to);
      done += static_cast<std::size_t>(written);
    }
  }
  if (::fsync(target.get()) != 0) return system_error(errno, to);
  return {};
}

Error already_there(const std::string& file) {
  return {ErrorKind::kConflict, "it exists already; a backup replaces nothing", file};
}

}  // namespace

Result<BackupReport> backup_store(const std::string& state_directory, const std::string& file) {
  if (exists(file)) return already_there(file);
  PAWL_TRY(const auto instance, read_instance_file(state_directory));
  PAWL_CHECK(check_data_present(state_directory, instance));
  const auto lock = DirectoryLock::shared(state_directory);
  PAWL_TRY(const auto environment, Environment::open({state_directory, 0, true, lock.has_value()}));
  PAWL_CHECK(check_identity(*environment, state_directory, instance));
  PAWL_TRY(const Survey source, survey(*environment));

  PAWL_TRY(const WorkDirectory work, WorkDirectory::make(file + ".unfinished"));
  const std::string data = data_path(work.path());
  {
    PAWL_TRY(const UniqueFd copy, create(data));
    PAWL_CHECK(environment->copy_to(copy.get()));
  }
  if (!source.damaged.empty()) PAWL_CHECK(leave_out(work.path(), source.damaged));
  BackupReport report;
  PAWL_TRY(report.runs, check_copy(work.path()));
  report.bytes = size_of(data);
  for (const RecordPlace& record : source.damaged) {
    report.left_out.push_back(describe(record.table, record.key));
  }
  {
    const UniqueFd copy(::open(data.c_str(), O_RDONLY | O_CLOEXEC));
    if (!copy.is_open() || ::fsync(copy.get()) != 0) return system_error(errno, data);
  }
  if (::renameat2(AT_FDCWD, data.c_str(), AT_FDCWD, file.c_str(), RENAME_NOREPLACE) != 0) {
    return errno == EEXIST ? already_there(file) : system_error(errno, file);
  }
  PAWL_CHECK(sync_directory(parent_of(file)));
  return report;
}

namespace {

// What the store's own records say: who it was.
struct Past {
  std::string instance_id;
  std::vector<std::string> former;
};

Result<Past> read_past(const Transaction& txn) {
  Past past;
  PAWL_TRY(const auto instance, txn.get(Table::kMeta, kInstanceKey));
  if (!instance) return damaged(Table::kMeta, kInstanceKey, "it is missing");
  PAWL_TRY(past.instance_id, decode_instance(*instance));
  PAWL_TRY(const auto former, txn.get(Table::kMeta, kFormerInstancesKey));
  if (former) {
    PAWL_TRY(past.former, decode_former_instances(*former));
  }
  return past;
}

void remember(std::vector<std::string>& former, const std::string& id) {
  if (id.empty()) return;
  std::erase(former, id);
  former.push_back(id);
  if (former.size() > limits::kFormerInstances) former.erase(former.begin());
}

// Gives the copy its new identity, and its chain an entry that says so.
Result<Past> rename_store(const std::string& directory, const std::string& replaced_id,
                          const std::string& file, const SigningKey& key) {
  PAWL_TRY(const auto environment, Environment::open({directory, 0, false, true}));
  PAWL_TRY(Transaction txn, environment->write());
  PAWL_TRY(Past past, read_past(txn));
  remember(past.former, past.instance_id);
  remember(past.former, replaced_id);
  past.instance_id = random_hex(kInstanceIdBytes);
  for (const Record& record :
       {encode_instance(past.instance_id), encode_former_instances(past.former)}) {
    PAWL_CHECK(txn.put(record.table, record.key, record.value));
  }
  PAWL_TRY(ChainWriter chain, ChainWriter::open(txn));
  if (!chain.is_missing()) {
    PAWL_CHECK(chain.note("restore", "store from " + file));
    PAWL_CHECK(chain.finish(key));
  }
  PAWL_CHECK(txn.commit());
  return past;
}

}  // namespace

Result<RestoreReport> restore_store(const std::string& file, const std::string& state_directory,
                                    bool replace) {
  PAWL_CHECK(prepare_directory(state_directory));
  PAWL_TRY(const DirectoryLock lock, DirectoryLock::exclusive(state_directory));
  const bool is_there = exists(data_path(state_directory));
  if (is_there && !replace) {
    return Error{ErrorKind::kConflict,
                 "there is a store here already; restore with --replace to put it aside",
                 state_directory};
  }
  // A damaged file says nothing, and that is no reason to refuse.
  const auto instance = read_instance_file(state_directory);
  const std::string replaced_id = instance && *instance ? (*instance)->instance_id : std::string();

  const std::string unfinished = state_directory + "/restore.unfinished";
  // Under the lock it can only be of a try that was cut short.
  std::error_code ignored;
  std::filesystem::remove_all(unfinished, ignored);
  PAWL_TRY(const WorkDirectory work, WorkDirectory::make(unfinished));
  const std::string data = data_path(work.path());
  PAWL_CHECK(copy_file(file, data));
  if (size_of(data) == 0) return Error{ErrorKind::kCorrupt, "the file is empty", file};
  RestoreReport report;
  if (auto runs = check_copy(work.path())) {
    report.runs = *runs;
  } else {
    // The copy's own path would say nothing to people.
    return Error{runs.error().kind, runs.error().message, file};
  }
  PAWL_TRY(const SigningKey key, establish_host_key(state_directory));
  PAWL_TRY(Past past, rename_store(work.path(), replaced_id, file, key));
  report.bytes = size_of(data);
  if (is_there) {
    PAWL_TRY(report.replaced, move_data_aside(state_directory, "replaced"));
  }
  if (::rename(data.c_str(), data_path(state_directory).c_str()) != 0) {
    return system_error(errno, data);
  }
  PAWL_CHECK(write_instance_file(state_directory, {kStoreFormat, past.instance_id}));
  report.instance_id = std::move(past.instance_id);
  report.former = std::move(past.former);
  return report;
}

}  // namespace pawl
