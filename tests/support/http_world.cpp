#include "support/http_world.h"

namespace pawl::test {
namespace {

Task make_task(const std::string& id, std::vector<std::uint32_t> upstream) {
  Task task;
  task.id = id;
  task.image = "alpine:3.20";
  task.command = {"sh", "-c", "echo " + id};
  task.upstream = std::move(upstream);
  task.cpus_milli = 500;
  return task;
}

Run make_run(std::uint64_t id, const Pipeline& pipeline, TriggerKind kind,
             const std::string& identity) {
  Run run;
  run.id = RunId{id};
  run.pipeline = pipeline.name;
  run.trigger.kind = kind;
  run.trigger.identity = identity;
  run.definition = content_hash(pipeline);
  run.revision = pipeline.origin.revision;
  run.created_at = at("12:00:00");
  return run;
}

TaskState make_state(std::uint64_t run, std::uint32_t index, Status status) {
  TaskState state;
  state.run = RunId{run};
  state.index = index;
  state.status = status;
  if (status != Status::kPending) {
    state.attempts = 1;
    state.started_at = at("12:00:01");
  }
  if (is_final(status)) state.ended_at = at("12:00:03");
  return state;
}

Attempt make_attempt(const AttemptKey& key, Status status) {
  Attempt attempt;
  attempt.key = key;
  attempt.status = status;
  attempt.container_id = "c0ffee";
  attempt.created_at = at("12:00:00");
  attempt.started_at = at("12:00:01");
  if (is_final(status)) {
    attempt.ended_at = at("12:00:03");
    attempt.exit_code = status == Status::kSuccess ? 0 : 1;
    if (status == Status::kFailed) attempt.reason = Reason::kExitCode;
  }
  return attempt;
}

void save_success(HttpWorld& world, const Pipeline& nightly) {
  Run run = make_run(1, nightly, TriggerKind::kCron, "2026-03-01T12:00:00.000Z");
  run.status = Status::kSuccess;
  run.trigger.scheduled_at = at("12:00:00");
  run.params = {{"level", "full"}};
  run.started_at = at("12:00:01");
  run.ended_at = at("12:00:03");
  world.save(SaveRun{run});
  for (std::uint32_t i = 0; i < 4; ++i) {
    TaskState state = make_state(1, i, Status::kSuccess);
    if (i == 1) state.attempts = 2;
    world.save(SaveTask{state});
    if (i == 1) world.save(SaveAttempt{make_attempt({run.id, i, 1}, Status::kFailed)});
    world.save(SaveAttempt{make_attempt({run.id, i, i == 1 ? 2u : 1u}, Status::kSuccess)});
  }
  world.append_log({run.id, 0, 1}, "fetched\n");
  world.append_log({run.id, 0, 1}, "careful\n", LogStream::kStderr);
  world.append_log({run.id, 1, 1}, "first try\n");
  world.append_log({run.id, 1, 2}, "second try\n");
}

void save_running(HttpWorld& world, const Pipeline& nightly) {
  Run run = make_run(2, nightly, TriggerKind::kManual, "key-1");
  run.status = Status::kRunning;
  run.trigger.actor = "local";
  run.started_at = at("11:59:58");
  world.save(SaveRun{run});
  for (std::uint32_t i = 0; i < 4; ++i) {
    world.save(SaveTask{make_state(2, i, i == 0 ? Status::kRunning : Status::kPending)});
  }
  world.save(SaveAttempt{make_attempt({run.id, 0, 1}, Status::kRunning)});
  world.append_log({run.id, 0, 1}, "one\n");
  world.append_log({run.id, 0, 1}, "two\n");
}

}  // namespace

WallTime at(const std::string& time) { return *parse_rfc3339("2026-03-01T" + time + "Z"); }

Pipeline make_nightly() {
  Pipeline pipeline;
  pipeline.name = "nightly";
  pipeline.description = "Dump and ship";
  auto schedule = CronSchedule::parse("0 2 * * *", false);
  auto zone = Zone::load("Europe/Berlin");
  PAWL_ASSERT(schedule.ok() && zone.ok());
  pipeline.triggers.emplace_back(CronTrigger{*schedule, *zone});
  pipeline.triggers.emplace_back(WebhookTrigger{"backup", {"hook"}});
  pipeline.params = {{"level", ParamType::kString, {"full", "delta"}, "full"}};
  pipeline.tasks = {make_task("fetch", {}), make_task("left", {0}), make_task("right", {0}),
                    make_task("join", {1, 2})};
  pipeline.origin = {"fleet", "nightly.yaml", 3, "c1"};
  return pipeline;
}

Pipeline make_tidy() {
  Pipeline pipeline;
  pipeline.name = "tidy";
  pipeline.triggers.emplace_back(WebhookTrigger{"backup", {"other-hook"}});
  pipeline.triggers.emplace_back(WebhookTrigger{"deploy/tidy", {"missing", "hook"}});
  pipeline.tasks = {make_task("sweep", {})};
  pipeline.origin = {"fleet", "tidy.yaml", 1, "c1"};
  return pipeline;
}

HttpWorld::HttpWorld() {
  const auto nightly = std::make_shared<const Pipeline>(make_nightly());
  const auto tidy = std::make_shared<const Pipeline>(make_tidy());
  SourceState source;
  source.name = "fleet";
  source.url = "https://git.example/fleet.git";
  source.revision = "c1";
  source.pulled_at = at("11:00:00");
  source.attempted_at = at("11:30:00");
  source.problems = {{"bad.yaml", 3, 7, "unknown key 'tsaks'; did you mean 'tasks'?"}};
  source.pipelines = 2;
  AgentSnapshot snapshot;
  snapshot.pipelines =
      std::make_shared<const std::vector<PipelinePtr>>(std::vector<PipelinePtr>{nightly, tidy});
  snapshot.sources = std::make_shared<const std::vector<SourceState>>(1, source);
  snapshot.host_name = "edge-01";
  snapshot.workers = 4;
  snapshot.slots_used = 1;
  snapshot.unfinished_runs = 2;
  snapshot.ready_tasks = 1;
  snapshot.started_at = at("10:00:00");
  snapshot.ready = true;
  snapshot.engine = {true, "20.10.24", "1.41", "", "docker"};
  control.publish(snapshot);
  control.set_secret("hook", kHookSecret);
  control.set_secret("other-hook", "another secret");

  save(SaveDefinition{nightly});
  save(SaveDefinition{tidy});
  save_success(*this, *nightly);
  save_running(*this, *nightly);
  Run pending = make_run(3, *tidy, TriggerKind::kWebhook, "delivery-1");
  save(SaveRun{pending});
  save(SaveTask{make_state(3, 0, Status::kPending)});
}

void HttpWorld::save(const Command& command) {
  auto transaction = store.begin();
  PAWL_ASSERT(transaction.ok() && (*transaction)->apply(command).ok() &&
              (*transaction)->commit().ok());
}

void HttpWorld::append_log(const AttemptKey& key, const std::string& text, LogStream stream) {
  log_time_ns_ += 1'000'000;
  auto transaction = store.begin();
  PAWL_ASSERT(transaction.ok() &&
              (*transaction)->append_log({key, {{stream, log_time_ns_, text}}}).ok() &&
              (*transaction)->commit().ok());
}

void HttpWorld::end_fetch(Status status) {
  save(SaveAttempt{make_attempt({RunId{2}, 0, 1}, status)});
  save(SaveTask{make_state(2, 0, status)});
}

}  // namespace pawl::test
