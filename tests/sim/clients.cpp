#include "sim/clients.h"

#include <iterator>
#include <utility>

#include "sim/world.h"

namespace pawl::sim {

void Clients::add(Event event) {
  const RequestId request = ++last_request_;
  std::visit(
      [&](auto& body) {
        if constexpr (requires { body.request; }) body.request = request;
      },
      event.body);
  clients_[request].request = std::move(event);
  waiting_[request] = life_.clock.true_ms();
}

void Clients::add_trigger() {
  // Few enough keys for some to come twice.
  const std::string key = std::to_string(life_.random.below(60));
  Event event;
  if (life_.random.one_in(2)) {
    Variables params;
    if (life_.random.one_in(3)) params.emplace_back(kRequiredParam, "1");
    const TriggerTarget target{life_.random.pick(names_), {"manual:" + key}, {}, params};
    event.body = ManualTriggered{0, target, "ann"};
  } else {
    WebhookReceived webhook;
    for (const std::string& name : names_) {
      if (!life_.random.one_in(names_.size())) continue;
      TriggerTarget target{name, {"delivery:" + key, "body:" + key}, {}};
      const auto pipeline = store_.pipelines.find(name);
      if (pipeline != store_.pipelines.end() && life_.random.one_in(4)) target.starts = {0};
      if (life_.random.one_in(3)) target.params.emplace_back(kRequiredParam, "1");
      webhook.targets.push_back(std::move(target));
    }
    if (webhook.targets.empty()) return;
    event.body = std::move(webhook);
  }
  add(std::move(event));
}

void Clients::add_retry() {
  if (store_.runs.empty()) return;
  auto run = store_.runs.begin();
  std::advance(run, static_cast<std::ptrdiff_t>(life_.random.below(store_.runs.size())));
  if (!is_final(run->second.run.status)) return;
  RetryRequested retry;
  const std::string key = "retry:" + std::to_string(life_.random.below(1'000));
  retry.target = TriggerTarget{run->second.run.pipeline, {key}, {}};
  retry.original = store_.detail(run->first);
  retry.definition = run->second.definition;
  retry.failed_only = life_.random.one_in(2);
  retry.actor = "ann";
  Event event;
  event.body = std::move(retry);
  add(std::move(event));
}

void Clients::add_cancel() {
  if (store_.unfinished.empty()) return;
  auto run = store_.unfinished.begin();
  std::advance(run, static_cast<std::ptrdiff_t>(life_.random.below(store_.unfinished.size())));
  Event event;
  event.body = CancelRequested{0, *run, "ann"};
  add(std::move(event));
}

void Clients::suspend(const std::string& pipeline, bool suspend) {
  Event event;
  event.body = SuspendRequested{0, pipeline, suspend, "ann"};
  add(std::move(event));
}

void Clients::add_someone() {
  if (life_.random.one_in(6)) add_trigger();
  if (life_.random.one_in(20)) add_cancel();
  if (life_.random.one_in(20)) add_retry();
  if (life_.random.one_in(30)) suspend(life_.random.pick(names_), life_.random.one_in(2));
}

void Clients::flood(const std::string& pipeline, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    Event event;
    event.body =
        ManualTriggered{0, TriggerTarget{pipeline, {"flood:" + std::to_string(i)}, {}}, "ann"};
    add(std::move(event));
  }
}

void Clients::ask(std::deque<Event>& events) {
  if (life_.faults) add_someone();
  for (auto& [request, at_ms] : waiting_) {
    if (at_ms > life_.clock.true_ms()) continue;
    at_ms = life_.clock.true_ms() + life_.random.between(1'000, 20'000);
    events.push_back(clients_.at(request).request);
  }
}

std::optional<std::int64_t> Clients::next_ask() const {
  std::optional<std::int64_t> next;
  for (const auto& [request, at_ms] : waiting_) {
    if (!next || at_ms < *next) next = at_ms;
  }
  return next;
}

std::vector<TriggerTarget> Clients::targets_of(const Event& event) {
  if (const auto* manual = std::get_if<ManualTriggered>(&event.body)) return {manual->target};
  if (const auto* retry = std::get_if<RetryRequested>(&event.body)) return {retry->target};
  if (const auto* webhook = std::get_if<WebhookReceived>(&event.body)) return webhook->targets;
  return {};
}

void Clients::on_reply(const Reply& reply) {
  if (!waiting_.contains(reply.request)) return;
  Client& client = clients_.at(reply.request);
  // Too much to do, or a store that takes nothing: a later try may find it otherwise.
  if (reply.error && reply.error->kind == ErrorKind::kExhausted) return;
  if (reply.error) {
    client.refused = true;
  } else {
    for (const AcceptedRun& accepted : reply.runs) client.answers[accepted.pipeline] = accepted.run;
    for (const TriggerTarget& target : targets_of(client.request)) {
      if (!client.answers.contains(target.pipeline)) {
        life_.violate("a trigger of " + target.pipeline + " was answered without a run");
      }
    }
  }
  waiting_.erase(reply.request);
}

void Clients::check_end() {
  if (!waiting_.empty()) life_.violate("a request was never answered");
  for (const auto& [request, client] : clients_) {
    if (client.refused) continue;
    for (const TriggerTarget& target : targets_of(client.request)) {
      const auto answer = client.answers.find(target.pipeline);
      for (const std::string& identity : target.identities) {
        const auto run = store_.find(target.pipeline, identity);
        if (!run || answer == client.answers.end() || *run != answer->second) {
          life_.violate("an accepted trigger of " + target.pipeline + " has another run, or none");
        }
      }
    }
  }
}

}  // namespace pawl::sim
