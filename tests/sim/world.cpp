#include "sim/world.h"

#include <algorithm>
#include <memory>

#include "sim/language.h"

namespace pawl::sim {
namespace {

const std::vector<std::string> kBehaviours = {
    behaviour::kOk,   behaviour::kOk,    behaviour::kOk,  behaviour::kOk,   behaviour::kOk,
    behaviour::kFail, behaviour::kFlaky, behaviour::kOom, behaviour::kLong, behaviour::kStubborn};

struct ScheduleText {
  const char* text;
  bool frequent;
};
const std::vector<ScheduleText> kSchedules = {{"@every 40s", true},   {"@every 90s", true},
                                              {"* * * * *", true},    {"*/2 * * * *", true},
                                              {"*/5 * * * *", false}, {"20 8,9 * * *", false}};

std::string in_text(std::string text, const std::string& task) {
  return text.replace(text.find('%'), 1, task);
}

bool waits_for_all(TriggerRule rule) {
  return rule != TriggerRule::kOneSuccess && rule != TriggerRule::kOneFailed &&
         rule != TriggerRule::kOneDone;
}

// A condition that says the same whenever it is asked once the rule lets the task run: the simulator asks later than
// the core.
std::string make_condition(Random& random, const Task& task) {
  std::vector<std::string> texts = {text::kTrue, text::kFalse, text::kBad};
  if (waits_for_all(task.rule)) {
    texts.insert(texts.end(), {text::kSuccess, text::kFailure});
    if (!task.upstream.empty()) {
      const std::string before = "t" + std::to_string(random.pick(task.upstream));
      texts.insert(texts.end(), {in_text(text::kStatus, before), in_text(text::kOutput, before),
                                 in_text(text::kOutput, before)});
    }
  }
  return random.pick(texts);
}

void add_language(Random& random, Task& task) {
  if (random.one_in(2)) task.rule = static_cast<TriggerRule>(random.below(8));
  if (random.one_in(5)) task.when = make_condition(random, task);
  task.allow_failure = random.one_in(6);
  task.outputs = {"v"};
  if (random.one_in(4)) task.kill_grace_ms = random.between(1'000, 30'000);
  if (random.one_in(25)) {
    task.env = {{"X", text::kBad}};
  } else if (!task.upstream.empty() && random.one_in(5)) {
    const std::string before = "t" + std::to_string(random.pick(task.upstream));
    task.env = {{"X", in_text(text::kGiven, before)}};
  }
}

Task make_task(Random& random, std::uint32_t index) {
  Task task;
  task.id = "t" + std::to_string(index);
  task.image = random.one_in(20) ? kMissingImage : "image";
  task.command = {random.pick(kBehaviours)};
  task.timeout_ms = random.between(5'000, 60'000);
  task.retries.limit = static_cast<std::uint32_t>(random.below(3));
  task.retries.delay_ms = random.between(500, 12'000);
  task.retries.on = RetryOn{true, random.one_in(2), random.one_in(2), random.one_in(2)};
  for (std::uint32_t before = 0; before < index; ++before) {
    if (random.one_in(3)) task.upstream.push_back(before);
  }
  return task;
}

std::vector<std::uint32_t> make_starts(Random& random, const Pipeline& pipeline) {
  if (!random.one_in(4)) return {};
  return {static_cast<std::uint32_t>(random.below(pipeline.tasks.size()))};
}

void add_hooks(Random& random, Pipeline& pipeline) {
  for (const Hook hook : {Hook::kOnSuccess, Hook::kOnFailure, Hook::kOnCancel, Hook::kOnExit}) {
    if (!random.one_in(4)) continue;
    const auto first = static_cast<std::uint32_t>(pipeline.tasks.size());
    const std::uint64_t count = 1 + random.below(2);
    for (std::uint32_t i = 0; i < count; ++i) {
      Task task = make_task(random, first + i);
      task.upstream.clear();
      if (i > 0 && random.one_in(2)) task.upstream = {first};
      task.hook = hook;
      add_language(random, task);
      pipeline.tasks.push_back(std::move(task));
    }
  }
}

CronTrigger make_cron(Random& random, const Pipeline& pipeline) {
  auto schedule = CronSchedule::parse(random.pick(kSchedules).text, false);
  PAWL_ASSERT(schedule.ok());
  CronTrigger cron;
  cron.schedule = std::move(schedule).value();
  cron.catchup = random.pick(std::vector<Catchup>{Catchup::kNone, Catchup::kLatest, Catchup::kAll});
  if (random.one_in(3)) cron.deadline_ms = random.between(20'000, 600'000);
  cron.starts = make_starts(random, pipeline);
  return cron;
}

void add_triggers(Random& random, Pipeline& pipeline, const std::vector<std::string>& names) {
  if (random.one_in(2)) {
    pipeline.triggers.emplace_back(make_cron(random, pipeline));
    if (random.one_in(6)) pipeline.triggers.emplace_back(make_cron(random, pipeline));
  }
  if (random.one_in(3)) {
    const std::vector<UpstreamEnd> ends = {UpstreamEnd::kSuccess, UpstreamEnd::kFailure,
                                           UpstreamEnd::kCompletion};
    pipeline.triggers.emplace_back(PipelineTrigger{random.pick(names), random.pick(ends)});
  }
}

}  // namespace

std::vector<std::string> make_names(Random& random) {
  std::vector<std::string> names;
  const std::uint64_t count = 3 + random.below(6);
  for (std::uint64_t i = 0; i < count; ++i) names.push_back("p" + std::to_string(i));
  return names;
}

PipelinePtr make_pipeline(Random& random, const std::string& name,
                          const std::vector<std::string>& names, std::uint32_t revision) {
  Pipeline pipeline;
  pipeline.name = name;
  pipeline.origin = Origin{"fleet", name + ".yaml", 1, std::to_string(revision)};
  const std::uint64_t count = 1 + random.below(4);
  for (std::uint32_t i = 0; i < count; ++i) pipeline.tasks.push_back(make_task(random, i));
  if (random.one_in(2)) {
    for (Task& task : pipeline.tasks) add_language(random, task);
  }
  add_triggers(random, pipeline, names);
  if (random.one_in(3)) add_hooks(random, pipeline);
  if (random.one_in(2)) {
    const std::vector<OnConflict> rules = {OnConflict::kQueue, OnConflict::kSkip,
                                           OnConflict::kReplace};
    pipeline.concurrency =
        Concurrency{"g" + std::to_string(random.below(2)),
                    static_cast<std::uint32_t>(1 + random.below(3)), random.pick(rules)};
  }
  if (random.one_in(2)) {
    pipeline.priority = static_cast<std::uint32_t>(random.below(limits::kPriorityMax + 1));
  }
  if (random.one_in(3)) pipeline.timeout_ms = random.between(4'000, 90'000);
  if (random.one_in(10)) {
    pipeline.params.push_back(Param{kRequiredParam, ParamType::kString, {}, std::nullopt});
  }
  return std::make_shared<const Pipeline>(std::move(pipeline));
}

PipelinePtr make_small_pipeline(const std::string& name) {
  Pipeline pipeline;
  pipeline.name = name;
  pipeline.origin = Origin{"fleet", name + ".yaml", 1, "0"};
  Task task;
  task.id = "t0";
  task.image = "image";
  task.command = {behaviour::kOk};
  pipeline.tasks.push_back(std::move(task));
  return std::make_shared<const Pipeline>(std::move(pipeline));
}

bool has_frequent_ticks(const Pipeline& pipeline) {
  return std::any_of(
      pipeline.triggers.begin(), pipeline.triggers.end(), [](const Trigger& trigger) {
        const auto* cron = std::get_if<CronTrigger>(&trigger);
        return cron != nullptr &&
               std::any_of(kSchedules.begin(), kSchedules.end(), [&](const ScheduleText& known) {
                 return known.frequent && cron->schedule.expression() == known.text;
               });
      });
}

bool has_interval_ticks(const Pipeline& pipeline) {
  return std::any_of(pipeline.triggers.begin(), pipeline.triggers.end(),
                     [](const Trigger& trigger) {
                       const auto* cron = std::get_if<CronTrigger>(&trigger);
                       return cron != nullptr && cron->schedule.expression().starts_with("@every");
                     });
}

bool follows(const Pipeline& pipeline, const std::string& upstream, UpstreamEnd on) {
  return std::any_of(pipeline.triggers.begin(), pipeline.triggers.end(),
                     [&](const Trigger& trigger) {
                       const auto* follow = std::get_if<PipelineTrigger>(&trigger);
                       return follow != nullptr && follow->pipeline == upstream && follow->on == on;
                     });
}

}  // namespace pawl::sim
