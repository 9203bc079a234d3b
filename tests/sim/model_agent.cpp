#include "sim/model_agent.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/recovery.h"
#include "core/schedule.h"
#include "core/step.h"
#include "sim/trace.h"

namespace pawl::sim {
namespace {

bool is_request(const Event& event) {
  return std::holds_alternative<ManualTriggered>(event.body) ||
         std::holds_alternative<WebhookReceived>(event.body) ||
         std::holds_alternative<CancelRequested>(event.body) ||
         std::holds_alternative<RetryRequested>(event.body) ||
         std::holds_alternative<SuspendRequested>(event.body);
}

RequestId request_of(const Event& event) {
  return std::visit(
      [](const auto& body) -> RequestId {
        if constexpr (requires { body.request; }) return body.request;
        return 0;
      },
      event.body);
}

void add_effects(Commands& effects, const Commands& commands) {
  std::copy_if(commands.begin(), commands.end(), std::back_inserter(effects), is_effect);
}

std::set<RunId> queued_runs(const State& state) {
  std::set<RunId> queued;
  for (const auto& [id, run] : state.runs) {
    if (!run.admitted) queued.insert(queued.end(), id);
  }
  return queued;
}

}  // namespace

void ModelAgent::start() {
  parts_.observer.process_started();
  Commands effects;
  if (store_fails) return;
  rebuild(effects);
  parts_.workers.list_containers();
  carry_out(effects);
  if (is_alive()) fall_asleep();
}

void ModelAgent::crash() {
  if (parts_.life.traced) trace_line(parts_.life, "the agent dies");
  ++crashes;
  state_.reset();
  events.clear();
  carried_over_.clear();
  with_workers_.clear();
  failing_ = false;
  parts_.workers.crash();
}

void ModelAgent::rebuild(Commands& effects) {
  const CoreSettings settings{workers_, parts_.life.clock.boot_id()};
  state_.emplace(settings);
  state_->ends_only = is_tight;
  StepRecord step;
  step.recovery = true;
  step.event.wall = parts_.life.clock.wall();
  step.event.mono = parts_.life.clock.mono();
  step.event.clock_synchronised = false;
  step.commands = recover(*state_, parts_.store.load(), step.event.wall, step.event.mono);
  step.queued = queued_runs(*state_);
  step.ends_only = state_->ends_only;
  commit(step);
  check_second_recovery();
  add_effects(effects, step.commands);
}

void ModelAgent::check_second_recovery() const {
  State again(CoreSettings{workers_, parts_.life.clock.boot_id()});
  again.ends_only = is_tight;
  const Commands commands =
      recover(again, parts_.store.load(), parts_.life.clock.wall(), parts_.life.clock.mono());
  for (const Command& command : commands) {
    if (!is_effect(command)) parts_.life.violate("the second recovery changed a record");
  }
  if (again.slots_used != state_->slots_used || again.runs.size() != state_->runs.size() ||
      again.timers.size() != state_->timers.size() || again.ticks != state_->ticks) {
    parts_.life.violate("the second recovery gave another state");
  }
}

void ModelAgent::look_up(Event& event, const std::vector<StepRecord>& before) const {
  const auto find = [&](const std::string& pipeline, const std::string& identity) {
    auto found = parts_.store.find(pipeline, identity);
    for (const StepRecord& step : before) {
      for (const Command& command : step.commands) {
        const auto* save = std::get_if<SaveTrigger>(&command);
        if (save != nullptr && save->pipeline == pipeline && save->identity == identity) {
          found = save->run;
        }
      }
    }
    return found;
  };
  const auto look_up_target = [&](TriggerTarget& target) {
    for (const std::string& identity : target.identities) {
      target.existing = find(target.pipeline, identity);
      if (target.existing) return;
    }
  };
  if (auto* manual = std::get_if<ManualTriggered>(&event.body)) look_up_target(manual->target);
  if (auto* retry = std::get_if<RetryRequested>(&event.body)) look_up_target(retry->target);
  if (auto* webhook = std::get_if<WebhookReceived>(&event.body)) {
    for (TriggerTarget& target : webhook->targets) look_up_target(target);
  }
  if (auto* passed = std::get_if<TimePassed>(&event.body)) {
    passed->ticks = due_ticks(*state_, event.wall, event.mono);
    for (DueTick& tick : passed->ticks) tick.existing = find(tick.pipeline, tick_identity(tick));
  }
}

StepRecord ModelAgent::take(Event event, const std::vector<StepRecord>& before) {
  event.wall = parts_.life.clock.wall();
  event.mono = parts_.life.clock.mono();
  event.clock_synchronised = parts_.life.clock.synchronised;
  look_up(event, before);
  StepRecord record;
  record.commands = step(*state_, event);
  record.event = std::move(event);
  record.queued = queued_runs(*state_);
  record.ends_only = state_->ends_only;
  return record;
}

void ModelAgent::commit(const StepRecord& step) {
  if (parts_.life.traced) trace_step(parts_.life, step);
  parts_.life.note(step.event.body.index());
  parts_.life.note(step.commands.size());
  parts_.life.note(static_cast<std::uint64_t>(step.event.wall.ms));
  parts_.observer.before(step);
  parts_.store.apply(step.commands);
  parts_.observer.after(step);
}

void ModelAgent::process() {
  run_batch();
  if (is_alive()) fall_asleep();
}

void ModelAgent::run_batch() {
  Life& life = parts_.life;
  Commands effects;
  const bool was_failing = failing_;
  if (failing_) {
    if (store_fails) {
      refuse({std::make_move_iterator(events.begin()), std::make_move_iterator(events.end())});
      events.clear();
      return;
    }
    rebuild(effects);
    events.insert(events.begin(), carried_over_.begin(), carried_over_.end());
    carried_over_.clear();
    failing_ = false;
  }
  std::vector<Event> batch;
  if (is_tight != state_->ends_only) batch.emplace_back().body = StoreTight{is_tight};
  for (std::uint64_t room = 1 + life.random.below(6); room > 0 && !events.empty(); --room) {
    batch.push_back(std::move(events.front()));
    events.pop_front();
  }
  batch.emplace_back();  // time passed
  std::vector<StepRecord> steps;
  for (const Event& event : batch) steps.push_back(take(event, steps));
  if (life.fault_in(80)) return crash();
  if (store_fails || life.fault_in(60)) {
    if (life.traced) trace_line(life, "a commit fails");
    failing_ = true;
    return refuse(std::move(batch));
  }
  for (const StepRecord& step : steps) {
    commit(step);
    add_effects(effects, step.commands);
  }
  if (life.fault_in(80)) return crash();
  if (was_failing) parts_.workers.list_containers();
  carry_out(effects);
}

void ModelAgent::refuse(std::vector<Event> batch) {
  for (Event& event : batch) {
    if (is_request(event)) {
      parts_.on_reply(Reply{request_of(event), Error{ErrorKind::kExhausted, "", {}}, {}});
    } else if (!std::holds_alternative<TimePassed>(event.body) &&
               !std::holds_alternative<StoreTight>(event.body)) {
      carried_over_.push_back(std::move(event));
    }
  }
}

void ModelAgent::carry_out(const Commands& effects) {
  for (const Command& command : effects) {
    if (parts_.life.fault_in(300)) return crash();
    carry_out_one(command);
  }
}

void ModelAgent::carry_out_one(const Command& command) {
  if (const auto* order = std::get_if<RunAttempt>(&command)) {
    // After a rebuild, recovery asks again for what a worker is busy with.
    if (!with_workers_.insert(order->key).second) return;
    parts_.workers.run(*order);
  } else if (const auto* signal = std::get_if<SignalAttempt>(&command)) {
    parts_.workers.signal(*signal);
  } else if (const auto* removal = std::get_if<RemoveContainer>(&command)) {
    parts_.observer.check_removal(*removal);
    with_workers_.erase(removal->key);
    parts_.workers.remove(*removal);
  } else if (const auto* ahead = std::get_if<PrepareAttempt>(&command)) {
    parts_.workers.prepare(*ahead);
  } else if (const auto* workspace = std::get_if<RemoveWorkspace>(&command)) {
    parts_.workers.remove(*workspace);
  } else if (const auto* reply = std::get_if<Reply>(&command)) {
    parts_.on_reply(*reply);
  }
}

// What the loop decides before it waits; what happens to the clock meanwhile it does not see.
void ModelAgent::fall_asleep() {
  const ModelClock& clock = parts_.life.clock;
  std::int64_t wait_ms = limits::kClockCheckMs;
  if (failing_ || is_tight) wait_ms = limits::kStoreRetryMs;
  if (!failing_) {
    if (!state_->clock_trusted) wait_ms = std::min(wait_ms, limits::kClockTrustMs);
    if (const auto timer = state_->next_timer()) {
      wait_ms = std::min(wait_ms, timer->ms - clock.mono().ms);
    }
    if (const auto tick = state_->next_tick()) {
      wait_ms = std::min(wait_ms, tick->ms - clock.wall().ms);
    }
  }
  wake_ms_ = clock.true_ms() + std::max<std::int64_t>(wait_ms, 0);
}

void ModelAgent::check_end() const {
  if (!state_->runs.empty()) parts_.life.violate("the core holds a run that has ended");
  if (state_->slots_used != 0) parts_.life.violate("a slot leaked");
  if (!state_->timers.empty()) parts_.life.violate("a timer outlived its run");
  if (!state_->ready.empty()) parts_.life.violate("a task outlived its run");
  if (!state_->ahead.empty()) parts_.life.violate("a container ahead outlived its run");
  if (!state_->groups.empty()) parts_.life.violate("a group outlived its runs");
}

}  // namespace pawl::sim
