#include "http/hooks.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "http/steady_time.h"
#include "http/webhook.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

constexpr std::int64_t kWarnAgainMs = 60'000;

// The same words whatever was wrong: a sender who has the secret needs no more, one who has not gets
// no help.
Response unsigned_answer() {
  Response response = problem(401, "the X-Hub-Signature-256 header does not sign this body");
  response.headers.push_back({"WWW-Authenticate", "X-Hub-Signature-256"});
  return response;
}

bool contains(const std::vector<std::string>& list, const std::string& text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

Response deliveries_answer(const std::vector<AcceptedRun>& runs) {
  Json deliveries = Json::array();
  for (const AcceptedRun& run : runs) {
    Json delivery;
    delivery.set("pipeline", run.pipeline);
    delivery.set("run_id", run.run.text());
    delivery.set("duplicate", run.duplicate);
    deliveries.push(std::move(delivery));
  }
  Json json;
  json.set("run_id", runs.empty() ? Json() : Json(runs.front().run.text()));
  json.set("deliveries", std::move(deliveries));
  return json_response(json, runs.empty() ? 200 : 202);
}

}  // namespace

void Hooks::add_routes(Router& router) {
  // Senders may add a query of their own to the address.
  router.add("POST", "/hooks/{path...}", {Router::kAnyQuery},
             [this](const Call& call) { return receive(call); });
}

Result<Response> Hooks::receive(const Call& call) {
  const Request& request = call.request;
  const std::string& path = call.path_parameter("path");
  const std::shared_ptr<const Index> current = index();
  const auto found = current->paths.find(path);
  if (found == current->paths.end()) return problem(404, "no pipeline listens on this path");
  if (!is_webhook_content_type(request.header("content-type"))) {
    return problem(415, "send application/json or application/x-www-form-urlencoded");
  }
  const std::vector<std::string> verified = verifying_secrets(found->second, request);
  if (verified.empty()) return unsigned_answer();

  WebhookRequest delivery;
  delivery.path = path;
  PAWL_TRY(delivery.delivery_id, delivery_id(request));
  delivery.body_digest = sha256(request.body);
  for (const Listening& listening : found->second.listening) {
    const bool is_meant = std::any_of(listening.secrets.begin(), listening.secrets.end(),
                                      [&](const auto& name) { return contains(verified, name); });
    const bool is_known = std::any_of(
        delivery.targets.begin(), delivery.targets.end(),
        [&](const WebhookTarget& target) { return target.pipeline == listening.pipeline; });
    if (is_meant && !is_known) delivery.targets.push_back({listening.pipeline});
  }
  // GitHub's question whether anybody is there, sent once when a hook is set up.
  if (request.header("x-github-event") == "ping") return deliveries_answer({});
  PAWL_TRY(const std::vector<AcceptedRun> runs, control_.trigger_webhook(delivery));
  return deliveries_answer(runs);
}

std::vector<std::string> Hooks::verifying_secrets(const Path& path, const Request& request) {
  const std::optional<Sha256> claimed =
      claimed_digest(request.header_values("x-hub-signature-256"));
  if (!claimed) return {};
  std::vector<std::string> verified;
  for (const std::string& name : path.secrets) {
    const Result<std::string> secret = control_.secret(name);
    if (!secret) {
      warn_of_secret(name, secret.error());
    } else if (is_signed_by(*secret, request.body, *claimed)) {
      verified.push_back(name);
    }
  }
  return verified;
}

void Hooks::add_to(Path& path, const Pipeline& pipeline, const WebhookTrigger& trigger) {
  path.listening.push_back({pipeline.name, trigger.secrets});
  for (const std::string& name : trigger.secrets) {
    if (contains(path.secrets, name)) continue;
    if (path.secrets.size() < limits::kWebhookSecretsPerPath) {
      path.secrets.push_back(name);
    } else {
      log_warning("too many secrets on one webhook path: one is never tried; use another path",
                  {{"path", trigger.path}, {"secret", name}, {"pipeline", pipeline.name}});
    }
  }
}

std::shared_ptr<const Hooks::Index> Hooks::index() {
  const auto pipelines = control_.snapshot()->pipelines;
  std::lock_guard lock(mutex_);
  if (index_ && index_->pipelines == pipelines) return index_;
  auto index = std::make_shared<Index>();
  index->pipelines = pipelines;
  if (pipelines) {
    for (const PipelinePtr& pipeline : *pipelines) {
      for (const Trigger& trigger : pipeline->triggers) {
        const auto* webhook = std::get_if<WebhookTrigger>(&trigger);
        if (webhook == nullptr) continue;
        add_to(index->paths[webhook->path], *pipeline, *webhook);
      }
    }
  }
  index_ = std::move(index);
  return index_;
}

// The sender only learns that it was refused; the operator must learn why. Once a minute, since
// strangers can cause it.
void Hooks::warn_of_secret(const std::string& name, const Error& error) {
  const std::int64_t now_ms = steady_ms();
  {
    std::lock_guard lock(mutex_);
    const auto known = warned_ms_.find(name);
    if (known != warned_ms_.end() && now_ms - known->second < kWarnAgainMs) return;
    if (known == warned_ms_.end() && warned_ms_.size() >= limits::kPipelines) return;
    warned_ms_[name] = now_ms;
  }
  log_warning("a webhook cannot be verified: its secret cannot be read",
              {{"secret", name}, {"error", error.text()}});
}

}  // namespace pawl::http
