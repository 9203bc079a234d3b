#include "sim/simulation.h"

#include <memory>
#include <set>

#include "core/recovery.h"
#include "core/step.h"

namespace pawl::sim {
namespace {

const std::vector<std::string> kBehaviours = {"ok",   "ok",    "ok",   "ok",
                                              "fail", "flaky", "long", "oom"};

PipelinePtr make_pipeline(Random& random, const std::string& name) {
  Pipeline pipeline;
  pipeline.name = name;
  pipeline.origin = Origin{"fleet", name + ".yaml", 1, "c0ffee"};
  const std::size_t count = 1 + random.below(6);
  for (std::size_t i = 0; i < count; ++i) {
    Task task;
    task.id = "t" + std::to_string(i);
    task.image = random.one_in(15) ? "missing" : "image";
    task.command = {kBehaviours[random.below(kBehaviours.size())]};
    task.timeout_ms = static_cast<std::int64_t>(5'000 + random.below(60'000));
    task.retries.limit = static_cast<std::uint32_t>(random.below(3));
    task.retries.on = RetryOn{true, random.one_in(2), random.one_in(2), random.one_in(2)};
    for (std::uint32_t before = 0; before < i; ++before) {
      if (random.one_in(3)) task.upstream.push_back(before);
    }
    pipeline.tasks.push_back(std::move(task));
  }
  if (random.one_in(2)) {
    auto schedule = CronSchedule::parse("@every 40s", false);
    PAWL_ASSERT(schedule.ok());
    pipeline.triggers.emplace_back(CronTrigger{std::move(schedule).value(), Zone{}});
  }
  return std::make_shared<const Pipeline>(std::move(pipeline));
}

}  // namespace

Simulation::Simulation(std::uint64_t seed)
    : random_(seed), engine_(random_), workers_(engine_, random_) {
  slots_ = static_cast<std::uint32_t>(1 + random_.below(4));
}

SimulationResult Simulation::run() {
  start_agent();
  publish_pipelines();
  for (int i = 0; i < 150 && result_.violations.empty(); ++i) {
    inject_fault();
    round();
  }
  // Faults stop: everything must come to an end.
  faults_ = false;
  engine_.reachable = true;
  if (!state_) start_agent();
  for (int i = 0; i < 6'000 && result_.violations.empty(); ++i) {
    const bool answered = waiting_.empty();
    if (answered && state_->runs.empty() && workers_.idle() && events_.empty()) break;
    round();
  }
  check_end();
  result_.runs = store_.runs.size();
  for (const auto& [key, count] : engine_.starts) {
    result_.starts += static_cast<std::size_t>(count);
  }
  return std::move(result_);
}

void Simulation::publish_pipelines() {
  SourcePulled pulled;
  pulled.state.name = "fleet";
  pulled.state.revision = "c0ffee";
  for (const char* name : {"a", "b", "c"}) {
    pulled.files.push_back(
        SourceFile{std::string(name) + ".yaml", false, {make_pipeline(random_, name)}});
  }
  Event event;
  event.body = std::move(pulled);
  events_.push_back(std::move(event));
}

void Simulation::start_agent() {
  state_.emplace(CoreSettings{slots_});
  events_.clear();
  const StoredWorld world = store_.load();
  const Commands commands = recover(*state_, world, wall_, mono_);
  store_.apply(commands);

  // Recovery twice in a row changes nothing the second time.
  State again(CoreSettings{slots_});
  const StoredWorld stored = store_.load();
  for (const Command& command : recover(again, stored, wall_, mono_)) {
    if (!is_effect(command)) violate("the second recovery changed a record");
  }
  if (!carry_out(commands)) return;
  workers_.list(events_);
}

void Simulation::crash_agent() {
  ++result_.crashes;
  state_.reset();
  events_.clear();
  workers_.crash();
}

void Simulation::inject_fault() {
  if (random_.one_in(25)) crash_agent();
  if (random_.one_in(30)) engine_.reachable = !engine_.reachable;
  if (random_.one_in(60)) engine_.lose_one();
  if (random_.one_in(80)) {
    const std::int64_t jump = static_cast<std::int64_t>(random_.below(7'200'000)) - 3'600'000;
    wall_ = wall_.plus_ms(jump);
  }
}

void Simulation::pass_time() {
  const auto step = static_cast<std::int64_t>(random_.below(faults_ ? 3'000 : 8'000));
  wall_ = wall_.plus_ms(step);
  mono_ = mono_.plus_ms(step);
  engine_.advance(wall_, mono_);
}

void Simulation::make_requests() {
  if (faults_ && random_.one_in(6)) {
    Client client;
    const std::string name(1, static_cast<char>('a' + random_.below(3)));
    const std::string identity = "key-" + std::to_string(random_.below(40));
    client.webhook = random_.one_in(2);
    client.target = TriggerTarget{name, {identity}, {}};
    if (client.webhook) client.target.identities.push_back("body-" + identity);
    clients_.push_back(std::move(client));
    waiting_.emplace(++last_request_, clients_.size() - 1);
  }
  // Who has no answer asks again: crashes swallow requests and answers.
  for (const auto& [request, index] : waiting_) {
    if (!random_.one_in(3)) continue;
    Event event;
    const Client& client = clients_[index];
    if (client.webhook) {
      event.body = WebhookReceived{request, {client.target}};
    } else {
      event.body = ManualTriggered{request, client.target, {}, "sim"};
    }
    events_.push_back(std::move(event));
  }
  if (faults_ && random_.one_in(15) && !state_->runs.empty()) {
    auto run = state_->runs.begin();
    std::advance(run, static_cast<std::ptrdiff_t>(random_.below(state_->runs.size())));
    Event event;
    event.body = CancelRequested{0, run->first, "sim"};
    events_.push_back(std::move(event));
  }
}

