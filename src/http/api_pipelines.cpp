#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/spelling.h"
#include "http/api.h"
#include "http/explain_view.h"
#include "http/json_views.h"
#include "http/use_history.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

// A version of a pipeline that is not in force here, and the source that has it.
struct NotHere {
  const SourceState* source = nullptr;
  const Elsewhere* pipeline = nullptr;
};

// What is refused comes before what is for other hosts. Into `snapshot`.
std::optional<NotHere> find_not_here(const AgentSnapshot& snapshot, std::string_view name) {
  std::optional<NotHere> found;
  if (!snapshot.sources) return found;
  for (const SourceState& source : *snapshot.sources) {
    for (const Elsewhere& other : source.elsewhere) {
      if (other.pipeline != name) continue;
      if (other.refused) return NotHere{&source, &other};
      if (!found) found = NotHere{&source, &other};
    }
  }
  return found;
}

Error no_pipeline(const AgentSnapshot& snapshot, const std::string& name) {
  std::string message = "there is no pipeline '" + name + "'";
  if (const std::optional<NotHere> other = find_not_here(snapshot, name)) {
    message += other->pipeline->refused ? ": this host's policy refuses it: "
                                        : ": it is for other hosts: ";
    message += other->pipeline->why;
  } else {
    std::vector<std::string_view> names;
    for (const PipelinePtr& pipeline : *snapshot.pipelines) names.push_back(pipeline->name);
    message += did_you_mean(name, names);
  }
  return Error{ErrorKind::kNotFound, message, ""};
}

// Whoever asked for something to be done with a pipeline is told as much of its absence as one who only looked.
template <typename T>
Result<T> explained(const Api& api, const std::string& name, Result<T> result) {
  if (result || result.error().kind != ErrorKind::kNotFound) return result;
  return no_pipeline(*api.control.snapshot(), name);
}

// A newer version of a pipeline in force: another source's of that name is none. Into `snapshot`.
const Elsewhere* find_refusal(const AgentSnapshot& snapshot, const Pipeline& pipeline) {
  if (!snapshot.sources) return nullptr;
  for (const SourceState& source : *snapshot.sources) {
    if (source.name != pipeline.origin.source) continue;
    for (const Elsewhere& other : source.elsewhere) {
      if (other.refused && other.pipeline == pipeline.name) return &other;
    }
  }
  return nullptr;
}

// How a pipeline in force stands, and what that is made of. Pointers are into the snapshot.
struct Standing {
  std::optional<Run> last;
  const Suspension* suspension = nullptr;
  const Elsewhere* refusal = nullptr;
  [[nodiscard]] PipelineStanding view() const {
    return {last ? &*last : nullptr, suspension, refusal};
  }
};

Result<Standing> standing_of(const Api& api, const AgentSnapshot& snapshot,
                             const Pipeline& pipeline) {
  PAWL_TRY(std::optional<Run> last, last_run(api.store, pipeline.name));
  return Standing{std::move(last), find_suspension(snapshot, pipeline.name),
                  find_refusal(snapshot, pipeline)};
}

// Those of a source that the host's policy refuses, but for names that are known already.
Result<void> add_refused(const Api& api, const SourceState& source, WallTime now,
                         std::map<std::string, Json>& by_name) {
  for (const Elsewhere& other : source.elsewhere) {
    if (!other.refused || by_name.contains(other.pipeline)) continue;
    PAWL_TRY(const std::optional<Run> last, last_run(api.store, other.pipeline));
    by_name.emplace(other.pipeline,
                    refused_summary_json(source, other, last ? &*last : nullptr, now));
  }
  return {};
}

// Those in force and those that the host's policy refuses, by name.
Result<Response> list_pipelines(const Api& api) {
  const auto snapshot = api.control.snapshot();
  const WallTime now = api.control.now();
  std::map<std::string, Json> by_name;
  if (snapshot->pipelines) {
    for (const PipelinePtr& pipeline : *snapshot->pipelines) {
      PAWL_TRY(const Standing standing, standing_of(api, *snapshot, *pipeline));
      by_name.emplace(pipeline->name, pipeline_summary_json(*pipeline, standing.view(), now));
    }
  }
  if (snapshot->sources) {
    for (const SourceState& source : *snapshot->sources) {
      PAWL_CHECK(add_refused(api, source, now, by_name));
    }
  }
  Json list = Json::array();
  for (auto& [name, pipeline] : by_name) list.push(std::move(pipeline));
  return json_response(Json().set("pipelines", std::move(list)));
}

Result<Response> show_pipeline(const Api& api, const Call& call) {
  const std::string& name = call.path_parameter("name");
  const auto snapshot = api.control.snapshot();
  const PipelinePtr pipeline = find_pipeline(*snapshot, name);
  if (!pipeline) return no_pipeline(*snapshot, name);
  PAWL_TRY(const Standing standing, standing_of(api, *snapshot, *pipeline));
  return json_response(pipeline_detail_json(*pipeline, standing.view(), api.control.now()));
}

Result<Response> explain_pipeline(const Api& api, const Call& call) {
  const std::string& name = call.path_parameter("name");
  const auto snapshot = api.control.snapshot();
  if (const PipelinePtr pipeline = find_pipeline(*snapshot, name)) {
    PAWL_TRY(const Standing standing, standing_of(api, *snapshot, *pipeline));
    PAWL_TRY(const std::vector<TaskUse> uses, read_use(api.store, *pipeline));
    Json json = pipeline_explanation_json(*pipeline, standing.view(), api.host, api.control,
                                          api.control.now());
    json.set("tasks", with_use(*pipeline, api.host.policy, json["tasks"], uses));
    return json_response(json);
  }
  const std::optional<NotHere> other = find_not_here(*snapshot, name);
  if (!other) return no_pipeline(*snapshot, name);
  return json_response(elsewhere_explanation_json(*other->source, *other->pipeline, api.host));
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
  PAWL_TRY(const AcceptedRun accepted,
           explained(api, request.pipeline, api.control.trigger_manual(request)));
  return accepted_response(accepted);
}

// Answers when it is recorded, also when it was so already.
Result<Response> set_suspended(const Api& api, const Call& call, bool suspend) {
  const std::string& name = call.path_parameter("name");
  PAWL_CHECK(explained(api, name, api.control.suspend(name, suspend, actor_of(call.request))));
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
