// A schedule's place is a mark: ticks up to it are dealt with. That a tick runs once does not rest on the mark, but
// on its identity, (pipeline, instant): where the clock was set back, the mark follows it, and an
// instant that comes again finds its run in the store. So neither a clock that jumps years ahead nor one that comes back
// from there can silence a schedule, and neither doubles a tick.
#include "core/schedule.h"

#include <algorithm>
#include <deque>
#include <iterator>
#include <map>
#include <set>

#include "core/triggers.h"

namespace pawl {
namespace {

std::optional<WallTime> next_tick(const Pipeline& pipeline, WallTime after) {
  std::optional<WallTime> earliest;
  for (const Trigger& trigger : pipeline.triggers) {
    const auto* cron = std::get_if<CronTrigger>(&trigger);
    if (cron == nullptr) continue;
    const auto tick = cron->next(after);
    if (tick && (!earliest || *tick < *earliest)) earliest = tick;
  }
  return earliest;
}

// The last `count` ticks in (after, until], oldest first.
//
// A long gap is not counted through from its start: the search begins a minute before the end and
// goes four times as far back until it has found enough, at limits::kCatchupScanTicks looks at most.
std::deque<WallTime> last_ticks(const CronTrigger& cron, WallTime after, WallTime until,
                                std::size_t count) {
  std::deque<WallTime> found;
  std::size_t looks = 0;
  std::int64_t reach_ms = 60'000;
  while (true) {
    const bool whole = reach_ms >= until.ms - after.ms;
    WallTime at = whole ? after : until.plus_ms(-reach_ms);
    std::deque<WallTime> ticks;
    while (looks++ < limits::kCatchupScanTicks) {
      const auto next = cron.next(at);
      if (!next || *next > until) break;
      at = *next;
      ticks.push_back(at);
      if (ticks.size() > count) ticks.pop_front();
    }
    if (ticks.size() >= found.size()) found = std::move(ticks);
    if (whole || found.size() >= count || looks >= limits::kCatchupScanTicks) return found;
    reach_ms *= 4;
  }
}

// None stand for all.
std::vector<std::uint32_t> united(const std::vector<std::uint32_t>& a,
                                  const std::vector<std::uint32_t>& b) {
  std::vector<std::uint32_t> both;
  if (!a.empty() && !b.empty()) {
    std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  }
  return both;
}

class Judge {
 public:
  Judge(const std::string& pipeline, WallTime mark, WallTime wall, bool jumped)
      : pipeline_(pipeline), mark_(mark), wall_(wall), jumped_(jumped) {}

  // Adds what is to be done about one trigger's ticks.
  void add(const CronTrigger& cron) {
    const auto first = cron.next(mark_);
    if (!first || *first > wall_) return;
    const bool all = cron.catchup == Catchup::kAll && !jumped_;
    const auto ticks = last_ticks(cron, mark_, wall_, all ? limits::kCatchupTicks : 1);
    std::optional<WallTime> missed;
    for (const WallTime tick : ticks) {
      if (is_missed(cron, tick)) {
        missed = tick;
      } else {
        put(tick, cron, {});
      }
    }
    if (missed) put(*missed, cron, missed_message(cron, *first, *missed));
    if (all && ticks.size() == limits::kCatchupTicks && *first < ticks.front()) {
      put(*first, cron,
          "ticks before " + format_rfc3339(ticks.front()) + " are not caught up: more than " +
              std::to_string(limits::kCatchupTicks) + " were missed");
    }
  }

  [[nodiscard]] const std::map<WallTime, DueTick>& ticks() const { return ticks_; }

 private:
  [[nodiscard]] bool is_missed(const CronTrigger& cron, WallTime tick) const {
    const std::int64_t late_ms = wall_.ms - tick.ms;
    if (cron.deadline_ms > 0 && late_ms > cron.deadline_ms) return true;
    return cron.catchup == Catchup::kNone && late_ms > limits::kTickLateMs;
  }

  [[nodiscard]] std::string missed_message(const CronTrigger& cron, WallTime first,
                                           WallTime last) const {
    std::string text = first == last ? "missed by " + format_duration(wall_.ms - last.ms)
                                     : "missed, as all since " + format_rfc3339(first);
    const bool too_late = cron.deadline_ms > 0 && wall_.ms - last.ms > cron.deadline_ms;
    return text + (too_late ? " (deadline: " + format_duration(cron.deadline_ms) + ")"
                            : " (catchup: none)");
  }