void Simulation::round() {
  pass_time();
  if (!state_) {
    if (random_.one_in(3)) start_agent();
    return;
  }
  make_requests();
  // A scheduled pipeline would keep the end from coming: its ticks stop with the faults.
  if (!faults_) state_->ticks.clear();
  for (std::size_t i = 0; i < 4; ++i) workers_.advance(events_, wall_, mono_);
  if (events_.empty()) events_.emplace_back();
  std::size_t batch = 1 + random_.below(4);
  while (state_ && batch-- > 0 && !events_.empty()) {
    Event event = std::move(events_.front());
    events_.pop_front();
    handle(std::move(event));
  }
  check_always();
}

void Simulation::handle(Event event) {
  event.wall = wall_;
  event.mono = mono_;
  if (auto* manual = std::get_if<ManualTriggered>(&event.body)) {
    manual->target.existing = store_.find(manual->target);
  }
  if (auto* webhook = std::get_if<WebhookReceived>(&event.body)) {
    for (TriggerTarget& target : webhook->targets) target.existing = store_.find(target);
  }
  const Commands commands = step(*state_, event);
  if (faults_ && random_.one_in(60)) return crash_agent();  // before the commit
  store_.apply(commands);
  if (faults_ && random_.one_in(60)) return crash_agent();  // after it, before any effect
  carry_out(commands);
}

bool Simulation::carry_out(const Commands& commands) {
  for (const Command& command : commands) {
    if (faults_ && random_.one_in(200)) {
      crash_agent();
      return false;
    }
    if (const auto* order = std::get_if<RunAttempt>(&command)) {
      check_dispatch(*order);
      workers_.run(*order);
    } else if (const auto* signal = std::get_if<SignalAttempt>(&command)) {
      workers_.signal(*signal, wall_);
    } else if (const auto* removal = std::get_if<RemoveContainer>(&command)) {
      workers_.remove(*removal);
    } else if (const auto* reply = std::get_if<Reply>(&command)) {
      deliver(*reply);
    }
  }
  return true;
}

void Simulation::deliver(const Reply& reply) {
  const auto waiting = waiting_.find(reply.request);
  if (waiting == waiting_.end()) return;
  Client& client = clients_[waiting->second];
  if (reply.error) {
    client.refused = true;
  } else if (reply.runs.empty()) {
    violate("a trigger was answered without a run");
  } else {
    client.answer = reply.runs.front().run;
    if (!store_.runs.contains(*client.answer)) violate("a run was promised before its commit");
  }
  waiting_.erase(waiting);
}

void Simulation::check_dispatch(const RunAttempt& order) {
  const Attempt& attempt = store_.attempts[order.key];
  if (attempt.key != order.key) violate("an attempt was dispatched before its record");
  for (const std::uint32_t before : order.definition->tasks[order.key.task].upstream) {
    if (store_.tasks[{order.key.run, before}].status != Status::kSuccess) {
      violate("a task started before its upstream succeeded");
    }
  }
}

void Simulation::check_always() {
  for (std::string& what : store_.violations) violate(std::move(what));
  for (std::string& what : engine_.violations) violate(std::move(what));
  store_.violations.clear();
  engine_.violations.clear();
  if (!state_) return;
  if (state_->slots_used > slots_) violate("more slots used than workers");
  if (workers_.busy() > slots_) violate("more attempts under way than workers");
}

void Simulation::check_end() {
  check_always();
  if (!result_.violations.empty()) return;
  if (!waiting_.empty()) violate("a request was never answered");
  if (!state_->runs.empty()) violate("a run never ended");
  if (state_->slots_used != 0) violate("a slot leaked");
  if (!state_->timers.empty()) violate("a timer outlived its run");
  if (!engine_.containers.empty()) violate("a container was left behind");

  std::set<std::pair<std::string, std::string>> identities;
  for (const auto& [id, run] : store_.runs) {
    if (!is_final(run.status)) violate("run " + id.text() + " has no final status");
    if (!identities.emplace(run.pipeline, run.trigger.identity).second) {
      violate("trigger " + run.trigger.identity + " made two runs");
    }
  }
  for (const Client& client : clients_) {
    if (client.refused) continue;
    const auto first = store_.find(client.target);
    if (!client.answer || first != client.answer) violate("an answered trigger has another run");
  }
  for (const auto& [key, attempt] : store_.attempts) {
    const auto good = engine_.good_ends.find(key);
    const int good_ends = good == engine_.good_ends.end() ? 0 : good->second;
    const bool interfered = engine_.lost.contains(key);
    if (attempt.status == Status::kSuccess && (good_ends == 0 || (good_ends > 1 && !interfered))) {
      violate("an attempt is a success without one exit code 0");
    }
    if (!is_final(attempt.status)) violate("an attempt has no final status");
    if (attempt.reason == Reason::kLost && !interfered) {
      violate("an attempt is lost although its container was there");
    }
  }
}

}  // namespace pawl::sim
