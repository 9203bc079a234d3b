// Pipelines that use every member of the model, with values that are no defaults.
#pragma once

#include <utility>

#include "model/pipeline.h"

namespace pawl {

inline Task sample_task(std::string id, std::vector<std::uint32_t> upstream) {
  Task task;
  task.id = std::move(id);
  task.image = "registry.local/tool:1";
  task.command = {"sh", "-c", "echo \"hi\"\n"};
  task.upstream = std::move(upstream);
  task.env = {{"Z", "last first"}, {"A", "gr\xc3\xbc\xc3\x9f"}, {"EMPTY", ""}};
  task.cpus_milli = 250;
  task.memory_bytes = 64LL * 1024 * 1024;
  task.pids = 17;
  task.timeout_ms = 12'345;
  task.retries.limit = 3;
  task.retries.delay_ms = 1'000;
  task.retries.backoff_percent = 150;
  task.retries.max_delay_ms = 60'000;
  task.retries.on = RetryOn{false, true, true, false};
  task.network = "bridge";
  task.user = "1000:1000";
  task.read_only = false;
  return task;
}

// Of the first version's members only: its hash is fixed.
inline Pipeline sample_pipeline() {
  Pipeline pipeline;
  pipeline.name = "nightly-backup";
  pipeline.title = "Nightly Backup!";
  pipeline.description = "Dump and ship the database";
  pipeline.triggers.emplace_back(CronTrigger{CronSchedule::parse("*/5 0 2 * * MON", true).value(),
                                             Zone::load("Europe/Berlin").value()});
  pipeline.triggers.emplace_back(
      CronTrigger{CronSchedule::parse("@every 90s", true).value(), Zone()});
  pipeline.triggers.emplace_back(WebhookTrigger{"deploy/main", {"deploy-hook", "old-hook"}});
  pipeline.params = {
      Param{"level", ParamType::kString, {"full", "delta"}, "delta"},
      Param{"count", ParamType::kInteger, {}, std::nullopt},
      Param{"ratio", ParamType::kNumber, {}, "0.5"},
      Param{"dry", ParamType::kBoolean, {}, ""},
  };
  pipeline.tasks = {sample_task("ship", {1}), sample_task("dump", {}),
                    sample_task("report", {0, 1})};
  pipeline.tasks.push_back(Task{});
  pipeline.tasks.back().id = "plain";
  pipeline.origin =
      Origin{"fleet", "pipelines/backup.yaml", 12, "36189b36023cbd061d00c7f1b2fa79e2"};
  return pipeline;
}

// The sample, with the members that the first version did not have.
inline Pipeline later_sample_pipeline() {
  Pipeline pipeline = sample_pipeline();
  std::get<CronTrigger>(pipeline.triggers[0]).catchup = Catchup::kAll;
  std::get<CronTrigger>(pipeline.triggers[0]).deadline_ms = 3'600'000;
  std::get<CronTrigger>(pipeline.triggers[1]).catchup = Catchup::kNone;
  pipeline.triggers.emplace_back(PipelineTrigger{"build", UpstreamEnd::kSuccess});
  pipeline.triggers.emplace_back(PipelineTrigger{"build", UpstreamEnd::kFailure});
  pipeline.triggers.emplace_back(PipelineTrigger{"test", UpstreamEnd::kCompletion});
  pipeline.concurrency = Concurrency{"db", 3, OnConflict::kReplace};
  pipeline.priority = 9;
  pipeline.timeout_ms = 7'200'000;
  return pipeline;
}

inline bool equal(const Pipeline& a, const Pipeline& b) {
  return a.name == b.name && a.title == b.title && a.description == b.description &&
         a.triggers == b.triggers && a.params == b.params && a.tasks == b.tasks &&
         a.concurrency == b.concurrency && a.priority == b.priority &&
         a.timeout_ms == b.timeout_ms && a.origin == b.origin;
}

}  // namespace pawl
