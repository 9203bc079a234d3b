// Problem: LMDB maps its file. Where the file is shorter than its meta page says (cut off by a bad copy or a broken
// filesystem), touching what is missing kills the process with SIGBUS. Approach: whoever has the store to itself makes the file as
// long as it should be again, as a hole that costs no disk. What was lost reads as zeros then, which LMDB reports as
// MDB_CORRUPTED and our checksums find. Pages at the end may rightly be missing: those that one transaction both
// took and freed were never written. Rejected: a handler for SIGBUS, which cannot make LMDB's caller return.
//
// Where a page is of the wrong kind, LMDB fails an assertion and would end the process. Its hook for that throws instead, through
// LMDB's frames (compiled with -fexceptions) up to guarded(), and the transaction ends as kCorrupt: one
// damaged page must not take the agent, and everything else in the store, with it.
#include "store/environment.h"

#include <fcntl.h>
#include <lmdb.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

#include "model/limits.h"

namespace pawl::store {
namespace {

// LMDB's own table of free pages: transaction → count, page numbers.
constexpr unsigned kFreeList = 0;
constexpr mdb_mode_t kFileMode = 0600;

// No record is larger; a larger size is a damaged page's, and may point out of the map.
constexpr std::size_t kMaxValueBytes = limits::kDefinitionBytes + 1024;

// The first format's tables are in every store.
constexpr std::size_t kFirstTables = 15;
constexpr unsigned kNoTable = ~0u;

struct FailedAssertion {};
constexpr int kAssertionFailed = -1;  // LMDB's codes are below -30000, errno's above 0

[[noreturn]] void throw_assertion(MDB_env*, const char*) { throw FailedAssertion(); }

// What LMDB returns, or kAssertionFailed.
template <typename Call>
int guarded(Call call) {
  try {
    return call();
  } catch (const FailedAssertion&) {
    return kAssertionFailed;
  }
}

void abort_transaction(MDB_txn* txn) {
  (void)guarded([&] {
    mdb_txn_abort(txn);
    return 0;
  });
}

MDB_val to_value(std::string_view bytes) { return {bytes.size(), const_cast<char*>(bytes.data())}; }

std::string_view to_view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

// LMDB reports a short write as EIO, although the usual reason is a full disk.
bool is_disk_full(const std::string& directory) {
  constexpr unsigned long kNearlyNothingBytes = 1024 * 1024;
  struct statvfs info {};
  if (::statvfs(directory.c_str(), &info) != 0) return false;
  return info.f_bavail * info.f_frsize < kNearlyNothingBytes;
}

// A record of LMDB's list of free pages: how many, then their numbers.
std::vector<std::size_t> listed_pages(std::string_view record) {
  std::vector<std::size_t> words(record.size() / sizeof(std::size_t));
  if (words.empty()) return {};
  std::memcpy(words.data(), record.data(), words.size() * sizeof(std::size_t));
  const std::size_t count = std::min(words.front(), words.size() - 1);
  return {words.begin() + 1, words.begin() + 1 + static_cast<std::ptrdiff_t>(count)};
}

Error to_error(int code, const std::string& directory) {
  const auto make = [&](ErrorKind kind, std::string message) {
    return Error{kind, std::move(message), directory};
  };
  if (code == EIO && is_disk_full(directory)) code = ENOSPC;
  switch (code) {
    case MDB_MAP_FULL:
      return make(ErrorKind::kExhausted, "the store is full; raise state.max_size");
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return make(ErrorKind::kExhausted, "the disk is full; free some space");
    case ENOMEM:
      return make(ErrorKind::kExhausted, "not enough memory for the store");
    case MDB_READERS_FULL:
      return make(ErrorKind::kExhausted, "too many readers of the store at once");
    case kAssertionFailed:
    case MDB_BAD_TXN:  // it met damaged pages before
    case MDB_CORRUPTED:
    case MDB_PAGE_NOTFOUND:
    case MDB_CURSOR_FULL:
      return make(ErrorKind::kCorrupt,
                  "pages of the store's file are damaged; restore a backup, or move the directory "
                  "away to start anew");
    case MDB_INVALID:
      return make(ErrorKind::kCorrupt, "data.mdb is no store");
    case MDB_VERSION_MISMATCH:
      return make(ErrorKind::kInvalid, "data.mdb was made by another version of LMDB");
    case MDB_PANIC:
      return make(ErrorKind::kUnavailable,
                  "an earlier write of the store failed half-way; restart the agent");
    case EACCES:
    case EPERM:
    case EROFS:
      return make(ErrorKind::kDenied, std::strerror(code));
    case ENOENT:
      return make(ErrorKind::kNotFound, "there is no store here");
    case MDB_NOTFOUND:
      return make(ErrorKind::kNotFound, "there is no store here, or not a whole one");
    case MDB_BAD_VALSIZE:
    case EINVAL:
      return make(ErrorKind::kInternal, mdb_strerror(code));
    default:
      return make(ErrorKind::kUnavailable, mdb_strerror(code));
  }
}

}  // namespace

std::string data_path(const std::string& directory) { return directory + "/data.mdb"; }

// --- Cursor ---

Cursor::Cursor(Cursor&& other) noexcept
    : cursor_(std::exchange(other.cursor_, nullptr)),
      directory_(other.directory_),
      key_(other.key_),
      value_(other.value_) {}

Cursor::~Cursor() {
  if (cursor_) mdb_cursor_close(cursor_);
}

Result<bool> Cursor::move(int operation, std::string_view key) {
  if (!cursor_) return false;  // of a table that is not there
  MDB_val found_key = to_value(key);
  MDB_val found_value{};
  int code = guarded([&] {
    return mdb_cursor_get(cursor_, &found_key, &found_value, static_cast<MDB_cursor_op>(operation));
  });
  if (code == MDB_NOTFOUND) return false;
  if (code == 0 && found_value.mv_size > kMaxValueBytes) code = MDB_CORRUPTED;
  if (code != 0) return to_error(code, *directory_);
  key_ = to_view(found_key);
  value_ = to_view(found_value);
  return true;
}

Result<bool> Cursor::seek(std::string_view key) {
  // LMDB takes no empty key.
  return move(key.empty() ? MDB_FIRST : MDB_SET_RANGE, key);
}
Result<bool> Cursor::next() { return move(MDB_NEXT, {}); }
Result<bool> Cursor::previous() { return move(MDB_PREV, {}); }
Result<bool> Cursor::last() { return move(MDB_LAST, {}); }

Result<bool> Cursor::seek_before(std::string_view key) {
  PAWL_TRY(const bool found, seek(key));
  return found ? previous() : last();
}

// --- Transaction ---

Transaction::Transaction(Transaction&& other) noexcept
    : txn_(std::exchange(other.txn_, nullptr)),
      tables_(other.tables_),
      directory_(other.directory_),
      failure_(std::move(other.failure_)),
      shortage_(other.shortage_),
      touched_bytes_(other.touched_bytes_) {}

Transaction::~Transaction() {
  if (txn_) abort_transaction(txn_);
}

unsigned Transaction::handle(Table table) const {
  PAWL_ASSERT(txn_ != nullptr);
  return (*tables_)[static_cast<std::size_t>(table)];
}

Error Transaction::fail(int code) {
  if (failure_) return *failure_;
  failure_ = to_error(code, *directory_);
  if (code == MDB_MAP_FULL) {
    shortage_ = Shortage::kMap;
  } else if (failure_->kind == ErrorKind::kExhausted && code != ENOMEM) {
    shortage_ = Shortage::kDisk;
  }
  return *failure_;
}

Result<std::optional<std::string_view>> Transaction::get(Table table, std::string_view key) const {
  if (failure_) return *failure_;
  if (handle(table) == kNoTable) return std::optional<std::string_view>();
  MDB_val wanted = to_value(key);
  MDB_val found{};
  int code = guarded([&] { return mdb_get(txn_, handle(table), &wanted, &found); });
  if (code == MDB_NOTFOUND) return std::optional<std::string_view>();
  if (code == 0 && found.mv_size > kMaxValueBytes) code = MDB_CORRUPTED;
  if (code != 0) return to_error(code, *directory_);
  return std::optional(to_view(found));
}

Result<Cursor> Transaction::cursor(Table table) const {
  if (failure_) return *failure_;
  MDB_cursor* cursor = nullptr;
  if (handle(table) == kNoTable) return Cursor(cursor, directory_);
  const int code = mdb_cursor_open(txn_, handle(table), &cursor);
  if (code != 0) return to_error(code, *directory_);
  return Cursor(cursor, directory_);
}

Result<void> Transaction::put(Table table, std::string_view key, std::string_view value) {
  if (failure_) return *failure_;
  MDB_val new_key = to_value(key);
  MDB_val new_value = to_value(value);
  constexpr std::size_t kPagesBytes = 4 * 4096;  // the leaf and what is above it
  touched_bytes_ += 2 * value.size() + kPagesBytes;
  const int code = guarded([&] { return mdb_put(txn_, handle(table), &new_key, &new_value, 0); });
  if (code != 0) return fail(code);
  return {};
}

Result<void> Transaction::remove(Table table, std::string_view key) {
  if (failure_) return *failure_;
  MDB_val old_key = to_value(key);
  const int code = guarded([&] { return mdb_del(txn_, handle(table), &old_key, nullptr); });
  if (code != 0 && code != MDB_NOTFOUND) return fail(code);
  return {};
}

Result<void> Transaction::commit() {
  PAWL_ASSERT(txn_ != nullptr);
  MDB_txn* txn = std::exchange(txn_, nullptr);
  if (failure_) {
    abort_transaction(txn);
    return *failure_;
  }
  const int code = guarded([&] { return mdb_txn_commit(txn); });
  if (code == kAssertionFailed) abort_transaction(txn);  // it is not freed then
  if (code != 0) return fail(code);
  return {};
}

void Transaction::abandon() {
  if (txn_) abort_transaction(std::exchange(txn_, nullptr));
}

// --- Environment ---

// The directories that are open in this process: LMDB's locks would not notice a second opening.
class Environment::Registration {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Registration>> add(const std::string& directory) {
    struct stat info {};
    if (::stat(directory.c_str(), &info) != 0) return to_error(errno, directory);
    const Place place{info.st_dev, info.st_ino};
    std::lock_guard lock(mutex());
    if (!places().insert(place).second) {
      return Error{ErrorKind::kConflict, "the store is open in this process already", directory};
    }
    return std::unique_ptr<Registration>(new Registration(place));
  }
  Registration(const Registration&) = delete;
  Registration& operator=(const Registration&) = delete;
  ~Registration() {
    std::lock_guard lock(mutex());
    places().erase(place_);
  }

