#include "http/api.h"
#include "http/json_views.h"
#include "http/query_value.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

template <typename Enum>
std::vector<std::string_view> words_of(int count) {
  std::vector<std::string_view> words;
  for (int i = 0; i < count; ++i) words.push_back(to_string(static_cast<Enum>(i)));
  return words;
}

Result<RunQuery> parse_run_query(const Call& call, WallTime now) {
  RunQuery query;
  if (const std::string* name = call.query_parameter("pipeline")) query.pipeline = *name;
  PAWL_TRY(const auto status, query_word(call, "status", words_of<Status>(kStatusCount)));
  if (status) query.status = static_cast<Status>(*status);
  PAWL_TRY(const auto trigger,
           query_word(call, "trigger", words_of<TriggerKind>(kTriggerKindCount)));
  if (trigger) query.trigger = static_cast<TriggerKind>(*trigger);
  PAWL_TRY(query.since, query_since(call, "since", now));
  PAWL_TRY(query.limit,
           query_number(call, "limit", 1, limits::kPageRows, limits::kDefaultPageRows));
  if (const std::string* cursor = call.query_parameter("cursor")) {
    query.before = RunId::parse(*cursor);
    if (!query.before) return bad_query_value("cursor", *cursor, "a next_cursor of this list");
  }
  return query;
}

Result<Response> list_runs(const Api& api, const Call& call) {
  const WallTime now = api.control.now();
  PAWL_TRY(const RunQuery query, parse_run_query(call, now));
  PAWL_TRY(const RunPage page, api.store.runs(query));
  Json list = Json::array();
  for (const Run& run : page.runs) list.push(run_summary_json(run, now));
  Json json;
  json.set("runs", std::move(list));
  json.set("next_cursor", page.next ? Json(page.next->text()) : Json());
  return json_response(json);
}

Result<Response> show_run(const Api& api, const Call& call) {
  PAWL_TRY(const RunId id, parse_run_id(call.path_parameter("id")));
  PAWL_TRY(const RunDetail detail, api.store.run(id));
  // A damaged definition must not hide what became of the run.
  const Result<PipelinePtr> definition = api.store.definition(detail.run.definition);
  return json_response(
      run_detail_json(detail, definition ? definition->get() : nullptr, api.control.now()));
}

Result<Response> cancel_run(const Api& api, const Call& call) {
  PAWL_TRY(const RunId id, parse_run_id(call.path_parameter("id")));
  PAWL_CHECK(api.control.cancel(id, actor_of(call.request)));
  return json_response(Json().set("run_id", id.text()), 202);
}

Result<Response> retry_run(const Api& api, const Call& call, const Json& body) {
  RetryRequest request;
  PAWL_TRY(request.run, parse_run_id(call.path_parameter("id")));
  const Json& failed = body["failed"];
  if (!failed.is_null() && !failed.is_bool()) {
    return Error{ErrorKind::kInvalid, "'failed' is neither true nor false", ""};
  }
  request.failed_only = failed.as_bool();
  request.actor = actor_of(call.request);
  PAWL_TRY(request.idempotency_key, idempotency_key(call.request));
  PAWL_TRY(const AcceptedRun accepted, api.control.retry(request));
  return accepted_response(accepted);
}

}  // namespace

void add_run_routes(Router& router, Api& api) {
  router.add("GET", "/api/v1/runs", {"pipeline", "status", "trigger", "since", "limit", "cursor"},
             [&api](const Call& call) { return list_runs(api, call); });
  router.add("GET", "/api/v1/runs/{id}", {},
             [&api](const Call& call) { return show_run(api, call); });
  add_post(router, "/api/v1/runs/{id}/cancel", {}, {},
           [&api](const Call& call, const Json&) { return cancel_run(api, call); });
  add_post(router, "/api/v1/runs/{id}/retry", {}, {"failed"},
           [&api](const Call& call, const Json& body) { return retry_run(api, call, body); });
}

}  // namespace pawl::http
