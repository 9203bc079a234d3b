// How much of the store's size is in use. The map is larger than that size by a reserve, since removing takes room as well: up to
// half of the reserve is for the ends of what is under way, the rest for retention's own transactions.
//
// Counting free pages reads LMDB's list of them, which can be long, so it is done only once the file is larger than the
// store's size, and again only when a quarter of what was left may have been written since.
// One thread at a time.
#pragma once

#include <cstddef>

#include "base/result.h"
#include "store/environment.h"

namespace pawl::store {

class Room {
 public:
  explicit Room(std::size_t size) : size_(size) {}

  // What to map for a store of this size.
  [[nodiscard]] static std::size_t map_bytes(std::size_t size);

  // After a transaction that wrote so much.
  void note_written(std::size_t bytes) { written_ += bytes; }
  // The next look counts anew.
  void forget() { is_known_ = false; }
  // Brings the answers below up to date.
  [[nodiscard]] Result<void> look(const Environment& environment);

  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::size_t used_bytes() const { return used_; }  // or more
  [[nodiscard]] bool is_over_size() const { return used_ > size_; }
  // Nothing but retention may write.
  [[nodiscard]] bool is_over_limit() const { return used_ > limit(); }

 private:
  [[nodiscard]] std::size_t limit() const;

  const std::size_t size_;
  std::size_t used_ = 0;
  std::size_t written_ = 0;  // since `used_` was counted
  bool is_known_ = false;
};

}  // namespace pawl::store
