#include "core/ahead.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "core/progress.h"
#include "core/readiness.h"

namespace pawl {
namespace {

// Whether what the text becomes can change while other tasks go on.
bool looks_at_tasks(const std::string& text) {
  constexpr std::array<std::string_view, 3> kWords = {"tasks", "success", "failure"};
  return text.find("${{") != std::string::npos &&
         std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return text.find(word) != std::string::npos; });
}

bool is_settled(const Task& task) {
  return task.secrets.empty() &&
         std::none_of(task.command.begin(), task.command.end(), looks_at_tasks) &&
         std::none_of(task.env.begin(), task.env.end(),
                      [](const auto& variable) { return looks_at_tasks(variable.second); });
}

void prepare(StepContext& context, RunEntry& run, std::uint32_t index) {
  State& state = context.state;
  const TaskEntry& task = run.tasks[index];
  const TaskRef ref{run.run.id, index};
  const bool is_first = task.state.status == Status::kPending && task.state.attempts == 0;
  if (!is_first || state.ahead.contains(ref) || run.run.stop != RunStop::kNone) return;
  if (!is_main(run, index) || !is_settled(run.definition->tasks[index])) return;
  auto order = make_order(context, run, {run.run.id, index, 1});
  if (!order) return;
  state.ahead.emplace(ref, 1);
  context.emit(PrepareAttempt{std::move(order).value()});
}

// Without a condition, and let run by its rule once what runs now has succeeded.
bool is_likely(const RunEntry& run, std::uint32_t index) {
  const Task& task = run.definition->tasks[index];
  return run.admitted && task.when.empty() && would_run(run, index);
}

}  // namespace

void prepare_ahead(StepContext& context) {
  State& state = context.state;
  const auto is_full = [&] { return state.ahead.size() >= state.settings.workers; };
  if (state.ends_only) return;
  for (const TaskRef& ref : state.ready.first(state.settings.workers)) {
    if (is_full()) return;
    prepare(context, state.runs.at(ref.run), ref.task);
  }
  for (const TaskRef& ref : context.begun) {
    const auto run = state.runs.find(ref.run);
    if (run == state.runs.end()) continue;
    for (const std::uint32_t next : run->second.downstream[ref.task]) {
      if (is_full()) return;
      if (is_likely(run->second, next)) prepare(context, run->second, next);
    }
  }
}

void drop_ahead(StepContext& context, TaskRef task) {
  const auto found = context.state.ahead.find(task);
  if (found == context.state.ahead.end()) return;
  context.emit(RemoveContainer{{task.run, task.task, found->second}});
  context.state.ahead.erase(found);
}

void use_ahead(StepContext& context, const AttemptKey& key) {
  const auto found = context.state.ahead.find({key.run, key.task});
  if (found != context.state.ahead.end() && found->second == key.attempt) {
    context.state.ahead.erase(found);
  }
}

bool keep_ahead(StepContext& context, const AttemptKey& key) {
  const auto run = context.state.runs.find(key.run);
  if (run == context.state.runs.end() || key.task >= run->second.tasks.size()) return false;
  const TaskState& task = run->second.tasks[key.task].state;
  if (task.status != Status::kPending || key.attempt <= task.attempts) return false;
  context.state.ahead.insert_or_assign({key.run, key.task}, key.attempt);
  return true;
}

}  // namespace pawl