 private:
  using Place = std::pair<dev_t, ino_t>;
  explicit Registration(Place place) : place_(place) {}
  static std::mutex& mutex() {
    static std::mutex mutex;
    return mutex;
  }
  static std::set<Place>& places() {
    static std::set<Place> places;
    return places;
  }

  const Place place_;
};

Environment::Environment(std::string directory, bool read_only)
    : directory_(std::move(directory)), read_only_(read_only), process_(::getpid()) {}

Environment::~Environment() {
  // In a forked child this would free the parent's reader slots.
  if (env_ && process_ == ::getpid()) mdb_env_close(env_);
}

Result<std::unique_ptr<Environment>> Environment::open(const Options& options) {
  std::unique_ptr<Environment> environment(new Environment(options.directory, options.read_only));
  PAWL_TRY(environment->registration_, Registration::add(options.directory));
  PAWL_CHECK(environment->configure(options));
  environment->check_readers();
  if (options.exclusive) PAWL_CHECK(environment->fill_up());
  PAWL_CHECK(environment->open_tables());
  return environment;
}

Result<void> Environment::configure(const Options& options) {
  int code = mdb_env_create(&env_);
  if (code == 0) code = mdb_env_set_maxdbs(env_, kTableCount);
  if (code == 0) code = mdb_env_set_assert(env_, throw_assertion);
  if (code == 0) code = mdb_env_set_maxreaders(env_, limits::kStoreReaders);
  if (code == 0 && options.map_bytes > 0) {
    const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    code = mdb_env_set_mapsize(env_, (options.map_bytes + page - 1) / page * page);
  }
  const unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (read_only_ ? MDB_RDONLY : 0u);
  if (code == 0) code = mdb_env_open(env_, directory_.c_str(), flags, kFileMode);
  if (code != 0) return to_error(code, directory_);
  return {};
}

Result<void> Environment::fill_up() {
  MDB_envinfo info{};
  MDB_stat status{};
  struct stat file {};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &status);
  const std::string path = data_path(directory_);
  if (::stat(path.c_str(), &file) != 0) return to_error(errno, directory_);
  const std::size_t page = status.ms_psize;
  const std::size_t pages = static_cast<std::size_t>(file.st_size) / page;
  const std::size_t wanted_pages = info.me_last_pgno + 1;
  if (pages >= wanted_pages) return {};
  if (::truncate(path.c_str(), static_cast<off_t>(wanted_pages * page)) != 0) {
    return to_error(errno, directory_);
  }
  // Where the list of free pages is lost as well, all that is missing counts.
  const auto free = count_free_pages(pages);
  const std::size_t missing = wanted_pages - pages;
  missing_bytes_ = (missing - std::min(missing, free ? *free : 0)) * page;
  return {};
}

