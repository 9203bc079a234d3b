#include "core/groups.h"

#include <algorithm>
#include <vector>

#include "core/progress.h"
#include "core/readiness.h"

namespace pawl {
namespace {

Group::Waiting place_of(const RunEntry& run) {
  return {limits::kPriorityMax - run.definition->priority, run.run.id};
}

std::size_t room(const State& state, const Group& group, std::uint32_t own_limit) {
  std::size_t limit = own_limit;
  for (const RunId id : group.admitted) {
    limit = std::min<std::size_t>(limit, state.runs.at(id).definition->concurrency->limit);
  }
  return limit > group.admitted.size() ? limit - group.admitted.size() : 0;
}

// The oldest runs of the group that must go so that one more fits; those being stopped count as gone.
std::vector<RunId> to_replace(const State& state, const Group& group, const RunEntry& newcomer) {
  std::vector<RunId> others(group.admitted.begin(), group.admitted.end());
  for (const Group::Waiting& waiting : group.waiting) others.push_back(waiting.second);
  std::erase_if(others, [&](RunId id) {
    return id == newcomer.run.id || state.runs.at(id).run.stop != RunStop::kNone;
  });
  std::sort(others.begin(), others.end());
  const std::size_t kept = newcomer.definition->concurrency->limit - 1;
  others.resize(others.size() > kept ? others.size() - kept : 0);
  return others;
}

}  // namespace

bool group_is_full(const State& state, const Concurrency& concurrency) {
  const auto group = state.groups.find(concurrency.group);
  if (group == state.groups.end()) return false;
  return !group->second.waiting.empty() || room(state, group->second, concurrency.limit) == 0;
}

void enter_group(StepContext& context, RunId id) {
  State& state = context.state;
  RunEntry& run = state.runs.at(id);
  if (!run.definition->concurrency) {
    run.admitted = true;
    return start_run(context, run);
  }
  const Concurrency& concurrency = *run.definition->concurrency;
  Group& group = state.groups[concurrency.group];
  group.waiting.insert(place_of(run));
  if (concurrency.on_conflict == OnConflict::kReplace) {
    const std::string message = "replaced by run " + id.text();
    for (const RunId other : to_replace(state, group, run)) {
      stop_run(context, other, RunStop::kReplace, message);
    }
  }
  admit_waiting(context, concurrency.group);
}

void rejoin_group(StepContext& context, RunEntry& run, bool admitted) {
  if (!run.definition->concurrency) {
    run.admitted = true;
    return;
  }
  Group& group = context.state.groups[run.definition->concurrency->group];
  run.admitted = admitted;
  if (admitted) {
    group.admitted.insert(run.run.id);
  } else {
    group.waiting.insert(place_of(run));
  }
}

void admit_waiting(StepContext& context, const std::string& name) {
  State& state = context.state;
  const auto found = state.groups.find(name);
  if (found == state.groups.end()) return;
  Group& group = found->second;
  while (!group.waiting.empty()) {
    const RunId next = group.waiting.begin()->second;
    RunEntry& run = state.runs.at(next);
    if (room(state, group, run.definition->concurrency->limit) == 0) break;
    group.waiting.erase(group.waiting.begin());
    group.admitted.insert(next);
    run.admitted = true;
    start_run(context, run);
  }
  if (group.waiting.empty() && group.admitted.empty()) state.groups.erase(found);
}

void leave_group(StepContext& context, const RunEntry& run) {
  if (!run.definition->concurrency) return;
  const auto group = context.state.groups.find(run.definition->concurrency->group);
  if (group == context.state.groups.end()) return;
  group->second.admitted.erase(run.run.id);
  group->second.waiting.erase(place_of(run));
}

}  // namespace pawl
