// The tasks that wait for a worker, and who is next: the highest priority first; among equals the
// pipeline that holds the fewest workers, so that a busy pipeline cannot keep the others out; then
// the oldest run, then the place in the file. A value; internal to core/.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace pawl {

struct TaskRef {
  RunId run;
  std::uint32_t task = 0;
  auto operator<=>(const TaskRef&) const = default;
};

class ReadyQueue {
 public:
  // Both do nothing the second time.
  void insert(TaskRef task, std::uint32_t priority, const std::string& pipeline);
  void erase(TaskRef task, std::uint32_t priority, const std::string& pipeline);
  // Takes out the next one; there must be one.
  TaskRef pop();
  // A task of the pipeline got a worker, or gave it back.
  void take_slot(const std::string& pipeline);
  void free_slot(const std::string& pipeline);

  // Up to `count` of those that are near the front.
  [[nodiscard]] std::vector<TaskRef> first(std::size_t count) const;

  [[nodiscard]] bool empty() const { return ranks_.empty(); }
  [[nodiscard]] std::size_t size() const { return size_; }
  [[nodiscard]] std::uint32_t slots_of(const std::string& pipeline) const;

 private:
  using Queue = std::pair<std::uint32_t, std::string>;  // priority, pipeline
  struct Rank {
    std::uint32_t below_top = 0;  // priorities between this and the highest possible one
    std::uint32_t slots = 0;
    TaskRef first;
    std::string pipeline;
    auto operator<=>(const Rank&) const = default;
  };

  [[nodiscard]] Rank rank_of(const Queue& queue, const std::set<TaskRef>& tasks) const;
  void change_slots(const std::string& pipeline, bool take);

  std::map<Queue, std::set<TaskRef>> queues_;   // none is empty
  std::map<std::string, std::uint32_t> slots_;  // none is 0
  std::set<Rank> ranks_;                        // one for each queue
  std::size_t size_ = 0;
};

}  // namespace pawl
