// Every walk is iterative: a chain of 200 tasks, or a hostile one of more, must not grow the stack.
#include "model/dag.h"

#include <algorithm>
#include <cstddef>

#include "base/result.h"

namespace pawl {
namespace {

enum class Mark : unsigned char { kNew, kOnPath, kDone };

struct Step {
  std::uint32_t task;
  std::size_t next;  // position in the task's upstream list
};

// The cycle that closes when the path's last task depends on `repeated`, lowest index first.
std::vector<std::uint32_t> close_cycle(const std::vector<Step>& path, std::uint32_t repeated) {
  std::vector<std::uint32_t> cycle;
  auto start = std::find_if(path.begin(), path.end(),
                            [&](const Step& step) { return step.task == repeated; });
  for (; start != path.end(); ++start) cycle.push_back(start->task);
  std::rotate(cycle.begin(), std::min_element(cycle.begin(), cycle.end()), cycle.end());
  return cycle;
}

}  // namespace

std::vector<std::uint32_t> find_cycle(const UpstreamLists& upstream) {
  std::vector<Mark> marks(upstream.size(), Mark::kNew);
  std::vector<Step> path;
  for (std::uint32_t root = 0; root < upstream.size(); ++root) {
    if (marks[root] != Mark::kNew) continue;
    path.push_back({root, 0});
    marks[root] = Mark::kOnPath;
    while (!path.empty()) {
      Step& step = path.back();
      if (step.next == upstream[step.task].size()) {
        marks[step.task] = Mark::kDone;
        path.pop_back();
        continue;
      }
      const std::uint32_t other = upstream[step.task][step.next++];
      if (other >= upstream.size() || marks[other] == Mark::kDone) continue;
      if (marks[other] == Mark::kOnPath) return close_cycle(path, other);
      marks[other] = Mark::kOnPath;
      path.push_back({other, 0});
    }
  }
  return {};
}

UpstreamLists invert(const UpstreamLists& upstream) {
  UpstreamLists downstream(upstream.size());
  for (std::uint32_t task = 0; task < upstream.size(); ++task) {
    for (std::uint32_t other : upstream[task]) {
      if (other >= upstream.size()) continue;
      std::vector<std::uint32_t>& list = downstream[other];
      if (list.empty() || list.back() != task) list.push_back(task);
    }
  }
  return downstream;
}

std::vector<std::uint32_t> levels(const UpstreamLists& upstream) {
  const UpstreamLists downstream = invert(upstream);
  std::vector<std::uint32_t> waits_for(upstream.size(), 0);
  for (const std::vector<std::uint32_t>& list : downstream) {
    for (std::uint32_t task : list) ++waits_for[task];
  }
  std::vector<std::uint32_t> level(upstream.size(), 0);
  std::vector<std::uint32_t> ready;
  for (std::uint32_t task = 0; task < upstream.size(); ++task) {
    if (waits_for[task] == 0) ready.push_back(task);
  }
  for (std::size_t i = 0; i < ready.size(); ++i) {
    for (std::uint32_t task : downstream[ready[i]]) {
      level[task] = std::max(level[task], level[ready[i]] + 1);
      if (--waits_for[task] == 0) ready.push_back(task);
    }
  }
  PAWL_ASSERT(ready.size() == upstream.size());
  return level;
}

}  // namespace pawl
