#include "http/api.h"
#include "http/explain_view.h"
#include "http/json_views.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

Error no_pipeline(const std::string& name) {
  return Error{ErrorKind::kNotFound, "there is no pipeline '" + name + "'", ""};
}

Result<Response> list_pipelines(const Api& api) {
  const auto snapshot = api.control.snapshot();
  const WallTime now = api.control.now();
  Json list = Json::array();
  if (snapshot->pipelines) {
    for (const PipelinePtr& pipeline : *snapshot->pipelines) {
      PAWL_TRY(const std::optional<Run> last, last_run(api.store, pipeline->name));
      const PipelineStanding standing{last ? &*last : nullptr,
                                      find_suspension(*snapshot, pipeline->name)};
      list.push(pipeline_summary_json(*pipeline, standing, now));
    }
  }
  return json_response(Json().set("pipelines", std::move(list)));
}

Result<Response> show_pipeline(const Api& api, const Call& call) {
  const std::string& name = call.path_parameter("name");
  const auto snapshot = api.control.snapshot();
  const PipelinePtr pipeline = find_pipeline(*snapshot, name);
  if (!pipeline) return no_pipeline(name);
  PAWL_TRY(const std::optional<Run> last, last_run(api.store, name));
  const PipelineStanding standing{last ? &*last : nullptr, find_suspension(*snapshot, name)};
  return json_response(pipeline_detail_json(*pipeline, standing, api.control.now()));
}

Result<Response> explain_pipeline(const Api& api, const Call& call) {
  const std::string& name = call.path_parameter("name");
  const auto snapshot = api.control.snapshot();
  if (const PipelinePtr pipeline = find_pipeline(*snapshot, name)) {
    PAWL_TRY(const std::optional<Run> last, last_run(api.store, name));
    const PipelineStanding standing{last ? &*last : nullptr, find_suspension(*snapshot, name)};
    return json_response(
        pipeline_explanation_json(*pipeline, standing, api.host, api.control, api.control.now()));
  }
  if (!snapshot->sources) return no_pipeline(name);
  for (const SourceState& source : *snapshot->sources) {
    for (const Elsewhere& other : source.elsewhere) {
      if (other.pipeline != name) continue;
      return json_response(elsewhere_explanation_json(source, other, api.host));
    }
  }
  return no_pipeline(name);
}

// Strings as they are; numbers and booleans as JSON writes them.
Result<Variables> parse_params(const Json& json) {
  Variables params;
  if (!json.is_null() && !json.is_object()) {
    return Error{ErrorKind::kInvalid, "'params' is no object of names and values", ""};
  }
  if (json.members().size() > limits::kParams) {
    return Error{ErrorKind::kInvalid, "more than " + std::to_string(limits::kParams) + " params",
                 ""};
  }
  for (const auto& [name, value] : json.members()) {
    if (!value.is_string() && !value.is_number() && !value.is_bool()) {
      return Error{ErrorKind::kInvalid, "param '" + name + "' is no string, number or boolean", ""};
    }
    params.emplace_back(name, value.is_string() ? value.as_string() : value.dump());
    if (params.back().second.size() > limits::kParamValueBytes) {
      return Error{
          ErrorKind::kInvalid,
          "param '" + name + "' is over " + std::to_string(limits::kParamValueBytes) + " bytes",
          ""};
    }
  }
  return params;
}

Result<Response> start_run(const Api& api, const Call& call, const Json& body) {
  ManualRequest request;
  request.pipeline = call.path_parameter("name");
  request.actor = actor_of(call.request);
  PAWL_TRY(request.params, parse_params(body["params"]));
  PAWL_TRY(request.idempotency_key, idempotency_key(call.request));
  PAWL_TRY(const AcceptedRun accepted, api.control.trigger_manual(request));
  return accepted_response(accepted);
}

// Answers when it is recorded, also when it was so already.
Result<Response> set_suspended(const Api& api, const Call& call, bool suspend) {
  const std::string& name = call.path_parameter("name");
  PAWL_CHECK(api.control.suspend(name, suspend, actor_of(call.request)));
  return json_response(Json().set("pipeline", name));
}

}  // namespace

void add_pipeline_routes(Router& router, Api& api) {
  router.add("GET", "/api/v1/pipelines", {}, [&api](const Call&) { return list_pipelines(api); });
  router.add("GET", "/api/v1/pipelines/{name}", {},
             [&api](const Call& call) { return show_pipeline(api, call); });
  router.add("GET", "/api/v1/pipelines/{name}/explain", {},
             [&api](const Call& call) { return explain_pipeline(api, call); });
  add_post(router, "/api/v1/pipelines/{name}/runs", {}, {"params"},
           [&api](const Call& call, const Json& body) { return start_run(api, call, body); });
  for (const bool suspend : {true, false}) {
    add_post(router,
             suspend ? "/api/v1/pipelines/{name}/suspend" : "/api/v1/pipelines/{name}/resume", {},
             {}, [&api, suspend](const Call& call, const Json&) {
               return set_suspended(api, call, suspend);
             });
  }
}

}  // namespace pawl::http
