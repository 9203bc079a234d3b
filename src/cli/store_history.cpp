// History without an agent, from its store: opened for reading only, one short snapshot a call.
#include <algorithm>
#include <utility>

#include "cli/history.h"
#include "http/json_views.h"
#include "model/limits.h"
#include "model/states.h"

namespace pawl::cli {
namespace {

class StoreHistory final : public History {
 public:
  StoreHistory(std::unique_ptr<StoreReader> store, WallTime now)
      : store_(std::move(store)), now_(now) {}

  Result<Json> runs(const RunsArguments& arguments) override {
    RunQuery query;
    if (!arguments.pipeline.empty()) query.pipeline = arguments.pipeline;
    query.status = parse_status(arguments.status);
    query.trigger = parse_trigger_kind(arguments.trigger);
    if (const std::optional<WallTime> since = parse_rfc3339(arguments.since)) {
      query.since = *since;
    } else if (const std::optional<std::int64_t> age = parse_duration_ms(arguments.since)) {
      query.since = now_.plus_ms(-*age);
    }
    Json::Array found;
    do {
      query.limit = static_cast<std::uint32_t>(
          std::min<std::size_t>(arguments.limit - found.size(), limits::kPageRows));
      PAWL_TRY(const RunPage page, store_->runs(query));
      for (const Run& run : page.runs) found.push_back(http::run_summary_json(run, now_));
      query.before = page.next;
    } while (query.before && found.size() < arguments.limit);
    return Json::object()
        .set("runs", std::move(found))
        .set("next_cursor", query.before ? Json(query.before->text()) : Json());
  }

  Result<Json> run(RunId id) override {
    PAWL_TRY(const RunDetail detail, store_->run(id));
    const Result<PipelinePtr> definition = store_->definition(detail.run.definition);
    return http::run_detail_json(detail, definition ? definition->get() : nullptr, now_);
  }

  Result<void> log(const LogQuery& query,
                   const std::function<bool(std::string_view)>& receive) override {
    PAWL_TRY(const Json detail, run(query.run));
    for (const Json& task : detail["tasks"].items()) {
      if (task["id"].as_string() != query.task) continue;
      AttemptKey key{query.run, static_cast<std::uint32_t>(task["index"].as_integer()),
                     query.attempt};
      if (key.attempt == 0) {
        key.attempt = static_cast<std::uint32_t>(task["attempts"].items().size());
      }
      return key.attempt == 0 ? Result<void>() : read(key, receive);
    }
    return Error{ErrorKind::kNotFound,
                 "run " + query.run.text() + " has no task '" + query.task + "'", ""};
  }

  bool is_live() const override { return false; }

 private:
  Result<void> read(const AttemptKey& key, const std::function<bool(std::string_view)>& receive) {
    LogCursor cursor;
    while (true) {
      PAWL_TRY(const LogPage page, store_->log(key, cursor, limits::kLogReadBytes));
      for (const LogRecord& record : page.records) {
        if (!receive(record.text)) return {};
      }
      if (page.at_end || page.next == cursor) return {};
      cursor = page.next;
    }
  }

  std::unique_ptr<StoreReader> store_;
  WallTime now_;
};

}  // namespace

std::unique_ptr<History> make_store_history(std::unique_ptr<StoreReader> store, WallTime now) {
  return std::make_unique<StoreHistory>(std::move(store), now);
}

}  // namespace pawl::cli
