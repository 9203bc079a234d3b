#include "cli/history.h"

#include <algorithm>
#include <utility>

#include "cli/api_client.h"
#include "cli/text.h"
#include "model/limits.h"
#include "store/lmdb_store.h"

namespace pawl::cli {
namespace {

class AgentHistory final : public History {
 public:
  explicit AgentHistory(ApiClient api) : api_(std::move(api)) {}

  Result<Json> runs(const RunsArguments& arguments) override {
    Json::Array found;
    Json cursor;
    do {
      const std::size_t wanted = arguments.limit - found.size();
      std::string target =
          "/api/v1/runs?limit=" + std::to_string(std::min<std::size_t>(wanted, limits::kPageRows));
      target = with_query(std::move(target), "pipeline", arguments.pipeline);
      target = with_query(std::move(target), "status", arguments.status);
      target = with_query(std::move(target), "trigger", arguments.trigger);
      target = with_query(std::move(target), "since", arguments.since);
      target = with_query(std::move(target), "cursor", cursor.as_string());
      PAWL_TRY(const Json page, api_.get(target));
      for (const Json& run : page["runs"].items()) found.push_back(run);
      cursor = page["next_cursor"];
    } while (!cursor.as_string().empty() && found.size() < arguments.limit);
    return Json::object().set("runs", std::move(found)).set("next_cursor", std::move(cursor));
  }

  Result<Json> run(RunId id) override { return api_.get("/api/v1/runs/" + id.text()); }

  Result<void> log(const LogQuery& query,
                   const std::function<bool(std::string_view)>& receive) override {
    std::string target =
        "/api/v1/runs/" + query.run.text() + "/tasks/" + url_encode(query.task) + "/logs";
    if (query.attempt != 0) {
      target = with_query(std::move(target), "attempt", std::to_string(query.attempt));
    }
    if (query.follow) target = with_query(std::move(target), "follow", "true");
    return api_.stream(target, receive);
  }

  bool is_live() const override { return true; }

 private:
  ApiClient api_;
};

}  // namespace

Result<std::unique_ptr<History>> open_history(Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  const Result<void> answers = api.probe();
  if (answers) return std::unique_ptr<History>(std::make_unique<AgentHistory>(std::move(api)));
  if (answers.error().kind != ErrorKind::kUnavailable || !server.is_host_config) {
    return answers.error();
  }
  const std::string directory = context.state_directory();
  Result<std::unique_ptr<StoreReader>> store = open_store_reader(directory);
  if (!store) {
    context.note("the store cannot be read either: " + store.error().text());
    return answers.error();
  }
  context.note("agent is not running: reading the store directly (" + directory + ")");
  return make_store_history(std::move(store).value(), context.now());
}

}  // namespace pawl::cli
