#include "agent/loop.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "agent/changes.h"
#include "base/log.h"
#include "core/recovery.h"
#include "core/schedule.h"
#include "core/step.h"

namespace pawl {
namespace {

using SteadyClock = std::chrono::steady_clock;

// Who gave these wants an answer or repeats them; everything else is a report that must not get lost.
bool is_request(const Event& event) {
  return std::holds_alternative<ManualTriggered>(event.body) ||
         std::holds_alternative<WebhookReceived>(event.body) ||
         std::holds_alternative<CancelRequested>(event.body) ||
         std::holds_alternative<RetryRequested>(event.body) ||
         std::holds_alternative<SuspendRequested>(event.body);
}

// What the loop sees for itself, and sees again.
bool is_observation(const Event& event) {
  return std::holds_alternative<TimePassed>(event.body) ||
         std::holds_alternative<StoreTight>(event.body);
}

RequestId request_of(const Event& event) {
  if (const auto* manual = std::get_if<ManualTriggered>(&event.body)) return manual->request;
  if (const auto* webhook = std::get_if<WebhookReceived>(&event.body)) return webhook->request;
  if (const auto* cancel = std::get_if<CancelRequested>(&event.body)) return cancel->request;
  if (const auto* retry = std::get_if<RetryRequested>(&event.body)) return retry->request;
  if (const auto* suspend = std::get_if<SuspendRequested>(&event.body)) return suspend->request;
  return 0;
}

}  // namespace

Loop::Loop(Parts parts, CoreSettings settings, std::vector<SourceState> sources, KeepRules keep)
    : parts_(parts),
      settings_(settings),
      configured_sources_(std::move(sources)),
      state_(settings),
      queue_(limits::kEventQueueCost),
      pruner_(parts.store, parts.clock, keep) {}

Loop::~Loop() { stop(); }

Result<void> Loop::start(WorkerPool& workers) {
  workers_ = &workers;
  Commands effects;
  if (auto rebuilt = rebuild(effects); !rebuilt) {
    // A full disk is no reason not to start: what runs must come to its end, and people must see why.
    if (rebuilt.error().kind != ErrorKind::kExhausted) return rebuilt;
    store_failing_ = true;
    store_error_ = rebuilt.error().text();
    effects.clear();
  }
  carry_out(effects);
  publish({});
  started_ = true;
  thread_ = std::thread([this] { run(); });
  return {};
}

void Loop::stop() {
  if (stopping_.exchange(true)) return;
  queue_.close();
  if (thread_.joinable()) thread_.join();
}

bool Loop::post(Event event) {
  std::size_t cost = limits::kEventCost;
  if (const auto* ended = std::get_if<AttemptEnded>(&event.body)) {
    for (const auto& [name, value] : ended->outcome.outputs) cost += name.size() + value.size();
  }
  return queue_.push(Item(std::move(event)), cost);
}

bool Loop::post_log(LogChunk chunk) {
  const std::size_t cost = chunk.bytes();
  return queue_.push(Item(std::move(chunk)), cost);
}

Result<void> Loop::offer(Event event, std::int64_t timeout_ms) {
  if (stopping_) return Error{ErrorKind::kUnavailable, "the agent is stopping", {}};
  if (!started_) return Error{ErrorKind::kUnavailable, "the agent is starting", {}};
  if (store_failing_) {
    return Error{ErrorKind::kExhausted,
                 "the store takes no writes (is the disk full?); try again later",
                 {}};
  }
  const auto deadline = SteadyClock::now() + std::chrono::milliseconds(timeout_ms);
  if (!queue_.try_push(Item(std::move(event)), limits::kEventCost, deadline)) {
    return Error{ErrorKind::kExhausted, "the agent has too much to do; try again later", {}};
  }
  return {};
}

std::optional<SteadyClock::time_point> Loop::next_wake() const {
  // The wall clock can be set while we sleep, so a tick is looked for once a minute at least.
  std::int64_t wait_ms = limits::kClockCheckMs;
  if (store_failing_ || state_.ends_only) wait_ms = limits::kStoreRetryMs;
  if (!state_.clock_trusted) wait_ms = std::min(wait_ms, limits::kClockTrustMs);
  wait_ms = std::min(wait_ms, pruner_.wait_ms());
  if (const auto timer = state_.next_timer()) {
    wait_ms = std::min(wait_ms, timer->ms - parts_.clock.mono().ms);
  }
  if (const auto tick = state_.next_tick()) {
    wait_ms = std::min(wait_ms, tick->ms - parts_.clock.wall().ms);
  }
  return SteadyClock::now() + std::chrono::milliseconds(std::max<std::int64_t>(wait_ms, 0));
}

void Loop::run() {
  std::vector<Item> items;
  while (true) {
    if (carried_over_.size() >= limits::kBatchItems && !stopping_) {
      // The store is failing and enough waits for it: the queue fills up and holds the workers back.
      std::this_thread::sleep_for(std::chrono::milliseconds(limits::kStoreRetryMs));
      items.clear();
    } else {
      queue_.drain(items, limits::kBatchItems, next_wake());
    }
    const bool last = items.empty() && stopping_.load();
    if (!items.empty() || !last) process(items);
    if (last) return;
    // Also while the store fails: it may be for want of the very room that this makes.
    pruner_.step();
  }
}

void Loop::process(std::vector<Item>& items) {
  Commands effects;
  std::vector<Change> changes;
  if (store_failing_) {
    if (auto rebuilt = rebuild(effects); !rebuilt) {
      refuse(items, rebuilt.error());
      return;
    }
    // Reports first: what recovery asks of a worker may have been done long ago.
    items.insert(items.begin(), std::make_move_iterator(carried_over_.begin()),
                 std::make_move_iterator(carried_over_.end()));
    carried_over_.clear();
  }
  look_at_room(items);
  items.emplace_back(Event{});
  if (auto committed = commit_batch(items, effects, changes); !committed) {
    log_error("the store takes no writes; nothing is accepted until it does",
              {{"reason", committed.error().text()}});
    store_failing_ = true;
    store_error_ = committed.error().text();
    if (committed.error().kind == ErrorKind::kExhausted) pruner_.hurry();
    refuse(items, committed.error());
    parts_.published.update([&](AgentSnapshot& snapshot) { snapshot.warnings = warnings(); });
    return;
  }
  if (store_failing_) {
    store_failing_ = false;
    log_info("the store takes writes again");
    // What the core knew of containers beyond the store's records went with its state.
    workers_->list_containers();
  }
  // Who gets an answer finds what it speaks of.
  publish(std::move(changes));
  carry_out(effects);
}

Result<void> Loop::commit_batch(std::vector<Item>& items, Commands& effects,
                                std::vector<Change>& changes) {
  PAWL_TRY(const auto transaction, parts_.store.begin());
  bool written = false;
  for (Item& item : items) {
    PAWL_CHECK(apply_item(*transaction, item, effects, changes, written));
  }
  // Nothing but time went by: no sync to disk for that.
  if (!written) return {};
  return transaction->commit();
}

Result<void> Loop::apply_item(StoreTransaction& transaction, Item& item, Commands& effects,
                              std::vector<Change>& changes, bool& written) {
  if (const auto* chunk = std::get_if<LogChunk>(&item)) {
    return apply_log(transaction, *chunk, changes, written);
  }
  Event& event = std::get<Event>(item);
  if (auto* ended = std::get_if<AttemptEnded>(&event.body)) {
    if (log_dropped_.contains(ended->key)) ended->outcome.log_incomplete = true;
  }
  event.wall = parts_.clock.wall();
  event.mono = parts_.clock.mono();
  event.clock_synchronised = parts_.clock.synchronised();
  if (auto* passed = std::get_if<TimePassed>(&event.body)) {
    passed->ticks = due_ticks(state_, event.wall, event.mono);
  }
  PAWL_CHECK(find_existing(transaction, event));
  return apply_commands(transaction, step(state_, event), effects, changes, written);
}

Result<void> Loop::apply_log(StoreTransaction& transaction, const LogChunk& chunk,
                             std::vector<Change>& changes, bool& written) {
  if (state_.ends_only) {
    log_dropped_.insert(chunk.key);
    return {};
  }
  written = true;
  changes.push_back(change_of(chunk));
  return transaction.append_log(chunk);
}

// What the store says of its room goes into the core as an event, ahead of the batch that it is about.
void Loop::look_at_room(std::vector<Item>& items) {
  const bool ends_only = !parts_.store.has_room();
  if (ends_only == state_.ends_only) return;
  if (ends_only) {
    pruner_.hurry();
    log_warning(
        "there is no room: only the ends of what is under way are recorded until there is some");
  } else {
    log_info("there is room again");
  }
  Event event;
  event.body = StoreTight{ends_only};
  items.insert(items.begin(), Item(std::move(event)));
}

std::vector<std::string> Loop::warnings() const {
  std::vector<std::string> texts = parts_.store.warnings();
  if (store_failing_) texts.push_back("the store takes no writes: " + store_error_);
  if (state_.ends_only) {
    texts.emplace_back(
        "there is no room: nothing new is begun, and output is dropped, until there is some again");
  }
  if (!state_.clock_trusted) {
    texts.emplace_back(
        "schedules wait: the clock is not synchronised, and is behind the latest stored run");
  }
  return texts;
}

Result<void> Loop::apply_commands(StoreTransaction& transaction, Commands commands,
                                  Commands& effects, std::vector<Change>& changes, bool& written) {
  for (Command& command : commands) {
    if (is_effect(command)) {
      effects.push_back(std::move(command));
      continue;
    }
    written = true;
    PAWL_CHECK(transaction.apply(command));
    add_change(changes, command);
  }
  return {};
}

Result<void> Loop::find_existing(StoreTransaction& transaction, Event& event) {
  const auto look_up = [&](TriggerTarget& target) -> Result<void> {
    for (const std::string& identity : target.identities) {
      PAWL_TRY(target.existing, transaction.find_trigger(target.pipeline, identity));
      if (target.existing) return {};
    }
    return {};
  };
  if (auto* passed = std::get_if<TimePassed>(&event.body)) {
    for (DueTick& tick : passed->ticks) {
      PAWL_TRY(tick.existing, transaction.find_trigger(tick.pipeline, tick_identity(tick)));
    }
  }
  if (auto* manual = std::get_if<ManualTriggered>(&event.body)) return look_up(manual->target);
  if (auto* retry = std::get_if<RetryRequested>(&event.body)) return look_up(retry->target);
  if (auto* webhook = std::get_if<WebhookReceived>(&event.body)) {
    for (TriggerTarget& target : webhook->targets) PAWL_CHECK(look_up(target));
  }
  return {};
}

Result<void> Loop::rebuild(Commands& effects) {
  PAWL_TRY(const StoredWorld world, parts_.store.load());
  for (const std::string& damaged : world.damaged) {
    log_error("a stored record is damaged and was set aside", {{"record", damaged}});
  }
  const State before = std::exchange(state_, State(settings_));
  state_.ends_only = !parts_.store.has_room();
  Commands commands = recover(state_, world, parts_.clock.wall(), parts_.clock.mono());
  if (before.clock_trusted) keep_clock(state_, before);
  PAWL_TRY(const auto transaction, parts_.store.begin());
  std::vector<Change> changes;
  bool written = false;
  PAWL_CHECK(apply_commands(*transaction, std::move(commands), effects, changes, written));
  if (written) PAWL_CHECK(transaction->commit());
  publish(std::move(changes));
  return {};
}

void Loop::refuse(std::vector<Item>& items, const Error& error) {
  for (Item& item : items) {
    const Event* event = std::get_if<Event>(&item);
    if (event != nullptr && is_request(*event)) {
      parts_.replies.answer(Reply{request_of(*event), error, {}});
    } else if (event == nullptr || !is_observation(*event)) {
      carried_over_.push_back(std::move(item));
    }
  }
  items.clear();
}

void Loop::carry_out(Commands& effects) {
  for (Command& command : effects) {
    if (const auto* order = std::get_if<RunAttempt>(&command)) {
      // After a rebuild, recovery asks again for what a worker is busy with.
      if (!with_workers_.insert(order->key).second) continue;
      const auto position = parts_.store.log_position(order->key);
      if (!position) {
        log_warning("the stored log's end is not known; it may repeat lines",
                    {{"run", order->key.run.text()}, {"reason", position.error().text()}});
      }
      workers_->run(*order, position ? *position : LogPosition{});
    } else if (const auto* ahead = std::get_if<PrepareAttempt>(&command)) {
      workers_->prepare(*ahead);
    } else if (const auto* signal = std::get_if<SignalAttempt>(&command)) {
      workers_->signal(*signal);
    } else if (const auto* removal = std::get_if<RemoveContainer>(&command)) {
      with_workers_.erase(removal->key);
      log_dropped_.erase(removal->key);
      workers_->remove(*removal);
    } else if (const auto* workspace = std::get_if<RemoveWorkspace>(&command)) {
      workers_->remove(*workspace);
    } else if (auto* reply = std::get_if<Reply>(&command)) {
      parts_.replies.answer(std::move(*reply));
    }
  }
}

void Loop::publish(std::vector<Change> changes) {
  const bool pipelines_changed =
      std::any_of(changes.begin(), changes.end(),
                  [](const Change& change) { return change.kind == Change::Kind::kPipelines; });
  const bool sources_changed =
      std::any_of(changes.begin(), changes.end(),
                  [](const Change& change) { return change.kind == Change::Kind::kSource; });
  const bool first = !parts_.published.get()->ready;
  parts_.published.update([&](AgentSnapshot& snapshot) {
    snapshot.workers = settings_.workers;
    snapshot.slots_used = state_.slots_used;
    snapshot.unfinished_runs = static_cast<std::uint32_t>(state_.runs.size());
    snapshot.ready_tasks = static_cast<std::uint32_t>(state_.ready.size());
    snapshot.ready = true;
    snapshot.warnings = warnings();
    if (pipelines_changed || first) {
      snapshot.suspended =
          std::make_shared<const std::map<std::string, Suspension>>(state_.suspended);
      auto pipelines = std::make_shared<std::vector<PipelinePtr>>();
      for (const auto& [name, entry] : state_.pipelines) pipelines->push_back(entry.definition);
      snapshot.pipelines = std::move(pipelines);
    }
    if (sources_changed || first) {
      auto sources = std::make_shared<std::vector<SourceState>>();
      for (const SourceState& configured : configured_sources_) {
        const auto source = state_.sources.find(configured.name);
        sources->push_back(source == state_.sources.end() ? configured : source->second);
      }
      snapshot.sources = std::move(sources);
    }
  });
  parts_.changes.publish(std::move(changes));
}

}  // namespace pawl
