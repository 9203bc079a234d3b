#include "http/api.h"

#include <algorithm>

#include "http/guard.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

Result<Json> parse_body(const std::string& body, const std::vector<std::string_view>& known) {
  if (body.empty()) return Json::object();
  Result<Json> json = Json::parse(body, limits::kJsonDepth);
  if (!json) return Error{ErrorKind::kInvalid, "the body is " + json.error().text(), ""};
  if (!json->is_object()) return Error{ErrorKind::kInvalid, "the body is no JSON object", ""};
  for (const auto& [name, value] : json->members()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    std::string message = "the body has an unknown member '" + name + "'";
    if (known.empty()) return Error{ErrorKind::kInvalid, message + "; it takes none", ""};
    message += "; known are:";
    for (std::string_view word : known) message.append(" ").append(word);
    return Error{ErrorKind::kInvalid, message, ""};
  }
  return json;
}

}  // namespace

void add_post(Router& router, std::string_view pattern, std::vector<std::string_view> known_query,
              std::vector<std::string_view> known_members, PostHandler handler) {
  router.add("POST", pattern, std::move(known_query),
             [known = std::move(known_members),
              handle = std::move(handler)](const Call& call) -> Result<Response> {
               if (!is_json(call.request.header("content-type"))) {
                 return problem(415, "send this with Content-Type: application/json");
               }
               PAWL_TRY(const Json body, parse_body(call.request.body, known));
               return handle(call, body);
             });
}

std::string actor_of(const Request& request) {
  if (request.peer.uid) return "uid " + std::to_string(*request.peer.uid);
  return "local";
}

Result<RunId> parse_run_id(const std::string& text) {
  if (const std::optional<RunId> id = RunId::parse(text)) return *id;
  return Error{ErrorKind::kNotFound, "there is no run '" + text + "'", ""};
}

PipelinePtr find_pipeline(const AgentSnapshot& snapshot, std::string_view name) {
  if (!snapshot.pipelines) return nullptr;
  const auto& pipelines = *snapshot.pipelines;
  const auto found = std::lower_bound(
      pipelines.begin(), pipelines.end(), name,
      [](const PipelinePtr& pipeline, std::string_view wanted) { return pipeline->name < wanted; });
  if (found == pipelines.end() || (*found)->name != name) return nullptr;
  return *found;
}

const Suspension* find_suspension(const AgentSnapshot& snapshot, const std::string& pipeline) {
  if (!snapshot.suspended) return nullptr;
  const auto found = snapshot.suspended->find(pipeline);
  return found == snapshot.suspended->end() ? nullptr : &found->second;
}

Result<std::string> idempotency_key(const Request& request) {
  if (!request.has_header("idempotency-key")) return std::string();
  const std::string_view key = request.header("idempotency-key");
  const bool is_visible =
      std::all_of(key.begin(), key.end(), [](char c) { return c > 0x20 && c < 0x7f; });
  if (key.empty() || key.size() > limits::kIdempotencyKeyBytes || !is_visible) {
    return Error{ErrorKind::kInvalid,
                 "the Idempotency-Key header takes one value of 1 to " +
                     std::to_string(limits::kIdempotencyKeyBytes) +
                     " visible ASCII characters without spaces",
                 ""};
  }
  return std::string(key);
}

Response accepted_response(const AcceptedRun& accepted) {
  Json json;
  json.set("run_id", accepted.run.text());
  json.set("pipeline", accepted.pipeline);
  json.set("duplicate", accepted.duplicate);
  return json_response(json, 202);
}

Result<std::optional<Run>> last_run(const StoreReader& store, const std::string& pipeline) {
  RunQuery query;
  query.pipeline = pipeline;
  query.limit = 1;
  PAWL_TRY(RunPage page, store.runs(query));
  if (page.runs.empty()) return std::optional<Run>();
  return std::optional<Run>(std::move(page.runs.front()));
}

}  // namespace pawl::http
