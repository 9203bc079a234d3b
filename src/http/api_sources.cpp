#include "http/api.h"
#include "http/json_views.h"
#include "http/query_value.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

Result<Response> list_sources(const Api& api) {
  const auto snapshot = api.control.snapshot();
  Json list = Json::array();
  if (snapshot->sources) {
    for (const SourceState& source : *snapshot->sources) list.push(source_json(source));
  }
  return json_response(Json().set("sources", std::move(list)));
}

bool has_source(const AgentSnapshot& snapshot, const std::string& name) {
  if (!snapshot.sources) return false;
  for (const SourceState& source : *snapshot.sources) {
    if (source.name == name) return true;
  }
  return false;
}

Result<Response> sync_source(Api& api, const Call& call) {
  const std::string& name = call.path_parameter("name");
  PAWL_TRY(const bool wait, query_flag(call, "wait", false));
  const auto snapshot = api.control.snapshot();
  if (!has_source(*snapshot, name)) {
    return Error{ErrorKind::kNotFound, "there is no source '" + name + "'", ""};
  }
  if (!wait) {
    PAWL_TRY(const SourceState source, api.control.sync(name, false));
    return json_response(source_json(source), 202);
  }
  // Each holds a thread until the pull has ended.
  if (api.waiting_pulls.fetch_add(1) >= limits::kWaitingPulls) {
    --api.waiting_pulls;
    return Error{ErrorKind::kExhausted, "too many requests wait for a pull already", ""};
  }
  const Result<SourceState> source = api.control.sync(name, true);
  --api.waiting_pulls;
  // Whatever the remote's trouble is, it is not this request's: no 403 or 404 of ours.
  if (!source) return problem(503, source.error().text());
  return json_response(source_json(*source));
}

}  // namespace

void add_source_routes(Router& router, Api& api) {
  router.add("GET", "/api/v1/sources", {}, [&api](const Call&) { return list_sources(api); });
  add_post(router, "/api/v1/sources/{name}/sync", {"wait"}, {},
           [&api](const Call& call, const Json&) { return sync_source(api, call); });
}

}  // namespace pawl::http
