// Each task gets the set of ends that it may come to, from those of its upstream tasks. The sets are rather too large than
// too small (a `when` may always be either, upstream tasks are taken to end independently): a warning is never wrong.
#include "config/reachability.h"

#include <algorithm>
#include <unordered_map>

#include "base/result.h"
#include "config/wording.h"
#include "model/dag.h"
#include "model/expression.h"

namespace pawl::config {
namespace {

// What became of a task, as trigger rules see it (model/pipeline.h).
struct Ends {
  bool success = false;
  bool failed = false;
  bool skipped = false;
};

bool is_never(const std::string& when) {
  if (when.empty()) return false;
  const Result<Template> parsed = Template::parse(when);
  if (!parsed || !parsed->is_constant()) return false;
  const Result<Json> value = parsed->value({});
  return value.ok() && !is_true(*value);
}

bool wants_success(TriggerRule rule) {
  return rule == TriggerRule::kAllSuccess || rule == TriggerRule::kOneSuccess ||
         rule == TriggerRule::kNoneFailed;
}

class Reachability {
 public:
  Reachability(const Pipeline& pipeline, const std::vector<Placed<std::string>>& ids,
               ValueReader& values)
      : pipeline_(pipeline), values_(values), ends_(pipeline.tasks.size()) {
    for (const auto& id : ids) places_.emplace(id.value, id.place);
    has_partial_runs_ =
        std::any_of(pipeline.triggers.begin(), pipeline.triggers.end(), [](const Trigger& trigger) {
          const auto* cron = std::get_if<CronTrigger>(&trigger);
          const auto* webhook = std::get_if<WebhookTrigger>(&trigger);
          return (cron != nullptr && !cron->starts.empty()) ||
                 (webhook != nullptr && !webhook->starts.empty());
        });
  }

  void run() {
    UpstreamLists upstream;
    for (const Task& task : pipeline_.tasks) upstream.push_back(task.upstream);
    const std::vector<std::uint32_t> level = levels(upstream);
    std::vector<std::uint32_t> order(level.size());
    for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return level[a] < level[b]; });
    for (std::uint32_t task : order) visit(task);
  }

 private:
  void visit(std::uint32_t index) {
    const Task& task = pipeline_.tasks[index];
    Ends& ends = ends_[index];
    const bool runs = !never_by_condition(task) && may_hold(task);
    ends.success = runs;
    ends.failed = runs || (wants_success(task.rule) && any(task, &Ends::failed));
    ends.skipped = !runs || !task.when.empty() || !task.upstream.empty();
    if (!runs) warn(task);
  }

  [[nodiscard]] bool any(const Task& task, bool Ends::*end) const {
    return std::any_of(task.upstream.begin(), task.upstream.end(),
                       [&](std::uint32_t i) { return ends_[i].*end; });
  }
  [[nodiscard]] bool all(const Task& task, bool Ends::*end) const {
    return std::all_of(task.upstream.begin(), task.upstream.end(),
                       [&](std::uint32_t i) { return ends_[i].*end; });
  }

  [[nodiscard]] bool may_hold(const Task& task) const {
    switch (task.rule) {
      case TriggerRule::kAllSuccess:
        return all(task, &Ends::success);
      case TriggerRule::kAllFailed:
        return !task.upstream.empty() && all(task, &Ends::failed);
      case TriggerRule::kOneSuccess:
        return any(task, &Ends::success);
      case TriggerRule::kOneFailed:
        return any(task, &Ends::failed);
      case TriggerRule::kOneDone:
        return any(task, &Ends::success) || any(task, &Ends::failed);
      case TriggerRule::kNoneFailed:
        return std::all_of(task.upstream.begin(), task.upstream.end(),
                           [&](std::uint32_t i) { return ends_[i].success || ends_[i].skipped; });
      case TriggerRule::kAllDone:
      case TriggerRule::kAlways:
        return true;
    }
    return true;
  }

  [[nodiscard]] bool never_by_condition(const Task& task) {
    const auto [known, is_new] = never_.try_emplace(written_id(task), false);
    if (is_new) known->second = is_never(task.when);
    return known->second;
  }

  void warn(const Task& task) {
    std::string message = "task " + quoted(written_id(task)) + " never runs: ";
    if (never_by_condition(task)) {
      message += "its 'when' is always false";
    } else if (task.upstream.empty()) {
      message += "trigger_rule " + std::string(to_string(task.rule)) +
                 " waits for tasks in 'depends_on', and it has none";
    } else {
      // A run that begins behind a task takes it for a success.
      if (has_partial_runs_) return;
      const auto cause = std::find_if(task.upstream.begin(), task.upstream.end(),
                                      [&](std::uint32_t i) { return !ends_[i].success; });
      PAWL_ASSERT(cause != task.upstream.end());
      message += "trigger_rule " + std::string(to_string(task.rule)) + " cannot hold, since " +
                 quoted(written_id(pipeline_.tasks[*cause])) + " never runs";
    }
    // The same for each instance; the list drops repetitions.
    values_.warn(places_.at(written_id(task)), std::move(message));
  }

  const Pipeline& pipeline_;
  ValueReader& values_;
  std::vector<Ends> ends_;
  std::unordered_map<std::string, Place> places_;
  std::unordered_map<std::string, bool> never_;
  bool has_partial_runs_ = false;
};

}  // namespace

void warn_of_unreachable(const Pipeline& pipeline, const std::vector<Placed<std::string>>& ids,
                         ValueReader& values) {
  Reachability(pipeline, ids, values).run();
}

}  // namespace pawl::config
