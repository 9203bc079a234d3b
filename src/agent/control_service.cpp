#include "agent/control_service.h"

#include "agent/secrets.h"
#include "base/digest.h"

namespace pawl {
namespace {

// Without a key every request is one of its own.
std::string key_of(const std::string& given) { return given.empty() ? random_hex(16) : given; }

}  // namespace

Result<Reply> ControlService::ask(RequestId request, Event event) {
  if (auto taken = parts_.loop.offer(std::move(event), limits::kReplyDeadlineMs); !taken) {
    parts_.replies.abandon(request);
    return std::move(taken).error();
  }
  PAWL_TRY(Reply reply, parts_.replies.wait(request, limits::kReplyDeadlineMs));
  if (reply.error) return std::move(*reply.error);
  return reply;
}

Result<AcceptedRun> ControlService::trigger_manual(const ManualRequest& request) {
  ManualTriggered manual;
  manual.request = parts_.replies.open();
  manual.target.pipeline = request.pipeline;
  manual.target.identities = {"manual:" + key_of(request.idempotency_key)};
  manual.target.params = request.params;
  manual.actor = request.actor;
  const RequestId id = manual.request;
  Event event;
  event.body = std::move(manual);
  PAWL_TRY(Reply reply, ask(id, std::move(event)));
  PAWL_ASSERT(!reply.runs.empty());
  return std::move(reply.runs.front());
}

Result<std::vector<AcceptedRun>> ControlService::trigger_webhook(const WebhookRequest& request) {
  WebhookReceived received;
  received.request = parts_.replies.open();
  std::vector<std::string> identities;
  // Not every sender signs its delivery id, so the body alone makes a delivery known as well.
  if (!request.delivery_id.empty()) {
    identities.push_back("webhook:" + request.path + ":id:" + request.delivery_id);
  }
  identities.push_back("webhook:" + request.path + ":body:" + hex(request.body_digest));
  for (const WebhookTarget& target : request.targets) {
    received.targets.push_back(
        TriggerTarget{target.pipeline, identities, {}, target.params, target.starts});
  }
  const RequestId id = received.request;
  Event event;
  event.body = std::move(received);
  PAWL_TRY(Reply reply, ask(id, std::move(event)));
  return std::move(reply.runs);
}

Result<void> ControlService::cancel(RunId run, const std::string& actor) {
  PAWL_TRY(const RunDetail detail, parts_.store.run(run));
  if (is_final(detail.run.status)) {
    return Error{ErrorKind::kConflict,
                 "run " + run.text() + " has ended already (" +
                     std::string(to_string(detail.run.status)) + ")",
                 {}};
  }
  CancelRequested cancel;
  cancel.request = parts_.replies.open();
  cancel.run = run;
  cancel.actor = actor;
  const RequestId id = cancel.request;
  Event event;
  event.body = std::move(cancel);
  PAWL_TRY([[maybe_unused]] const Reply reply, ask(id, std::move(event)));
  return {};
}

Result<AcceptedRun> ControlService::retry(const RetryRequest& request) {
  RetryRequested retry;
  PAWL_TRY(retry.original, parts_.store.run(request.run));
  PAWL_TRY(retry.definition, parts_.store.definition(retry.original.run.definition));
  retry.request = parts_.replies.open();
  retry.target =
      TriggerTarget{retry.original.run.pipeline, {"retry:" + key_of(request.idempotency_key)}, {}};
  retry.failed_only = request.failed_only;
  retry.actor = request.actor;
  const RequestId id = retry.request;
  Event event;
  event.body = std::move(retry);
  PAWL_TRY(Reply reply, ask(id, std::move(event)));
  PAWL_ASSERT(!reply.runs.empty());
  return std::move(reply.runs.front());
}

Result<void> ControlService::suspend(const std::string& pipeline, bool suspend,
                                     const std::string& actor) {
  const RequestId id = parts_.replies.open();
  Event event;
  event.body = SuspendRequested{id, pipeline, suspend, actor};
  PAWL_TRY([[maybe_unused]] const Reply reply, ask(id, std::move(event)));
  return {};
}

Result<SourceState> ControlService::sync(const std::string& source, bool wait) {
  return parts_.pullers.sync(source, wait);
}

std::shared_ptr<const AgentSnapshot> ControlService::snapshot() const {
  return parts_.published.get();
}

Result<std::string> ControlService::secret(const std::string& name) const {
  return read_secret_line(parts_.secrets_directory, name);
}

WallTime ControlService::now() const { return parts_.clock.wall(); }

ChangeBatch ControlService::wait_changes(std::uint64_t after, std::int64_t timeout_ms) {
  return parts_.changes.wait(after, timeout_ms);
}

}  // namespace pawl
