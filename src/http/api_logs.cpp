#include <algorithm>
#include <charconv>

#include "http/api.h"
#include "http/json_views.h"
#include "http/log_follower.h"
#include "http/query_value.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

// The task's index in the run. Where the definition cannot be read, tasks go by their index.
Result<std::uint32_t> find_task(const StoreReader& store, const RunDetail& detail,
                                const std::string& id) {
  const Result<PipelinePtr> definition = store.definition(detail.run.definition);
  for (const TaskState& state : detail.tasks) {
    const bool is_known = definition && state.index < (*definition)->tasks.size();
    const std::string name =
        is_known ? (*definition)->tasks[state.index].id : std::to_string(state.index);
    if (name == id) return state.index;
  }
  return Error{ErrorKind::kNotFound, "run " + detail.run.id.text() + " has no task '" + id + "'",
               ""};
}

// Where to begin: the attempt and cursor that were asked for, else the newest attempt's start.
Result<TaskLogCursor> parse_start(const Call& call, const RunDetail& detail, std::uint32_t task) {
  const std::uint32_t last = last_attempt(detail, task);
  TaskLogCursor start{last, {}};
  if (const std::string* text = call.query_parameter("cursor")) {
    const std::optional<TaskLogCursor> cursor = TaskLogCursor::parse(*text);
    if (!cursor || cursor->attempt > last) {
      return bad_query_value("cursor", *text, "a next_cursor of this task's log");
    }
    start = *cursor;
    // Handed out before there was any attempt: nothing has been read yet.
    if (start.attempt == 0 && last > 0) start = {1, {}};
  }
  if (const std::string* text = call.query_parameter("attempt")) {
    PAWL_TRY(const std::uint32_t number, query_number(call, "attempt", 1, limits::kRetries + 1, 1));
    if (number > last) {
      return Error{
          ErrorKind::kNotFound,
          "the task has had " + std::to_string(last) + " attempts; there is no attempt " + *text,
          ""};
    }
    if (call.query_parameter("cursor") != nullptr && start.attempt != number) {
      return bad_query_value("cursor", start.text(), "a cursor of the same attempt");
    }
    start.attempt = number;
  }
  return start;
}

// One page. `last`: the attempt up to which pages go on.
Result<Response> log_page(const Api& api, const AttemptKey& key, const TaskLogCursor& start,
                          std::uint32_t last) {
  LogPage page;
  page.next = start.at;
  if (start.attempt > 0) {
    PAWL_TRY(page, api.store.log(key, start.at, limits::kLogReadBytes));
  }
  TaskLogCursor next{start.attempt, page.next};
  if (page.at_end && start.attempt < last) {
    // An attempt that has a successor has ended, and its log with it.
    next = {start.attempt + 1, {}};
    page.at_end = false;
  }
  Json records = Json::array();
  for (const LogRecord& record : page.records) records.push(log_record_json(record));
  Json json;
  json.set("records", std::move(records));
  json.set("next_cursor", next.text());
  json.set("at_end", page.at_end);
  return json_response(json);
}

Result<Response> show_log(Api& api, const Call& call) {
  PAWL_TRY(const RunId run, parse_run_id(call.path_parameter("id")));
  PAWL_TRY(const bool is_following, query_flag(call, "follow", false));
  PAWL_TRY(const auto format, query_word(call, "format", {"text", "json"}));
  PAWL_TRY(const RunDetail detail, api.store.run(run));
  PAWL_TRY(const std::uint32_t task, find_task(api.store, detail, call.path_parameter("task")));
  PAWL_TRY(const TaskLogCursor start, parse_start(call, detail, task));
  const bool as_json = format == std::optional<std::size_t>(1);
  const AttemptKey key{run, task, start.attempt};
  const bool goes_on = call.query_parameter("attempt") == nullptr;
  if (as_json && !is_following) {
    return log_page(api, key, start, goes_on ? last_attempt(detail, task) : start.attempt);
  }
  if (start.attempt > 0) {
    // A bad cursor or a damaged log gets its status here: a stream has none to give.
    PAWL_CHECK([&]() -> Result<void> {
      PAWL_TRY(const LogPage ignored, api.store.log(key, start.at, 1));
      return {};
    }());
  }
  LogFollower::Settings settings;
  settings.run = run;
  settings.task = task;
  settings.from = start;
  settings.follow = is_following;
  settings.later_attempts = goes_on;
  settings.as_json = as_json;
  Response response;
  response.content_type = as_json ? "application/x-ndjson" : "text/plain; charset=utf-8";
  response.stream = [&api, settings](StreamWriter& out) {
    return LogFollower(api.control, api.store, settings).run(out);
  };
  return response;
}

}  // namespace

void add_log_routes(Router& router, Api& api) {
  router.add("GET", "/api/v1/runs/{id}/tasks/{task}/logs",
             {"attempt", "follow", "format", "cursor"},
             [&api](const Call& call) { return show_log(api, call); });
}

}  // namespace pawl::http
