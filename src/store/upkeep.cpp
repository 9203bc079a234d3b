#include "store/upkeep.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "store/damaged_store.h"

namespace pawl::store {

Upkeep::Upkeep(std::string directory, std::size_t store_bytes, SigningKey key)
    : directory_(std::move(directory)),
      key_(std::move(key)),
      room_(store_bytes),
      ballast_(directory_, store_bytes) {
  disk_is_full_ = !ballast_.hold();
}

Result<void> Upkeep::before_write(Environment& environment) {
  look_after(environment);
  PAWL_CHECK(room_.look(environment));
  // The loop may not come to prune before it has written what it is at.
  constexpr int kSteps = 16;
  bool more = map_was_full_ || room_.is_over_limit();
  for (int step = 0; more && step < kSteps; ++step) {
    PAWL_TRY(more, prune(environment, rules_, {}));
  }
  if (!room_.is_over_limit()) return {};
  is_full_ = true;
  return Error{ErrorKind::kExhausted, "the store is full; raise state.max_size", directory_};
}

void Upkeep::note_committed(const Transaction& txn) { room_.note_written(txn.touched_bytes()); }

void Upkeep::note_failed(const Transaction& txn) {
  switch (txn.shortage()) {
    case Transaction::Shortage::kNone:
      return;
    case Transaction::Shortage::kMap:
      map_was_full_ = true;
      is_full_ = true;
      room_.forget();
      return;
    case Transaction::Shortage::kDisk:
      if (ballast_.is_held()) log_warning("the disk is full; the ballast is given up");
      ballast_.give_up();
      disk_is_full_ = true;
      return;
  }
}

void Upkeep::begin_shrinking() {
  if (std::exchange(is_shrinking_, true)) return;
  constexpr std::size_t kStep = 10;  // a tenth of the size
  shrink_to_ = room_.size() - room_.size() / kStep;
  // The map was full before the size was reached: no room in one piece.
  if (room_.used_bytes() <= shrink_to_) {
    shrink_to_ = room_.used_bytes() - std::min(room_.used_bytes(), room_.size() / kStep);
  }
}

void Upkeep::settle_shrinking() {
  const bool is_done = room_.used_bytes() <= shrink_to_;
  if (!is_shrinking_ || (!is_done && !retention_.is_out_of_runs())) return;
  is_shrinking_ = false;
  if (!room_.is_over_size()) map_was_full_ = false;
}

Result<bool> Upkeep::prune(Environment& environment, const KeepRules& rules, WallTime now) {
  rules_ = rules;
  PAWL_CHECK(room_.look(environment));
  if (is_shrinking_ || room_.is_over_size() || map_was_full_) {
    // Counted anew: what is known may be more than it is, and runs that go do not come back.
    room_.forget();
    PAWL_CHECK(room_.look(environment));
  }
  if (room_.is_over_size() || map_was_full_) begin_shrinking();
  const std::size_t excess =
      is_shrinking_ ? room_.used_bytes() - std::min(room_.used_bytes(), shrink_to_) : 0;
  auto more = retention_.step(environment, rules, now, excess, key_);
  if (!more) {
    if (more.error().kind == ErrorKind::kExhausted && !map_was_full_) ballast_.give_up();
    return more;
  }
  if (is_shrinking_) {
    room_.forget();
    PAWL_CHECK(room_.look(environment));
    settle_shrinking();
  }
  return *more || is_shrinking_;
}

bool Upkeep::has_room(const Environment& environment) {
  const bool disk_has_room = ballast_.hold();
  disk_is_full_ = !disk_has_room;
  // Where it cannot be counted, the next transaction meets the same trouble and says so.
  (void)room_.look(environment).ok();
  is_full_ = room_.is_over_size() || map_was_full_;
  return disk_has_room && !is_full_;
}

void Upkeep::look_after(Environment& environment) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_look_) return;
  next_look_ = now + std::chrono::milliseconds(limits::kStoreCheckMs);
  environment.check_readers();
  environment.release_memory();
  const auto usage = environment.usage();
  if (!usage) return;  // the transaction that follows meets the same trouble and reports it
  const std::size_t percent = usage->used_bytes / (room_.size() / 100 + 1);
  const bool is_tight = percent >= limits::kStoreWarnPercent;
  if (is_tight && !is_tight_) {
    log_warning("the store is nearly full; raise state.max_size",
                {{"used_bytes", std::to_string(usage->used_bytes)},
                 {"max_bytes", std::to_string(room_.size())}});
  }
  is_tight_ = is_tight;
}

std::vector<std::string> Upkeep::warnings(const DamageLog& damage) const {
  std::vector<std::string> all;
  for (const std::string& file : list_damaged(directory_)) {
    all.push_back("the store was damaged and set aside as " + file +
                  "; its runs are not shown; see docs/reliability.md");
  }
  if (const std::size_t records = damage.total(); records > 0) {
    all.push_back(std::to_string(records) +
                  (records == 1 ? " stored record is" : " stored records are") +
                  " damaged and set aside; the agent's log names them");
  }
  if (disk_is_full_) {
    all.push_back(
        "the state directory's disk is full or nearly so; nothing new is taken on until "
        "some space is freed");
  }
  if (is_full_) {
    all.push_back("the store is full; raise state.max_size, or keep less");
  } else if (is_tight_) {
    all.push_back("the store is nearly full; raise state.max_size, or keep less");
  }
  return all;
}

}  // namespace pawl::store