  // Two triggers may name one instant, which is one run: if either wants it run, with the params of the
  // first that does, beginning with the tasks of both.
  void put(WallTime at, const CronTrigger& cron, std::string missed) {
    DueTick tick;
    tick.pipeline = pipeline_;
    tick.at = at;
    tick.interval = cron.schedule.expression().starts_with("@every");
    tick.params = cron.params;
    tick.starts = cron.starts;
    tick.missed = !missed.empty();
    tick.message = std::move(missed);
    const auto [place, is_new] = ticks_.emplace(at, tick);
    if (is_new) return;
    DueTick& known = place->second;
    if (known.missed) {
      known = std::move(tick);
    } else if (!tick.missed) {
      known.starts = united(known.starts, tick.starts);
    }
  }

  const std::string& pipeline_;
  const WallTime mark_;
  const WallTime wall_;
  const bool jumped_;
  std::map<WallTime, DueTick> ticks_;
};

bool jumps_forward(const State& state, WallTime wall, MonoTime mono) {
  return (wall.ms - state.last_wall.ms) - (mono.ms - state.last_mono.ms) > limits::kClockJumpMs;
}

// Marks that are ahead of a clock that was set back.
void bring_marks_back(StepContext& context) {
  std::vector<std::string> ahead;
  for (const auto& [name, entry] : context.state.pipelines) {
    if (entry.mark.ms - context.wall.ms > limits::kClockBackMs) ahead.push_back(name);
  }
  for (const std::string& name : ahead) {
    context.state.pipelines.at(name).mark = context.wall;
    schedule_after(context, name, context.wall);
    context.emit(SaveScheduleMark{name, context.wall});
  }
}

}  // namespace

std::vector<DueTick> due_ticks(const State& state, WallTime wall, MonoTime mono) {
  std::vector<DueTick> due;
  if (!state.clock_trusted || state.ends_only) return due;
  const bool jumped = state.clock_jumped || jumps_forward(state, wall, mono);
  for (const auto& [tick, name] : state.ticks) {
    if (tick > wall) break;
    const PipelineEntry& entry = state.pipelines.at(name);
    Judge judge(name, entry.mark, wall, jumped);
    for (const Trigger& trigger : entry.definition->triggers) {
      if (const auto* cron = std::get_if<CronTrigger>(&trigger)) judge.add(*cron);
    }
    for (const auto& [at, due_tick] : judge.ticks()) due.push_back(due_tick);
  }
  std::stable_sort(due.begin(), due.end(),
                   [](const DueTick& a, const DueTick& b) { return a.at < b.at; });
  return due;
}

std::string tick_identity(const DueTick& tick) { return "cron:" + format_rfc3339(tick.at); }

void schedule_after(StepContext& context, const std::string& name, WallTime after) {
  unschedule(context, name);
  if (context.state.suspended.contains(name)) return;
  PipelineEntry& entry = context.state.pipelines.at(name);
  entry.next_tick = next_tick(*entry.definition, after);
  if (entry.next_tick) context.state.ticks.emplace(*entry.next_tick, name);
}

void unschedule(StepContext& context, const std::string& name) {
  PipelineEntry& entry = context.state.pipelines.at(name);
  if (entry.next_tick) context.state.ticks.erase({*entry.next_tick, name});
  entry.next_tick.reset();
}

void take_ticks(StepContext& context, const std::vector<DueTick>& ticks) {
  State& state = context.state;
  std::set<std::string> touched;
  for (const DueTick& tick : ticks) {
    const auto entry = state.pipelines.find(tick.pipeline);
    if (entry == state.pipelines.end() || !entry->second.next_tick) continue;
    touched.insert(tick.pipeline);
    entry->second.mark = std::max(entry->second.mark, tick.at);
    // An interval follows elapsed time: the same instant of a clock that was set back is another tick.
    if (!tick.existing || tick.interval) accept_tick(context, tick);
  }
  for (const std::string& name : touched) {
    const PipelineEntry& entry = state.pipelines.at(name);
    schedule_after(context, name, entry.mark);
    context.emit(SaveScheduleMark{name, entry.mark});
  }
  // Kept while due_ticks() gives none whatever is due.
  if (state.clock_trusted && !state.ends_only) state.clock_jumped = false;
}

void observe_clock(StepContext& context, bool synchronised) {
  State& state = context.state;
  if (!state.clock_trusted) {
    state.clock_trusted =
        synchronised || context.wall >= state.clock_floor || context.mono >= state.clock_wait_end;
    if (state.clock_trusted) bring_marks_back(context);
  } else {
    if (jumps_forward(state, context.wall, context.mono)) state.clock_jumped = true;
    if (context.wall < state.last_wall) bring_marks_back(context);
  }
  state.last_wall = context.wall;
  state.last_mono = context.mono;
}

}  // namespace pawl
