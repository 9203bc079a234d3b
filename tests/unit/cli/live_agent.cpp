#include "live_agent.h"

#include <doctest/doctest.h>

#include <utility>

#include "config/pipeline_loader.h"

namespace pawl::cli {
namespace {

const char* const kPipeline = R"(name: nightly-backup
description: Dump and ship the database
triggers:
  - cron: "0 2 * * *"
    timezone: Europe/Berlin
  - cron: "*/30 * * * *"
params:
  - {name: level, type: string, enum: [full, delta], default: delta}
tasks:
  - id: ship
    image: alpine:3.20
    command: ["true"]
    depends_on: [dump]
  - id: dump
    image: alpine:3.20
    command: ["true"]
)";
constexpr std::uint32_t kShip = 0;
constexpr std::uint32_t kDump = 1;

PipelinePtr load_pipeline() {
  HostConfig host;
  host.policy.images = {"*"};
  PipelineFileResult loaded =
      parse_pipeline_file(kPipeline, {"fleet", "nightly-backup.yaml", 0, "0123456789abcdef"}, host);
  for (const Problem& problem : loaded.problems) MESSAGE(problem.text());
  REQUIRE(loaded.pipelines.size() == 1);
  return std::make_shared<const Pipeline>(std::move(loaded.pipelines.front()));
}

SourceState source(const std::string& name, const std::string& error) {
  SourceState state;
  state.name = name;
  state.url = "/srv/" + name + ".git";
  state.error = error;
  state.attempted_at = kTestNow.plus_ms(-30'000);
  if (error.empty()) {
    state.revision = "0123456789abcdef";
    state.pulled_at = state.attempted_at;
    state.pipelines = 1;
  }
  return state;
}

// Of nine seconds each: dump hardly uses its CPU, ship is held back by its cap.
ResourceUsage usage_of(std::uint32_t task) {
  constexpr std::int64_t kMib = 1 << 20;
  return task == kDump ? ResourceUsage{61 * kMib, 900, 0} : ResourceUsage{120 * kMib, 8'000, 4'000};
}

void save_attempt(StoreTransaction& transaction, RunId run, std::uint32_t task,
                  std::uint32_t number, Status status) {
  Attempt attempt;
  attempt.key = {run, task, number};
  attempt.status = status;
  attempt.reason = status == Status::kFailed ? Reason::kExitCode : Reason::kNone;
  if (is_final(status)) {
    attempt.exit_code = status == Status::kFailed ? 3 : 0;
    attempt.usage = usage_of(task);
  }
  attempt.created_at = kTestNow.plus_ms(-60'000);
  attempt.started_at = kTestNow.plus_ms(-59'000);
  if (is_final(status)) attempt.ended_at = kTestNow.plus_ms(-50'000);
  REQUIRE(transaction.apply(SaveAttempt{attempt}));
}

void save_task(StoreTransaction& transaction, RunId run, std::uint32_t index, Status status,
               std::uint32_t attempts) {
  TaskState task;
  task.run = run;
  task.index = index;
  task.status = status;
  task.attempts = attempts;
  if (attempts > 0) task.started_at = kTestNow.plus_ms(-59'000);
  if (attempts > 0 && is_final(status)) task.ended_at = kTestNow.plus_ms(-50'000);
  REQUIRE(transaction.apply(SaveTask{task}));
}

void save_log(StoreTransaction& transaction, RunId run, std::uint32_t task, std::uint32_t attempt,
              std::vector<std::string> lines) {
  LogChunk chunk;
  chunk.key = {run, task, attempt};
  std::int64_t time_ns = (kTestNow.ms - 55'000) * 1'000'000;
  for (std::string& line : lines) {
    chunk.records.push_back({LogStream::kStdout, time_ns += 1'000'000, std::move(line)});
  }
  REQUIRE(transaction.append_log(chunk));
}

}  // namespace

LiveAgent::LiveAgent() {
  const std::string state = directory_.path() + "/state";
  const std::string socket = directory_.path() + "/pawl.sock";
  config_ =
      directory_.write("pawl.yaml", "state: {directory: " + state + "}\nhttp: {socket: " + socket +
                                        "}\npolicy: {images: [\"alpine:*\"]}\n");
  directory_.write("pipelines/nightly-backup.yaml", kPipeline);
  pipeline_ = load_pipeline();
  sources_ = {source("fleet", ""), source("down", "cannot connect")};
  sources_[0].elsewhere = {
      {"deploy", "deploy.yaml", 7, "hosts.names is for core-*; this host is edge-01"},
      {"hungry", "hungry.yaml", 1, "task 'eat' asks for memory 8g, policy.max.memory is 1g", true}};
  Result<std::unique_ptr<Store>> store = open_store({.directory = state});
  REQUIRE(store);
  store_ = std::move(*store);
  save_run(RunId{42}, Status::kFailed, nullptr, {{"level", "delta"}});
  save_run(RunId{43}, Status::kRunning, nullptr, {{"level", "delta"}});
  last_run_ = 43;
  HostConfig host;
  host.policy.images = {"alpine:*"};
  host.http_socket = socket;
  host.http_listen = "127.0.0.1:0";
  host.webhooks_listen = "127.0.0.1:0";
  Result<std::unique_ptr<HttpServers>> servers = HttpServers::start(host, *this, *store_);
  REQUIRE(servers);
  servers_ = std::move(*servers);
}

LiveAgent::~LiveAgent() { stop(); }

void LiveAgent::stop() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
  servers_.reset();
  store_.reset();
}

Outcome LiveAgent::invoke(const std::vector<std::string>& arguments) const {
  InvokeOptions options;
  options.default_config = config_;
  return cli::invoke(arguments, options);
}

Outcome LiveAgent::invoke_over_tcp(const std::vector<std::string>& arguments) const {
  return cli::invoke(arguments, {.server = "127.0.0.1:" + std::to_string(servers_->http_port())});
}

void LiveAgent::save_run(RunId id, Status status, const TriggerInfo* trigger,
                         const Variables& params) {
  Result<std::unique_ptr<StoreTransaction>> begun = store_->begin();
  REQUIRE(begun);
  StoreTransaction& transaction = **begun;
  REQUIRE(transaction.apply(SaveDefinition{pipeline_}));
  Run run;
  run.id = id;
  run.pipeline = pipeline_->name;
  run.status = status;
  run.trigger.identity = "identity-" + id.text();
  run.params = params;
  if (trigger != nullptr) {
    run.trigger = *trigger;
    REQUIRE(transaction.apply(SaveTrigger{run.pipeline, run.trigger.identity, id}));
  } else if (status == Status::kFailed) {
    run.trigger.kind = TriggerKind::kCron;
    run.trigger.scheduled_at = kTestNow.plus_ms(-60'000);
    run.reason = Reason::kExitCode;
    run.message = "task 'ship' failed";
  }
  run.definition = content_hash(*pipeline_);
  run.revision = pipeline_->origin.revision;
  run.created_at = kTestNow.plus_ms(-60'000);
  run.started_at = kTestNow.plus_ms(-59'000);
  if (is_final(status)) run.ended_at = kTestNow.plus_ms(-50'000);
  REQUIRE(transaction.apply(SaveRun{run}));
  const bool is_held = !is_final(status);
  save_task(transaction, id, kDump, is_held ? Status::kRunning : Status::kSuccess, is_held ? 1 : 2);
  save_attempt(transaction, id, kDump, 1, is_held ? Status::kRunning : Status::kFailed);
  save_log(transaction, id, kDump, 1, {"dumping\n", "half a "});
  if (is_held) {
    save_task(transaction, id, kShip, Status::kPending, 0);
  } else {
    save_attempt(transaction, id, kDump, 2, Status::kSuccess);
    save_log(transaction, id, kDump, 2,
             {"again\n",
              "d\xff"
              "ne\n"});
    save_task(transaction, id, kShip, status, 1);
    save_attempt(transaction, id, kShip, 1, status);
    save_log(transaction, id, kShip, 1, {"shipping\n"});
  }
  REQUIRE(transaction.commit());
}

void LiveAgent::finish_run(RunId run) {
  {
    const std::lock_guard lock(store_mutex_);
    Result<RunDetail> detail = store_->run(run);
    REQUIRE(detail);
    Result<std::unique_ptr<StoreTransaction>> begun = store_->begin();
    REQUIRE(begun);
    StoreTransaction& transaction = **begun;
    detail->run.status = Status::kSuccess;
    detail->run.ended_at = kTestNow;
    save_log(transaction, run, kDump, 1, {"line\n", "dumped\n"});
    save_attempt(transaction, run, kDump, 1, Status::kSuccess);
    save_task(transaction, run, kDump, Status::kSuccess, 1);
    save_attempt(transaction, run, kShip, 1, Status::kSuccess);
    save_log(transaction, run, kShip, 1, {"shipped"});
    save_task(transaction, run, kShip, Status::kSuccess, 1);
    REQUIRE(transaction.apply(SaveRun{detail->run}));
    REQUIRE(transaction.commit());
  }
  Change change;
  change.run = run;
  change.status = Status::kSuccess;
  publish(change);
}

void LiveAgent::on_look(int count, std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  looks_left_ = count;
  look_action_ = std::move(action);
}

void LiveAgent::on_wait(std::function<void()> action) {
  const std::lock_guard lock(mutex_);
  wait_action_ = std::move(action);
}

void LiveAgent::publish(const Change& change) {
  {
    const std::lock_guard lock(mutex_);
    changes_.push_back(change);
    changes_.back().sequence = changes_.size() + 1;
  }
  changed_.notify_all();
}

Result<AcceptedRun> LiveAgent::trigger_manual(const ManualRequest& request) {
  if (request.pipeline != pipeline_->name) {
    return Error{ErrorKind::kNotFound, "there is no pipeline '" + request.pipeline + "'", ""};
  }
  PAWL_TRY(const Variables params, resolve_params(*pipeline_, request.params));
  TriggerInfo trigger;
  trigger.identity = request.idempotency_key;
  trigger.actor = request.actor;
  return accept(trigger, params);
}

Result<AcceptedRun> LiveAgent::accept(const TriggerInfo& trigger, const Variables& params) {
  const std::lock_guard lock(store_mutex_);
  {
    PAWL_TRY(const std::unique_ptr<StoreTransaction> transaction, store_->begin());
    PAWL_TRY(const std::optional<RunId> known,
             transaction->find_trigger(pipeline_->name, trigger.identity));
    if (known) return AcceptedRun{pipeline_->name, *known, true};
  }
  const RunId id{++last_run_};
  save_run(id, hold_runs_ ? Status::kRunning : Status::kSuccess, &trigger, params);
  return AcceptedRun{pipeline_->name, id, false};
}

Result<std::vector<AcceptedRun>> LiveAgent::trigger_webhook(const WebhookRequest&) {
  return Error{ErrorKind::kUnavailable, "no webhooks here", ""};
}

Result<AcceptedRun> LiveAgent::retry(const RetryRequest& request) {
  PAWL_TRY(const RunDetail detail, store_->run(request.run));
  if (!is_final(detail.run.status)) {
    return Error{ErrorKind::kConflict, "run " + request.run.text() + " has not ended", ""};
  }
  if (request.failed_only && detail.run.status == Status::kSuccess) {
    return Error{ErrorKind::kConflict, "nothing failed in run " + request.run.text(), ""};
  }
  TriggerInfo trigger;
  trigger.kind = TriggerKind::kRetry;
  trigger.identity = request.idempotency_key;
  trigger.actor = request.actor;
  trigger.parent = request.run;
  return accept(trigger, detail.run.params);
}

Result<void> LiveAgent::suspend(const std::string& pipeline, bool suspend,
                                const std::string& actor) {
  if (pipeline != pipeline_->name) {
    return Error{ErrorKind::kNotFound, "there is no pipeline '" + pipeline + "'", ""};
  }
  const std::lock_guard lock(mutex_);
  if (!suspend) {
    suspended_.erase(pipeline);
  } else {
    suspended_.emplace(pipeline, Suspension{kTestNow.plus_ms(-60'000), actor});
  }
  return {};
}

Result<void> LiveAgent::cancel(RunId run, const std::string&) {
  PAWL_TRY(const RunDetail detail, store_->run(run));
  if (is_final(detail.run.status)) {
    return Error{ErrorKind::kConflict, "run " + run.text() + " has ended", ""};
  }
  return {};
}

Result<SourceState> LiveAgent::sync(const std::string& name, bool wait) {
  for (const SourceState& state : sources_) {
    if (state.name != name) continue;
    if (wait && !state.error.empty()) return Error{ErrorKind::kUnavailable, state.error, ""};
    return state;
  }
  return Error{ErrorKind::kNotFound, "there is no source '" + name + "'", ""};
}

std::shared_ptr<const AgentSnapshot> LiveAgent::snapshot() const {
  auto snapshot = std::make_shared<AgentSnapshot>();
  snapshot->pipelines =
      std::make_shared<const std::vector<PipelinePtr>>(std::vector<PipelinePtr>{pipeline_});
  snapshot->sources = std::make_shared<const std::vector<SourceState>>(sources_);
  {
    const std::lock_guard lock(mutex_);
    snapshot->suspended = std::make_shared<const std::map<std::string, Suspension>>(suspended_);
  }
  snapshot->host_name = "edge-01";
  snapshot->workers = 4;
  snapshot->slots_used = 1;
  snapshot->unfinished_runs = 1;
  snapshot->started_at = kTestNow.plus_ms(-3'600'000);
  snapshot->ready = true;
  snapshot->engine = {true, "20.10.24", "1.41", "", "docker"};
  constexpr std::int64_t kMib = 1 << 20;
  snapshot->disk = {kTestNow.plus_ms(-60'000), 12 * kMib, 340 * kMib, 1024 * kMib, 2048 * kMib};
  return snapshot;
}

Result<std::string> LiveAgent::secret(const std::string& name) const {
  return Error{ErrorKind::kNotFound, "no secret '" + name + "'", ""};
}

WallTime LiveAgent::now() const {
  std::function<void()> action;
  {
    const std::lock_guard lock(mutex_);
    if (looks_left_ > 0 && --looks_left_ == 0) action = std::exchange(look_action_, {});
  }
  if (action) action();
  return kTestNow;
}

ChangeBatch LiveAgent::wait_changes(std::uint64_t after, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  ChangeBatch batch;
  batch.next = changes_.size() + 1;  // sequences start at 2, so that none is 0 or "nothing yet"
  if (after == 0) return batch;
  if (const std::function<void()> action = std::exchange(wait_action_, {})) {
    lock.unlock();
    action();
    lock.lock();
  }
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [&] { return closed_ || changes_.size() + 1 > after; });
  for (const Change& change : changes_) {
    if (change.sequence > after) batch.changes.push_back(change);
  }
  batch.next = changes_.size() + 1;
  batch.closed = closed_;
  return batch;
}

}  // namespace pawl::cli
