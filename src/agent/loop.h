// The loop: drain → step → one commit → dispatch. The only thread that changes the core's state or
// writes to the store.
//
// When a commit fails (disk full, I/O) nothing of the batch has happened: callers get the error, the
// state is built again from the store, and the batch's reports (what workers and pulls said) are
// kept and played again once the store takes writes. Ticks come again by themselves: their mark was not
// stored. While the store has room for ends only (ports/store.h), the core begins nothing new, and output is
// dropped: the attempt that loses some is marked `log_incomplete`.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "agent/change_feed.h"
#include "agent/pruner.h"
#include "agent/published.h"
#include "agent/replies.h"
#include "base/bounded_queue.h"
#include "core/state.h"
#include "exec/worker_pool.h"
#include "ports/clock.h"
#include "ports/event_sink.h"
#include "ports/store.h"

namespace pawl {

class Loop : public EventSink {
 public:
  struct Parts {
    Store& store;
    const Clock& clock;
    Replies& replies;
    Published& published;
    ChangeFeed& changes;
  };
  // `sources`: those of the host config, in its order, with nothing but name and url: what is shown of
  // them before their first pull.
  Loop(Parts parts, CoreSettings settings, std::vector<SourceState> sources, KeepRules keep = {});
  ~Loop() override;

  // Loads and recovers, commits what recovery changed, hands unfinished attempts to `workers`, and
  // starts the thread. `workers` must outlive stop().
  [[nodiscard]] Result<void> start(WorkerPool& workers);
  // Takes no more items, finishes those already there, ends the thread.
  void stop();

  bool post(Event event) override;
  bool post_log(LogChunk chunk) override;
  // For callers who can be refused. kExhausted: the store takes no writes, or there was no room in the queue within
  // `timeout_ms`; kUnavailable: not started yet, or stopping.
  [[nodiscard]] Result<void> offer(Event event, std::int64_t timeout_ms);

 private:
  using Item = std::variant<Event, LogChunk>;

  void run();
  [[nodiscard]] std::optional<std::chrono::steady_clock::time_point> next_wake() const;
  void process(std::vector<Item>& items);
  [[nodiscard]] Result<void> commit_batch(std::vector<Item>& items, Commands& effects,
                                          std::vector<Change>& changes);
  [[nodiscard]] Result<void> apply_item(StoreTransaction& transaction, Item& item,
                                        Commands& effects, std::vector<Change>& changes,
                                        bool& written);
  [[nodiscard]] Result<void> apply_commands(StoreTransaction& transaction, Commands commands,
                                            Commands& effects, std::vector<Change>& changes,
                                            bool& written);
  [[nodiscard]] Result<void> find_existing(StoreTransaction& transaction, Event& event);
  [[nodiscard]] Result<void> rebuild(Commands& effects);
  void refuse(std::vector<Item>& items, const Error& error);
  void look_at_room(std::vector<Item>& items);
  [[nodiscard]] Result<void> apply_log(StoreTransaction& transaction, const LogChunk& chunk,
                                       std::vector<Change>& changes, bool& written);
  [[nodiscard]] std::vector<std::string> warnings() const;
  void carry_out(Commands& effects);
  void publish(std::vector<Change> changes);

  Parts parts_;
  const CoreSettings settings_;
  const std::vector<SourceState> configured_sources_;
  State state_;
  BoundedQueue<Item> queue_;
  std::vector<Item> carried_over_;  // reports of a batch that could not be committed
  std::atomic<bool> store_failing_{false};
  std::atomic<bool> started_{false};
  std::set<AttemptKey> with_workers_;  // handed over and not yet reported as ended
  std::set<AttemptKey> log_dropped_;   // of those: some output found no room
  std::string store_error_;            // why store_failing_
  Pruner pruner_;
  WorkerPool* workers_ = nullptr;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
};

}  // namespace pawl
