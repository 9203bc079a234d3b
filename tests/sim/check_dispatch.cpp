// Who may start, and who is next: upstream, stops, slots, priorities, fair shares, concurrency groups.
#include <algorithm>
#include <tuple>

#include "sim/language.h"
#include "sim/observer.h"

namespace pawl::sim {

// With the store as it was before the step, but for what the step itself changed of the run.
void Observer::check_dispatch(const StepRecord& step, const AttemptKey& key) {
  if (tight_) violate(key.run, ": a task was started while the disk is full");
  const auto known = store_.runs.find(key.run);
  if (known == store_.runs.end()) return;  // made in this step: judged as ready afterwards
  const StoredRun& run = known->second;
  const TaskState& task = run.tasks[key.task];
  if (key.attempt != task.attempts + 1)
    violate(key.run, ": an attempt's number is not the next one");
  if (key.attempt > run.definition->tasks[key.task].retries.limit + 1) {
    violate(key.run, ": a task was tried more often than its rule allows");
  }
  if (is_final(task.status)) violate(key.run, ": a task that had ended was started again");
  const auto retry = retries_.find({key.run, key.task});
  if (retry != retries_.end() && retry->second > life_.clock.true_ms() && !step.recovery) {
    violate(key.run, ": a task was tried again before its delay was over");
  }
  // Which the recovery of a later agent must not do either.
  if (is_stopped(run, key.task)) violate(key.run, ": a task was started after the run's stop");
}

Observer::Candidate Observer::candidate(const StoredRun& run, std::uint32_t task) const {
  return {run.definition->priority, &run.run.pipeline, {run.run.id, task}};
}

std::vector<Observer::Candidate> Observer::ready_tasks(const StepRecord& step) const {
  std::vector<Candidate> ready;
  for (const RunId id : store_.unfinished) {
    const StoredRun& run = run_of(id);
    if (step.queued.contains(id)) continue;
    for (const TaskState& task : run.tasks) {
      if (!may_start(run, task.index)) continue;
      const auto retry = retries_.find({id, task.index});
      // A recovery arms the timers of those that wait; they are due in the step after it.
      if (retry != retries_.end() && (step.recovery || retry->second > life_.clock.true_ms())) {
        continue;
      }
      ready.push_back(candidate(run, task.index));
    }
  }
  return ready;
}

// Plays the step's starts again, one by one: each must have been the best of those that waited.
void Observer::check_order_of(const std::vector<Candidate>& dispatched,
                              const std::vector<Candidate>& waiting) {
  std::map<std::string, std::uint32_t> slots;
  for (const AttemptKey& key : store_.live) ++slots[run_of(key.run).run.pipeline];
  for (const Candidate& one : dispatched) --slots[*one.pipeline];
  const auto rank = [&](const Candidate& one) {
    return std::tuple(limits::kPriorityMax - one.priority, slots[*one.pipeline], one.place);
  };
  for (std::size_t i = 0; i < dispatched.size(); ++i) {
    const Candidate& taken = dispatched[i];
    const auto better = [&](const Candidate& other) { return rank(other) < rank(taken); };
    for (const auto& [others, from] : {std::pair{&dispatched, i + 1}, {&waiting, std::size_t{0}}}) {
      const auto found =
          std::find_if(others->begin() + static_cast<std::ptrdiff_t>(from), others->end(), better);
      if (found == others->end()) continue;
      const bool by_priority = found->priority != taken.priority;
      violate(taken.place.first, std::string(": a task was started while one of run ") +
                                     found->place.first.text() + " came before it by " +
                                     (by_priority ? "priority" : "its fair share or age"));
    }
    ++slots[*taken.pipeline];
  }
}

void Observer::check_slots_and_order(const StepRecord& step) {
  if (store_.live.size() > workers_) violate("more attempts are under way than there are workers");
  const bool has_free = store_.live.size() < workers_;
  if (delta_.dispatched.empty() && !has_free) return;
  std::vector<Candidate> dispatched;
  for (const AttemptKey& key : delta_.dispatched) {
    const StoredRun& run = run_of(key.run);
    if (expected_of(run, key.task) != Expected::kGo || has_bad_env(run, key.task)) {
      violate(key.run, ": a task started that its rule, condition or env did not let run");
    }
    if (step.queued.contains(key.run)) violate(key.run, " waits for its group, and started a task");
    dispatched.push_back(candidate(run, key.task));
  }
  const std::vector<Candidate> waiting = ready_tasks(step);
  if (has_free && !tight_ && !waiting.empty()) {
    violate(waiting.front().place.first, ": a task is ready, a worker is free, and it waits");
  }
  // Found while workers are given out: what follows from it was not there before.
  const bool found_bad =
      std::any_of(step.commands.begin(), step.commands.end(), [&](const Command& command) {
        const auto* save = std::get_if<SaveTask>(&command);
        return save != nullptr && save->task.status == Status::kFailed &&
               save->task.attempts == 0 && has_bad_env(run_of(save->task.run), save->task.index);
      });
  if (!found_bad) check_order_of(dispatched, waiting);
}

void Observer::check_groups(const StepRecord& step) {
  struct Group {
    std::vector<RunId> admitted;
    std::vector<RunId> queued;
    std::uint32_t limit = limits::kConcurrencyMax;  // the smallest of those admitted
  };
  if (delta_.touched.empty() && !step.recovery) return;
  std::map<std::string, Group> groups;
  for (const RunId id : store_.unfinished) {
    const StoredRun& run = run_of(id);
    if (!run.definition->concurrency) {
      if (step.queued.contains(id)) violate(id, " waits for a group, and has none");
      continue;
    }
    Group& group = groups[run.definition->concurrency->group];
    if (step.queued.contains(id)) {
      group.queued.push_back(id);
      if (run.run.status != Status::kPending) violate(id, " waits for its group, and is under way");
    } else {
      group.admitted.push_back(id);
      group.limit = std::min(group.limit, run.definition->concurrency->limit);
    }
  }
  for (auto& [name, group] : groups) {
    if (group.admitted.size() > group.limit) violate("group " + name + " is over its limit");
    if (group.queued.empty()) continue;
    // The next one by priority, then by age.
    const RunId next =
        *std::min_element(group.queued.begin(), group.queued.end(), [&](RunId left, RunId right) {
          return std::pair(limits::kPriorityMax - run_of(left).definition->priority, left) <
                 std::pair(limits::kPriorityMax - run_of(right).definition->priority, right);
        });
    const std::uint32_t own = run_of(next).definition->concurrency->limit;
    if (group.admitted.size() < std::min(group.limit, own)) {
      violate(next, " waits for its group, which has room");
    }
  }
  for (const RunId id : delta_.made) check_replacement(id);
}

void Observer::check_replacement(RunId made) {
  const StoredRun& newcomer = run_of(made);
  const auto& own = newcomer.definition->concurrency;
  if (!own || is_final(newcomer.run.status) || newcomer.run.stop != RunStop::kNone) return;
  std::size_t going_on = 0;
  RunId oldest = made;
  for (const RunId id : store_.unfinished) {
    const StoredRun& run = run_of(id);
    // Hooks are not replaced.
    if (id > made || run.run.stop != RunStop::kNone || only_hooks_left(run) ||
        !run.definition->concurrency || run.definition->concurrency->group != own->group) {
      continue;
    }
    ++going_on;
    oldest = std::min(oldest, id);
  }
  if (own->on_conflict == OnConflict::kReplace && going_on > own->limit) {
    violate(made, " replaced too few runs of its group");
  }
  for (const RunId id : delta_.stopped) {
    if (run_of(id).run.stop == RunStop::kReplace && id > oldest && delta_.made.size() == 1) {
      violate(id, " was replaced, and an older run of the group was not");
    }
  }
}

}  // namespace pawl::sim
