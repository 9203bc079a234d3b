// What keeps an agent's store going: room in the map and on the disk, retention, and what an operator should know of it.
// The loop's thread, but for warnings().
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/signing.h"
#include "ports/store.h"
#include "store/ballast.h"
#include "store/damage_log.h"
#include "store/environment.h"
#include "store/retention.h"
#include "store/room.h"

namespace pawl::store {

class Upkeep {
 public:
  Upkeep(std::string directory, std::size_t store_bytes, SigningKey key);

  [[nodiscard]] const SigningKey& key() const { return key_; }
  // Before a transaction of the loop's. Makes room where nothing is left but what is retention's; kExhausted: there was nothing
  // that could go.
  [[nodiscard]] Result<void> before_write(Environment& environment);
  // A transaction of the loop's was committed, or was not: whatever it was short of.
  void note_committed(const Transaction& txn);
  void note_failed(const Transaction& txn);
  [[nodiscard]] Retention& retention() { return retention_; }

  // As ports/store.h says.
  [[nodiscard]] Result<bool> prune(Environment& environment, const KeepRules& rules, WallTime now);
  [[nodiscard]] bool has_room(const Environment& environment);
  // Any thread.
  [[nodiscard]] std::vector<std::string> warnings(const DamageLog& damage) const;

 private:
  // Every limits::kStoreCheckMs: readers that died are let go of, memory is given back, room is looked at.
  void look_after(Environment& environment);
  void begin_shrinking();
  void settle_shrinking();

  const std::string directory_;
  const SigningKey key_;
  Room room_;
  Ballast ballast_;
  Retention retention_;
  std::chrono::steady_clock::time_point next_look_;
  KeepRules rules_;  // the last ones given
  // Once over its size, a store is pruned until it is well under it: not one run at a time.
  bool is_shrinking_ = false;
  std::size_t shrink_to_ = 0;
  bool map_was_full_ = false;
  std::atomic<bool> is_tight_ = false;
  std::atomic<bool> is_full_ = false;
  std::atomic<bool> disk_is_full_ = false;
};

}  // namespace pawl::store