Result<void> Environment::open_tables() {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, read_only_ ? MDB_RDONLY : 0, &txn);
  if (code != 0) return to_error(code, directory_);
  for (Table table : all_tables()) {
    code = guarded([&] {
      return mdb_dbi_open(txn, table_name(table), read_only_ ? 0 : MDB_CREATE,
                          &tables_[static_cast<std::size_t>(table)]);
    });
    if (code == 0) continue;
    if (code == MDB_NOTFOUND && static_cast<std::size_t>(table) >= kFirstTables) {
      tables_[static_cast<std::size_t>(table)] = kNoTable;
      continue;
    }
    abort_transaction(txn);
    return to_error(code, directory_);
  }
  // Also when only read: an abort would close the tables again.
  return Transaction(txn, &tables_, &directory_).commit();
}

Result<Transaction> Environment::begin(unsigned flags) const {
  if (process_ != ::getpid()) {
    return Error{ErrorKind::kInternal, "the store cannot be used after a fork", directory_};
  }
  MDB_txn* txn = nullptr;
  const int code = mdb_txn_begin(env_, nullptr, flags, &txn);
  if (code != 0) return to_error(code, directory_);
  return Transaction(txn, &tables_, &directory_);
}

Result<Transaction> Environment::read() const { return begin(MDB_RDONLY); }

