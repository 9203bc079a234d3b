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
constexpr std::string_view kEventHeader = "x-github-event";
constexpr std::string_view kVerifiedProvider = "github";

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

Json host_json(const HostConfig& host) {
  Json labels = Json::object();
  for (const auto& [name, value] : host.labels) labels.set(name, value);
  Json json;
  json.set("name", host.host_name);
  json.set("labels", std::move(labels));
  return json;
}

// The sender is known, so it is told what does not fit.
Response refused_answer(const Error& error) {
  return error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kTooLarge
             ? problem(422, error.text())
             : problem(error);
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

Hooks::Hooks(Control& control, const HostConfig& host)
    : control_(control), host_(host_json(host)) {}

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
  // GitHub's question whether anybody is there, sent once when a hook is set up.
  if (request.header(kEventHeader) == "ping") return deliveries_answer({});
  std::optional<Error> refusal;
  PAWL_TRY(delivery.targets, find_targets(found->second, verified, request, refusal));
  std::vector<AcceptedRun> runs;
  if (!delivery.targets.empty()) {
    Result<std::vector<AcceptedRun>> accepted = control_.trigger_webhook(delivery);
    if (!accepted) return refused_answer(accepted.error());
    runs = std::move(accepted).value();
  }
  return refusal ? refused_answer(*refusal) : deliveries_answer(runs);
}

Result<std::vector<WebhookTarget>> Hooks::find_targets(const Path& path,
                                                       const std::vector<std::string>& verified,
                                                       const Request& request,
                                                       std::optional<Error>& refusal) {
  std::vector<const Listening*> asked;
  bool needs_payload = false;
  for (const Listening& listening : path.listening) {
    const bool is_verified =
        std::any_of(listening.secrets.begin(), listening.secrets.end(),
                    [&](const auto& name) { return contains(verified, name); });
    if (!is_verified || !listening.demands.covers_event(request.header(kEventHeader))) continue;
    asked.push_back(&listening);
    needs_payload = needs_payload || listening.demands.needs_payload();
  }
  std::unique_lock lock(payload_mutex_, std::defer_lock);
  ExpressionContext context;
  context.roots.set("host", host_);
  if (needs_payload) {
    lock.lock();
    PAWL_TRY(Json payload, parse_payload(request));
    context.roots.set("payload", std::move(payload));
  }
  std::vector<WebhookTarget> targets;
  for (const Listening* listening : asked) {
    if (!targets.empty() && targets.back().pipeline == listening->pipeline) continue;
    Result<std::optional<Variables>> params = listening->demands.judge(context);
    if (!params) {
      refusal = Error{params.error().kind,
                      "pipeline '" + listening->pipeline + "': " + params.error().text(), ""};
    } else if (*params) {
      targets.push_back({listening->pipeline, **std::move(params), listening->starts});
    }
  }
  return targets;
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

void Hooks::add_to(Index& index, const Pipeline& pipeline, const WebhookTrigger& trigger) {
  Result<WebhookDemands> demands = WebhookDemands::make(trigger);
  if (!demands) {
    log_warning("a webhook trigger is left out: its expressions cannot be read",
                {{"pipeline", pipeline.name}, {"error", demands.error().text()}});
    return;
  }
  Path& path = index.paths[trigger.path];
  path.listening.push_back(
      {pipeline.name, trigger.secrets, std::move(demands).value(), trigger.starts});
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
        if (webhook == nullptr || webhook->provider != kVerifiedProvider) continue;
        add_to(*index, *pipeline, *webhook);
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
