// Which runs are made, and from what: ticks, webhooks, people, retries, and runs that ended.
#include <algorithm>

#include "core/schedule.h"
#include "sim/language.h"
#include "sim/observer.h"
#include "sim/world.h"

namespace pawl::sim {
namespace {

std::vector<CronTrigger> crons_of(const Pipeline& pipeline) {
  std::vector<CronTrigger> crons;
  for (const Trigger& trigger : pipeline.triggers) {
    if (const auto* cron = std::get_if<CronTrigger>(&trigger)) crons.push_back(*cron);
  }
  return crons;
}

std::string identity_of_tick(const std::string& pipeline, WallTime at) {
  DueTick tick;
  tick.pipeline = pipeline;
  tick.at = at;
  return tick_identity(tick);
}

bool is_followed(const Pipeline& pipeline, const Run& ended) {
  return follows(pipeline, ended.pipeline, UpstreamEnd::kCompletion) ||
         (ended.status == Status::kSuccess &&
          follows(pipeline, ended.pipeline, UpstreamEnd::kSuccess)) ||
         (ended.status == Status::kFailed &&
          follows(pipeline, ended.pipeline, UpstreamEnd::kFailure));
}

std::string identity_after(const Run& ended) {
  return "pipeline:" + ended.pipeline + ":" + ended.id.text();
}

}  // namespace

void Observer::observe_clock(const StepRecord& step) {
  // What it was set by between two steps; nobody sees more of it.
  const std::int64_t ahead_ms = step.event.wall.ms - life_.clock.true_ms();
  if (!step.recovery && ahead_ms - ahead_ms_ > limits::kClockJumpMs) {
    jump_seen_ms_ = life_.clock.true_ms();
  }
  ahead_ms_ = ahead_ms;
  if (step.recovery) return;
  const bool trusted = step.event.clock_synchronised || step.event.wall >= clock_floor_ ||
                       step.event.mono >= clock_wait_end_;
  // A state that was built again after a failed commit begins to wait anew.
  const std::int64_t now = life_.clock.true_ms();
  const bool trusted_again = step.event.clock_synchronised || step.event.wall >= rebuilt_floor_ ||
                             now - recovered_ms_ >= limits::kClockWaitMs;
  if (trusted_again && trusted_ms_ < recovered_ms_) trusted_ms_ = now;
  clock_trusted_ = clock_trusted_ || trusted;
}

void Observer::check_made(const StepRecord& step, RunId id) {
  const StoredRun& run = run_of(id);
  const bool refused = run.run.status == Status::kSkipped;
  const bool suspended = store_.suspensions.contains(run.run.pipeline);
  const TriggerKind kind = run.run.trigger.kind;
  if (store_.find(run.run.pipeline, run.run.trigger.identity) != id) {
    violate(id, " was stored without its identity");
  }
  if (tight_ && (kind != TriggerKind::kPipeline || !refused)) {
    violate(id, " was begun while the disk is full");
  }
  if (suspended && kind != TriggerKind::kManual && kind != TriggerKind::kRetry && !refused) {
    violate(id, " was begun by a suspended pipeline");
  }
  check_bounds(run.run);
  const auto& own = run.definition->concurrency;
  if (own && own->on_conflict == OnConflict::kSkip && step.queued.contains(id)) {
    violate(id, " waits for its group, and was to be skipped");
  }
  const auto happened = [&](bool right) {
    if (!right || step.recovery) violate(id, " was made by something else than its trigger");
  };
  switch (kind) {
    case TriggerKind::kCron:
      happened(std::holds_alternative<TimePassed>(step.event.body));
      if (const auto* passed = std::get_if<TimePassed>(&step.event.body)) {
        for (const DueTick& tick : passed->ticks) {
          const bool is_its = tick.pipeline == run.run.pipeline && !tick.missed &&
                              tick.at == run.run.trigger.scheduled_at;
          if (is_its && run.run.status != Status::kFailed) check_parts(run, tick.starts);
        }
      }
      return check_tick(step, run.run);
    case TriggerKind::kWebhook:
      happened(std::holds_alternative<WebhookReceived>(step.event.body));
      if (const auto* webhook = std::get_if<WebhookReceived>(&step.event.body)) {
        for (const TriggerTarget& target : webhook->targets) {
          if (target.pipeline == run.run.pipeline) check_parts(run, target.starts);
        }
      }
      return;
    case TriggerKind::kManual:
      return happened(std::holds_alternative<ManualTriggered>(step.event.body));
    case TriggerKind::kRetry:
      happened(std::holds_alternative<RetryRequested>(step.event.body));
      return check_retry(step, run);
    case TriggerKind::kPipeline:
      return check_follower(run.run);
  }
}

void Observer::check_bounds(const Run& made) {
  if (is_final(made.status) || store_.unfinished.size() <= limits::kUnfinishedRunsPerPipeline)
    return;
  const auto count =
      std::count_if(store_.unfinished.begin(), store_.unfinished.end(),
                    [&](RunId id) { return run_of(id).run.pipeline == made.pipeline; });
  if (static_cast<std::size_t>(count) > limits::kUnfinishedRunsPerPipeline) {
    violate(made.id, " is one more than its pipeline may have unfinished");
  }
  if (store_.unfinished.size() > limits::kUnfinishedRuns) {
    violate(made.id, " is one more than the host may have unfinished");
  }
}

void Observer::check_tick(const StepRecord& step, const Run& run) {
  const RunId id = run.id;
  const WallTime at = run.trigger.scheduled_at;
  if (store_.suspensions.contains(run.pipeline)) violate(id, " is a tick of a suspended pipeline");
  if (!clock_trusted_) violate(id, " is a tick by a clock that is not to be trusted yet");
  if (at > step.event.wall) violate(id, " is a tick that has not come yet");
  const auto resumed = resumed_.find(run.pipeline);
  if (resumed != resumed_.end() && life_.clock.set_at_ms() < resumed->second.second &&
      at <= resumed->second.first) {
    violate(id, " is a tick from before the pipeline was resumed");
  }
  // Nothing holds the loop up then, so it must not have slept over it.
  const std::int64_t late_ms = step.event.wall.ms - at.ms;
  const std::int64_t due_ms = life_.clock.true_ms() - late_ms;
  const bool was_there = due_ms > std::max({recovered_ms_, mark_saved_ms_[run.pipeline],
                                            life_.clock.set_at_ms(), faults_end_ms});
  if (was_there && late_ms > limits::kClockTrustMs) violate(id, " is a tick that was slept over");
  if (run.status == Status::kSkipped) return;
  const auto [place, is_first] = ticks_run_.emplace(std::pair{run.pipeline, at}, id);
  if (!is_first && !(intervals_.contains(run.pipeline) && life_.clock.was_set_back())) {
    violate(id, ": its tick has run as run " + place->second.text());
  }
  const std::vector<CronTrigger> crons = crons_of(*run_of(id).definition);
  if (crons.size() != 1) return;
  if (crons.front().catchup == Catchup::kNone && late_ms > limits::kTickLateMs) {
    violate(id, ": a missed tick was run, and none was to be caught up");
  }
  if (crons.front().deadline_ms > 0 && late_ms > crons.front().deadline_ms) {
    violate(id, ": a tick was run after its deadline");
  }
}

void Observer::check_ticks_of_step(const StepRecord& step) {
  std::map<std::string, std::size_t> counts;
  for (const RunId id : delta_.made) {
    const Run& run = run_of(id).run;
    if (run.trigger.kind == TriggerKind::kCron && run.status != Status::kSkipped) {
      ++counts[run.pipeline];
    }
  }
  for (const auto& [pipeline, count] : counts) {
    const std::vector<CronTrigger> crons = crons_of(*delta_.pipelines.at(pipeline));
    // Of ticks that a clock's jump made due, only one of each schedule is run.
    const bool jumped = jump_seen_ms_ > std::max({mark_saved_ms_[pipeline], trusted_ms_, open_ms_});
    std::size_t most = 0;
    for (const CronTrigger& cron : crons) {
      most += cron.catchup == Catchup::kAll && !jumped ? limits::kCatchupTicks : 1;
    }
    if (count > most)
      violate("pipeline " + pipeline + " caught up more ticks than its rule allows");
  }
  for (const Command& command : step.commands) {
    if (const auto* mark = std::get_if<SaveScheduleMark>(&command)) check_mark(step, *mark);
    if (const auto* resumed = std::get_if<DeleteSuspension>(&command)) {
      resumed_[resumed->pipeline] = {step.event.wall, life_.clock.true_ms()};
    }
    if (const auto* pipeline = std::get_if<SavePipeline>(&command)) {
      if (has_interval_ticks(*pipeline->pipeline)) intervals_.insert(pipeline->pipeline->name);
    }
  }
}

void Observer::check_mark(const StepRecord& step, const SaveScheduleMark& mark) {
  const auto before = delta_.marks.find(mark.pipeline);
  const auto definition = delta_.pipelines.find(mark.pipeline);
  const std::int64_t saved_ms = mark_saved_ms_[mark.pipeline];
  mark_saved_ms_[mark.pipeline] = life_.clock.true_ms();
  if (mark.tick > step.event.wall &&
      (before == delta_.marks.end() || mark.tick != before->second)) {
    violate("the mark of " + mark.pipeline + " is ahead of the clock");
  }
  if (before == delta_.marks.end() || definition == delta_.pipelines.end()) return;
  if (mark.tick < before->second) {
    if (before->second.ms - step.event.wall.ms <= limits::kClockBackMs) {
      violate("the mark of " + mark.pipeline + " moved back, and the clock did not");
    }
    return;
  }
  if (step.recovery || !std::holds_alternative<TimePassed>(step.event.body)) return;
  if (mark.tick == before->second) return;
  last_tick_ms[mark.pipeline] = life_.clock.true_ms();
  const auto has_run = [&](WallTime at) {
    return store_.find(mark.pipeline, identity_of_tick(mark.pipeline, at)).has_value();
  };
  if (!has_run(mark.tick)) {
    violate("a tick of " + mark.pipeline + " counts as dealt with, and has no run");
  }
  // A jump is remembered for as long as no tick could be dealt with.
  if (life_.clock.set_at_ms() >= std::min(saved_ms, open_ms_)) return;
  for (const CronTrigger& cron : crons_of(*definition->second)) {
    const auto first = cron.next(before->second);
    if (cron.catchup == Catchup::kAll && cron.deadline_ms == 0 && first && *first <= mark.tick &&
        !has_run(*first)) {
      violate("a missed tick of " + mark.pipeline + " was not caught up");
    }
  }
}

// What was pulled or suspended in a step holds for the runs whose time ran out in it.
//
// Whether `pipeline` can, by way of pipeline triggers, come after `first`.
bool Observer::comes_after(const std::string& pipeline, const std::string& first) const {
  std::set<std::string> before = {pipeline};
  std::vector<std::string> open = {pipeline};
  while (!open.empty()) {
    const std::string name = open.back();
    open.pop_back();
    const auto entry = store_.pipelines.find(name);
    if (entry == store_.pipelines.end()) continue;
    for (const Trigger& trigger : entry->second->triggers) {
      const auto* upstream = std::get_if<PipelineTrigger>(&trigger);
      if (upstream == nullptr) continue;
      if (upstream->pipeline == first) return true;
      if (before.insert(upstream->pipeline).second) open.push_back(upstream->pipeline);
    }
  }
  return false;
}

void Observer::check_follower(const Run& run) {
  const RunId parent = run.trigger.parent;
  const auto definition = store_.pipelines.find(run.pipeline);
  if (!delta_.ended.contains(parent) || definition == store_.pipelines.end() ||
      !is_followed(*definition->second, run_of(parent).run)) {
    return violate(run.id, " follows run " + parent.text() + ", which did not just end for it");
  }
  const Run& ended = run_of(parent).run;
  if (run.trigger.identity != identity_after(ended)) violate(run.id, " has a wrong identity");
  if (run.trigger.depth != ended.trigger.depth + 1) violate(run.id, " has a wrong depth");
  const bool circle = run.pipeline == ended.pipeline || comes_after(ended.pipeline, run.pipeline);
  const bool barred = circle || run.trigger.depth > limits::kTriggerDepth ||
                      store_.suspensions.contains(run.pipeline);
  const bool skipped = run.status == Status::kSkipped && run.reason == Reason::kCondition;
  if (barred != skipped) violate(run.id, " goes round in a circle, or was taken to");
}

void Observer::check_followers(RunId ended) {
  const Run& run = run_of(ended).run;
  for (const auto& [name, pipeline] : store_.pipelines) {
    if (!is_followed(*pipeline, run)) continue;
    const auto follower = store_.find(name, identity_after(run));
    if (!follower || !was_made(*follower)) {
      violate(ended, " ended, and " + name + " did not follow it");
    }
  }
}

void Observer::check_retry(const StepRecord& step, const StoredRun& run) {
  const auto* request = std::get_if<RetryRequested>(&step.event.body);
  if (request == nullptr) return;
  const RunId id = run.run.id;
  const Run& original = request->original.run;
  if (run.run.trigger.parent != original.id) violate(id, " does not name the run it tries again");
  if (run.run.definition != original.definition || run.run.params != original.params) {
    violate(id, " is not what it tries again");
  }
  if (run.run.status == Status::kSkipped) return;
  for (const TaskState& task : run.tasks) {
    const bool kept = request->failed_only && !is_hook(run, task.index) &&
                      request->original.tasks[task.index].status == Status::kSuccess;
    const bool is_kept = task.status == Status::kSuccess && task.attempts == 0;
    if (kept != is_kept) violate(id, ": exactly what had succeeded is kept by a retry");
    if (kept && task.outputs != request->original.tasks[task.index].outputs) {
      violate(id, ": a retry keeps a task without its outputs");
    }
    const TaskState& before = request->original.tasks[task.index];
    const auto is_no_part = [](const TaskState& state) {
      return state.status == Status::kSkipped && state.reason == Reason::kNone;
    };
    if (!is_hook(run, task.index) && is_no_part(before) != is_no_part(task)) {
      violate(id, " has other parts than the run it tries again");
    }
  }
}

void Observer::check_parts(const StoredRun& run, const std::vector<std::uint32_t>& starts) {
  if (never_was(run)) return;
  const std::vector<bool> parts = parts_of(*run.definition, starts);
  for (const TaskState& task : run.tasks) {
    const bool is_left_out = task.status == Status::kSkipped && task.reason == Reason::kNone;
    if (!is_hook(run, task.index) && parts[task.index] == is_left_out) {
      violate(run.run.id, " does not consist of what its trigger starts");
    }
  }
}

}  // namespace pawl::sim