Result<Transaction> Environment::write() {
  PAWL_ASSERT(!read_only_);
  return begin(0);
}

void Environment::check_readers() {
  int dead = 0;
  // Failing, it only leaves old pages unused for longer.
  (void)mdb_reader_check(env_, &dead);
}

std::optional<std::uintptr_t> Environment::find_mapped_byte() const {
  const auto txn = read();
  if (!txn) return std::nullopt;
  for (Table table : all_tables()) {
    auto cursor = txn->cursor(table);
    if (!cursor) return std::nullopt;
    const auto found = cursor->next();
    if (found && *found) return reinterpret_cast<std::uintptr_t>(cursor->key().data());
  }
  return std::nullopt;
}

void Environment::release_memory() {
  if (!map_) {
    const auto byte = find_mapped_byte();
    if (!byte) return;
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
      unsigned long start = 0;
      unsigned long end = 0;
      if (std::sscanf(line.c_str(), "%lx-%lx", &start, &end) != 2) continue;
      if (start <= *byte && *byte < end) map_ = Map{start, end - start};
    }
    if (!map_) return;
  }
  // The mapping is shared and file-backed: pages come back by themselves when they are touched, also
  // under a reader's hands.
  (void)::madvise(reinterpret_cast<void*>(map_->start), map_->bytes, MADV_DONTNEED);
}

Result<std::size_t> Environment::count_free_pages(std::size_t from) const {
  MDB_txn* txn = nullptr;
  int code = mdb_txn_begin(env_, nullptr, MDB_RDONLY, &txn);
  if (code != 0) return to_error(code, directory_);
  MDB_cursor* cursor = nullptr;
  code = mdb_cursor_open(txn, kFreeList, &cursor);
  std::size_t free = 0;
  MDB_val key{};
  MDB_val value{};
  const auto next = [&] { return mdb_cursor_get(cursor, &key, &value, MDB_NEXT); };
  while (code == 0 && (code = guarded(next)) == 0) {
    for (std::size_t page : listed_pages(to_view(value))) {
      if (page >= from) ++free;
    }
  }
  if (cursor) mdb_cursor_close(cursor);
  abort_transaction(txn);
  if (code != MDB_NOTFOUND) return to_error(code, directory_);
  return free;
}

std::size_t Environment::high_water_bytes() const {
  MDB_envinfo info{};
  MDB_stat status{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &status);
  return (info.me_last_pgno + 1) * status.ms_psize;
}

Result<void> Environment::copy_to(int file) const {
  const int code = guarded([&] { return mdb_env_copyfd2(env_, file, MDB_CP_COMPACT); });
  if (code != 0) return to_error(code, directory_);
  return {};
}

Result<Environment::Usage> Environment::usage() const {
  MDB_envinfo info{};
  MDB_stat status{};
  mdb_env_info(env_, &info);
  mdb_env_stat(env_, &status);
  const std::size_t pages = info.me_last_pgno + 1;
  PAWL_TRY(const std::size_t free, count_free_pages(0));
  return Usage{(pages - std::min(free, pages)) * status.ms_psize, info.me_mapsize};
}

}  // namespace pawl::store
