#include "config/task_graph.h"

#include <algorithm>
#include <unordered_map>

#include "base/log.h"
#include "config/wording.h"
#include "model/dag.h"

namespace pawl::config {
namespace {

class Dependencies {
 public:
  Dependencies(std::vector<TaskDraft>& drafts, ValueReader& values)
      : drafts_(drafts), values_(values) {}

  void index_ids() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      const std::string& id = drafts_[i].task.id;
      if (id.empty()) continue;
      const auto [first, is_new] = indexes_.emplace(id, i);
      if (is_new) continue;
      values_.add(drafts_[i].id_place, "task " + quoted(id) +
                                           " is given twice; the first is in line " +
                                           std::to_string(drafts_[first->second].id_place.line));
    }
  }

  void resolve() {
    for (std::size_t i = 0; i < drafts_.size(); ++i) {
      for (const Placed<std::string>& name : drafts_[i].depends_on) {
        if (values_.problems().is_full()) return;
        resolve(i, name);
      }
      std::sort(drafts_[i].upstream.begin(), drafts_[i].upstream.end());
    }
  }

  // One problem for each circle found, until cutting those found leaves none.
  void report_cycles() {
    constexpr std::size_t kReported = 10;
    UpstreamLists upstream;
    for (const TaskDraft& draft : drafts_) upstream.push_back(draft.upstream);
    for (std::size_t i = 0; i < kReported; ++i) {
      const std::vector<std::uint32_t> cycle = find_cycle(upstream);
      if (cycle.empty()) return;
      std::string path;
      for (std::uint32_t index : cycle) path += escape_control(drafts_[index].task.id) + " → ";
      path += escape_control(drafts_[cycle.front()].task.id);
      const std::uint32_t next = cycle[1 % cycle.size()];
      values_.add(place_of_dependency(cycle.front(), next),
                  "the tasks depend on each other in a circle: " + path);
      std::erase(upstream[cycle.back()], cycle.front());
      std::erase(upstream[cycle.front()], cycle.back());
    }
  }

 private:
  void resolve(std::size_t task, const Placed<std::string>& name) {
    TaskDraft& draft = drafts_[task];
    const auto index = indexes_.find(name.value);
    if (index == indexes_.end()) {
      values_.add(name.place, no_task(draft.task.hook, name.value));
      return;
    }
    const auto found = static_cast<std::uint32_t>(index->second);
    const Hook hook = drafts_[found].task.hook;
    if (name.value == draft.task.id) {
      values_.add(name.place, "task " + quoted(name.value) + " depends on itself");
    } else if (hook != draft.task.hook) {
      values_.add(name.place,
                  "task " + quoted(name.value) + " is one of '" + list_name(hook) +
                      "'; a task depends on tasks of its own list only, and hooks run after all "
                      "others anyway");
    } else if (std::find(draft.upstream.begin(), draft.upstream.end(), found) !=
               draft.upstream.end()) {
      values_.add(name.place, "'depends_on' has " + quoted(name.value) + " twice");
    } else {
      draft.upstream.push_back(found);
    }
  }

  [[nodiscard]] static std::string list_name(Hook hook) {
    return hook == Hook::kNone ? "tasks" : std::string(to_string(hook));
  }

  [[nodiscard]] std::string no_task(Hook hook, const std::string& name) const {
    const auto base = indexes_.find(name.substr(0, name.find('[')));
    if (base != indexes_.end()) {
      return "no task " + quoted(name) + ": write '" + escape_control(base->first) +
             "', which stands for all instances of its matrix";
    }
    std::vector<std::string_view> ids;
    for (const TaskDraft& draft : drafts_) {
      if (draft.task.hook == hook && is_valid_name(draft.task.id)) ids.push_back(draft.task.id);
    }
    return "no task " + quoted(name) + " in " +
           (hook == Hook::kNone ? "this pipeline" : "'" + list_name(hook) + "'") +
           values_.did_you_mean(name, ids);
  }

  [[nodiscard]] Place place_of_dependency(std::uint32_t from, std::uint32_t to) const {
    for (const Placed<std::string>& name : drafts_[from].depends_on) {
      if (name.value == drafts_[to].task.id) return name.place;
    }
    return drafts_[from].id_place;
  }

  std::vector<TaskDraft>& drafts_;
  ValueReader& values_;
  std::unordered_map<std::string, std::size_t> indexes_;
};

}  // namespace

void resolve_dependencies(std::vector<TaskDraft>& drafts, ValueReader& values) {
  Dependencies dependencies(drafts, values);
  dependencies.index_ids();
  dependencies.resolve();
  dependencies.report_cycles();
}

std::vector<bool> ancestors(const std::vector<TaskDraft>& drafts, std::size_t task) {
  std::vector<bool> found(drafts.size(), false);
  std::vector<std::size_t> open = {task};
  while (!open.empty()) {
    const std::size_t next = open.back();
    open.pop_back();
    for (std::uint32_t other : drafts[next].upstream) {
      if (found[other]) continue;
      found[other] = true;
      open.push_back(other);
    }
  }
  return found;
}

}  // namespace pawl::config
