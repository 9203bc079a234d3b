#include "http/api.h"
#include "http/json_views.h"
#include "http/query_value.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

Result<Response> show_schedule(const Api& api, const Call& call) {
  PAWL_TRY(const std::uint32_t count,
           query_number(call, "count", 1, limits::kScheduleTicks, limits::kDefaultScheduleTicks));
  const auto snapshot = api.control.snapshot();
  std::vector<const Pipeline*> pipelines;
  if (const std::string* name = call.query_parameter("pipeline")) {
    const PipelinePtr pipeline = find_pipeline(*snapshot, *name);
    if (!pipeline) {
      return Error{ErrorKind::kNotFound, "there is no pipeline '" + *name + "'", ""};
    }
    pipelines.push_back(pipeline.get());
  } else if (snapshot->pipelines) {
    for (const PipelinePtr& pipeline : *snapshot->pipelines) pipelines.push_back(pipeline.get());
  }
  std::erase_if(pipelines, [&](const Pipeline* pipeline) {
    return find_suspension(*snapshot, pipeline->name) != nullptr;
  });
  Json list = Json::array();
  for (const ScheduledTick& tick : next_ticks(pipelines, api.control.now(), count)) {
    list.push(tick_json(tick));
  }
  return json_response(Json().set("ticks", std::move(list)));
}

}  // namespace

void add_schedule_routes(Router& router, Api& api) {
  router.add("GET", "/api/v1/schedule", {"count", "pipeline"},
             [&api](const Call& call) { return show_schedule(api, call); });
}

}  // namespace pawl::http
