// LMDB behind move-only handles: an environment with all tables of tables.h, transactions, cursors. LMDB's codes
// become error kinds; nothing of lmdb.h is seen outside environment.cpp.
//
// Rules kept here: default durability; a directory is open once in a process (kConflict otherwise); never used after a
// fork (kInternal; and a child's destructor leaves the parent's reader slots alone); a read transaction
// belongs to its object and not to a thread (MDB_NOTLS); no read-ahead (MDB_NORDAHEAD), since a big
// store is read in small pieces.
//
// Error kinds: kExhausted (map, disk, memory or reader slots are full), kCorrupt, kDenied, kNotFound (no such directory,
// file or table), kUnavailable (I/O), kInvalid (made by another version of LMDB).
#pragma once

#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "store/tables.h"

struct MDB_env;
struct MDB_txn;
struct MDB_cursor;

namespace pawl::store {

using TableHandles = std::array<unsigned, kTableCount>;

// A place in one table. Must end before its transaction does. One thread at a time.
class Cursor {
 public:
  Cursor(Cursor&& other) noexcept;
  Cursor& operator=(Cursor&&) = delete;
  ~Cursor();

  // Each moves, and says whether there is a record. key() and value() are valid until the next move, or until the next
  // write of this transaction.
  [[nodiscard]] Result<bool> seek(std::string_view key);         // the first at or after `key`
  [[nodiscard]] Result<bool> seek_before(std::string_view key);  // the last before `key`
  [[nodiscard]] Result<bool> next();
  [[nodiscard]] Result<bool> previous();
  [[nodiscard]] Result<bool> last();
  [[nodiscard]] std::string_view key() const { return key_; }
  [[nodiscard]] std::string_view value() const { return value_; }

 private:
  friend class Transaction;
  Cursor(MDB_cursor* cursor, const std::string* directory)
      : cursor_(cursor), directory_(directory) {}
  [[nodiscard]] Result<bool> move(int operation, std::string_view key);

  MDB_cursor* cursor_;
  const std::string* directory_;
  std::string_view key_;
  std::string_view value_;
};

// One snapshot, or the one writer. Ends without a trace unless committed. After a write failed, it can only end: commit()
// returns that error again. After it met a damaged page (kCorrupt), all further reads fail alike: go on in another
// snapshot. One thread at a time; a writer stays on the thread that began it.
class Transaction {
 public:
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();

  // Nothing where there is no such record. Valid until the next write.
  [[nodiscard]] Result<std::optional<std::string_view>> get(Table table,
                                                            std::string_view key) const;
  [[nodiscard]] Result<Cursor> cursor(Table table) const;
  [[nodiscard]] Result<void> put(Table table, std::string_view key, std::string_view value);
  // Succeeds where there is no such record.
  [[nodiscard]] Result<void> remove(Table table, std::string_view key);
  // Durable when it returns. The transaction has ended, whatever the result.
  [[nodiscard]] Result<void> commit();
  // Ends it without a trace; likewise.
  void abandon();

  // What a failed write was short of. kMap: the map's end; kDisk: the filesystem.
  enum class Shortage : std::uint8_t { kNone, kMap, kDisk };
  [[nodiscard]] Shortage shortage() const { return shortage_; }
  // An upper bound for what its writes take of the map, roughly.
  [[nodiscard]] std::size_t touched_bytes() const { return touched_bytes_; }

 private:
  friend class Environment;
  Transaction(MDB_txn* txn, const TableHandles* tables, const std::string* directory)
      : txn_(txn), tables_(tables), directory_(directory) {}
  [[nodiscard]] unsigned handle(Table table) const;
  [[nodiscard]] Error fail(int code);

  MDB_txn* txn_;
  const TableHandles* tables_;
  const std::string* directory_;
  std::optional<Error> failure_;
  Shortage shortage_ = Shortage::kNone;
  std::size_t touched_bytes_ = 0;
};

class Environment {
 public:
  struct Options {
    std::string directory;
    std::size_t map_bytes = 0;  // 0: as large as it was last
    bool read_only = false;
    // No other process writes: a file that was cut off may be filled up (environment.cpp says why).
    bool exclusive = false;
  };
  struct Usage {
    std::size_t used_bytes = 0;  // of pages that hold something
    std::size_t map_bytes = 0;
  };

  // Makes tables that are missing; read-only, those that an older format did not have are empty.
  [[nodiscard]] static Result<std::unique_ptr<Environment>> open(const Options& options);
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  // Any thread, many at once.
  [[nodiscard]] Result<Transaction> read() const;
  // One at a time.
  [[nodiscard]] Result<Transaction> write();
  // Frees the slots of readers that died.
  void check_readers();
  // Gives back what the map holds of physical memory. The kernel has it in its page cache still, and counts it as
  // its own then; without this, an agent seems as large as what was ever read or written.
  void release_memory();
  // Up to the last page that was ever used: an upper bound of what is in use, had for nothing.
  [[nodiscard]] std::size_t high_water_bytes() const;
  // Reads the list of free pages: not for every commit.
  [[nodiscard]] Result<Usage> usage() const;
  // How much of what is in use was missing at the end of the file when it was opened. 0: nothing.
  [[nodiscard]] std::size_t missing_bytes() const { return missing_bytes_; }
  // Writes a compacted copy of one snapshot. Every page must have been read without an error before: LMDB copies in two
  // threads, where a failed assertion could not be caught.
  [[nodiscard]] Result<void> copy_to(int file) const;

 private:
  class Registration;
  Environment(std::string directory, bool read_only);
  [[nodiscard]] Result<void> configure(const Options& options);
  [[nodiscard]] Result<void> fill_up();
  [[nodiscard]] Result<void> open_tables();
  [[nodiscard]] Result<Transaction> begin(unsigned flags) const;
  [[nodiscard]] Result<std::size_t> count_free_pages(std::size_t from) const;
  [[nodiscard]] std::optional<std::uintptr_t> find_mapped_byte() const;

  const std::string directory_;
  const bool read_only_;
  const pid_t process_;
  std::unique_ptr<Registration> registration_;
  MDB_env* env_ = nullptr;
  TableHandles tables_{};
  std::size_t missing_bytes_ = 0;
  // Where LMDB mapped the file; it does not say so itself.
  struct Map {
    std::uintptr_t start = 0;
    std::size_t bytes = 0;
  };
  std::optional<Map> map_;
};

// The path of LMDB's data in a store's directory.
[[nodiscard]] std::string data_path(const std::string& directory);

}  // namespace pawl::store
