// One queue for each pipeline and priority, and an ordered set of the queues by what decides. A change
// of one queue or of one pipeline's slots moves its ranks only, so that thousands of waiting runs
// cost each dispatch a logarithm. Rejected: looking through all waiting tasks at each dispatch.
#include "core/ready_queue.h"

#include "base/result.h"
#include "model/limits.h"

namespace pawl {

ReadyQueue::Rank ReadyQueue::rank_of(const Queue& queue, const std::set<TaskRef>& tasks) const {
  return Rank{limits::kPriorityMax - queue.first, slots_of(queue.second), *tasks.begin(),
              queue.second};
}

void ReadyQueue::insert(TaskRef task, std::uint32_t priority, const std::string& pipeline) {
  PAWL_ASSERT(priority <= limits::kPriorityMax);
  const auto [place, is_new] = queues_.try_emplace(Queue{priority, pipeline});
  if (!is_new) ranks_.erase(rank_of(place->first, place->second));
  if (place->second.insert(task).second) ++size_;
  ranks_.insert(rank_of(place->first, place->second));
}

void ReadyQueue::erase(TaskRef task, std::uint32_t priority, const std::string& pipeline) {
  const auto place = queues_.find(Queue{priority, pipeline});
  if (place == queues_.end()) return;
  ranks_.erase(rank_of(place->first, place->second));
  size_ -= place->second.erase(task);
  if (place->second.empty()) {
    queues_.erase(place);
  } else {
    ranks_.insert(rank_of(place->first, place->second));
  }
}

TaskRef ReadyQueue::pop() {
  PAWL_ASSERT(!ranks_.empty());
  const Rank next = *ranks_.begin();
  erase(next.first, limits::kPriorityMax - next.below_top, next.pipeline);
  return next.first;
}

std::vector<TaskRef> ReadyQueue::first(std::size_t count) const {
  std::vector<TaskRef> result;
  for (const Rank& rank : ranks_) {
    const Queue queue{limits::kPriorityMax - rank.below_top, rank.pipeline};
    for (const TaskRef& task : queues_.at(queue)) {
      if (result.size() >= count) return result;
      result.push_back(task);
    }
  }
  return result;
}

std::uint32_t ReadyQueue::slots_of(const std::string& pipeline) const {
  const auto found = slots_.find(pipeline);
  return found == slots_.end() ? 0 : found->second;
}

void ReadyQueue::take_slot(const std::string& pipeline) { change_slots(pipeline, true); }
void ReadyQueue::free_slot(const std::string& pipeline) { change_slots(pipeline, false); }

void ReadyQueue::change_slots(const std::string& pipeline, bool take) {
  const auto each_queue = [&](auto&& action) {
    for (std::uint32_t priority = 0; priority <= limits::kPriorityMax; ++priority) {
      const auto queue = queues_.find(Queue{priority, pipeline});
      if (queue != queues_.end()) action(rank_of(queue->first, queue->second));
    }
  };
  each_queue([&](const Rank& rank) { ranks_.erase(rank); });
  const auto slots = slots_.try_emplace(pipeline).first;
  PAWL_ASSERT(take || slots->second > 0);
  slots->second += take ? 1u : -1u;
  if (slots->second == 0) slots_.erase(slots);
  each_queue([&](const Rank& rank) { ranks_.insert(rank); });
}

}  // namespace pawl
