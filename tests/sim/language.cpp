#include "sim/language.h"

#include <algorithm>

namespace pawl::sim {
namespace {

enum class Mark : char { kOpen = 'o', kGood = 's', kBad = 'f', kSkipped = 'k' };

const Task& task_of(const StoredRun& run, std::uint32_t index) {
  return run.definition->tasks[index];
}

std::string marks_before(const StoredRun& run, std::uint32_t index);

Mark mark_of(const StoredRun& run, std::uint32_t index) {
  const TaskState& state = run.tasks[index];
  const Task& task = task_of(run, index);
  if (!is_final(state.status)) return Mark::kOpen;
  if (state.status == Status::kSuccess) return Mark::kGood;
  if (state.status == Status::kCancelled) return Mark::kBad;
  if (state.status == Status::kFailed) return task.allow_failure ? Mark::kGood : Mark::kBad;
  if (state.reason == Reason::kNone) return Mark::kGood;
  const bool wants_success = task.rule == TriggerRule::kAllSuccess ||
                             task.rule == TriggerRule::kOneSuccess ||
                             task.rule == TriggerRule::kNoneFailed;
  const bool after_failure = marks_before(run, index).find('f') != std::string::npos;
  return state.reason == Reason::kUpstream && wants_success && after_failure ? Mark::kBad
                                                                             : Mark::kSkipped;
}

// One letter for each upstream task.
std::string marks_before(const StoredRun& run, std::uint32_t index) {
  std::string marks;
  for (const std::uint32_t before : task_of(run, index).upstream) {
    marks.push_back(static_cast<char>(mark_of(run, before)));
  }
  return marks;
}

bool only(const std::string& marks, const char* allowed) {
  return marks.find_first_not_of(allowed) == std::string::npos;
}
bool any(const std::string& marks, const char* wanted) {
  return marks.find_first_of(wanted) != std::string::npos;
}

Expected by_rule(TriggerRule rule, const std::string& marks) {
  const bool over = !any(marks, "o");
  const auto once_over = [&](bool holds) {
    if (!over) return Expected::kWait;
    return holds ? Expected::kGo : Expected::kSkipUpstream;
  };
  switch (rule) {
    case TriggerRule::kAllSuccess:
      return any(marks, "f") ? Expected::kSkipUpstream : once_over(!any(marks, "k"));
    case TriggerRule::kNoneFailed:
      return any(marks, "f") ? Expected::kSkipUpstream : once_over(true);
    case TriggerRule::kAllDone:
    case TriggerRule::kAlways:
      return once_over(true);
    case TriggerRule::kAllFailed:
      return once_over(!marks.empty() && only(marks, "f"));
    case TriggerRule::kOneSuccess:
      return any(marks, "s") ? Expected::kGo : once_over(false);
    case TriggerRule::kOneFailed:
      return any(marks, "f") ? Expected::kGo : once_over(false);
    case TriggerRule::kOneDone:
      return any(marks, "sf") ? Expected::kGo : once_over(false);
  }
  return Expected::kWait;
}

// The task that the text names.
const TaskState* named_in(const StoredRun& run, const std::string& when) {
  for (const TaskState& state : run.tasks) {
    const std::string name = "tasks." + task_of(run, state.index).id + ".";
    if (when.find(name) != std::string::npos) return &state;
  }
  return nullptr;
}

Expected by_condition(const StoredRun& run, std::uint32_t index) {
  const std::string& when = task_of(run, index).when;
  const auto go_if = [](bool holds) { return holds ? Expected::kGo : Expected::kSkipCondition; };
  if (when.empty() || when == text::kTrue) return Expected::kGo;
  if (when == text::kFalse) return Expected::kSkipCondition;
  if (when == text::kBad) return Expected::kFail;
  const bool failure =
      is_hook(run, index) ? end_of(run) == Status::kFailed : any(marks_before(run, index), "f");
  const bool success = is_hook(run, index) ? end_of(run) == Status::kSuccess : !failure;
  if (when == text::kSuccess) return go_if(success);
  if (when == text::kFailure) return go_if(failure);
  const TaskState* named = named_in(run, when);
  if (named == nullptr) return Expected::kFail;
  if (when.find(".status") != std::string::npos) return go_if(named->status == Status::kSuccess);
  return go_if(named->outputs == Variables{{"v", "1"}});
}

}  // namespace

std::string output_of(const AttemptKey& key) {
  return std::to_string((key.run.value + key.task + key.attempt) % 2);
}

bool is_hook(const StoredRun& run, std::uint32_t task) {
  return task_of(run, task).hook != Hook::kNone;
}

bool only_hooks_left(const StoredRun& run) {
  return std::all_of(run.tasks.begin(), run.tasks.end(), [&](const TaskState& task) {
    return is_hook(run, task.index) || is_final(task.status);
  });
}

Status end_of(const StoredRun& run) {
  bool failed = false;
  bool cut = false;
  for (const TaskState& task : run.tasks) {
    if (is_hook(run, task.index)) continue;
    failed |= task.status == Status::kFailed && !task_of(run, task.index).allow_failure;
    cut |= task.status == Status::kCancelled;
    cut |= run.run.stop == RunStop::kTimeout && task.reason == Reason::kTimeout;
  }
  if (cut) return run.run.stop == RunStop::kTimeout ? Status::kFailed : Status::kCancelled;
  return failed ? Status::kFailed : Status::kSuccess;
}

bool answers_end(const StoredRun& run, std::uint32_t hook) {
  const Status end = end_of(run);
  const Hook kind = task_of(run, hook).hook;
  return kind == Hook::kOnExit || (kind == Hook::kOnSuccess && end == Status::kSuccess) ||
         (kind == Hook::kOnFailure && end == Status::kFailed) ||
         (kind == Hook::kOnCancel && end == Status::kCancelled);
}

bool is_stopped(const StoredRun& run, std::uint32_t task) {
  return is_hook(run, task) ? run.run.hooks_cancelled : run.run.stop != RunStop::kNone;
}

Expected expected_of(const StoredRun& run, std::uint32_t task) {
  if (is_hook(run, task)) {
    if (!only_hooks_left(run)) return Expected::kWait;
    if (!answers_end(run, task)) return Expected::kSkipCondition;
  }
  const Expected expected = by_rule(task_of(run, task).rule, marks_before(run, task));
  return expected == Expected::kGo ? by_condition(run, task) : expected;
}

bool may_start(const StoredRun& run, std::uint32_t task) {
  return run.tasks[task].status == Status::kPending && !is_stopped(run, task) &&
         expected_of(run, task) == Expected::kGo;
}

bool has_bad_env(const StoredRun& run, std::uint32_t task) {
  const Variables& env = task_of(run, task).env;
  return std::any_of(env.begin(), env.end(),
                     [](const auto& variable) { return variable.second == text::kBad; });
}

bool never_was(const StoredRun& run) {
  return run.run.reason != Reason::kNone &&
         std::all_of(run.tasks.begin(), run.tasks.end(), [&](const TaskState& task) {
           return task.status == Status::kSkipped && task.reason == run.run.reason;
         });
}

std::vector<bool> parts_of(const Pipeline& definition, const std::vector<std::uint32_t>& starts) {
  std::vector<bool> parts(definition.tasks.size(), starts.empty());
  for (const std::uint32_t index : starts) parts[index] = true;
  // Tasks of the simulator depend on earlier ones only.
  for (std::size_t i = 0; i < parts.size(); ++i) {
    for (const std::uint32_t before : definition.tasks[i].upstream) {
      if (parts[before]) parts[i] = true;
    }
  }
  return parts;
}

}  // namespace pawl::sim
