// A request always carries an idempotency key, the caller's or one of its own, so that one whose
// answer got lost can be repeated without a second run.
#include "base/digest.h"
#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/run_watch.h"
#include "cli/text.h"

namespace pawl::cli {
namespace {

constexpr std::size_t kKeyBytes = 16;

}  // namespace

Result<ExitCode> execute(const RunArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  const std::string key =
      arguments.idempotency_key.empty() ? random_hex(kKeyBytes) : arguments.idempotency_key;
  Json params = Json::object();
  for (const auto& [name, value] : arguments.params) params.set(name, value);
  const Result<Json> answer =
      api.post("/api/v1/pipelines/" + url_encode(arguments.pipeline) + "/runs",
               Json::object().set("params", std::move(params)), {{"Idempotency-Key", key}});
  if (!answer) {
    if (answer.error().kind == ErrorKind::kTimeout) {
      context.note("the run may have been accepted; --idempotency-key " + key +
                   " repeats the request without a second run");
    }
    return answer.error();
  }
  const std::string& id_text = (*answer)["run_id"].as_string();
  const std::optional<RunId> id = RunId::parse(id_text);
  if (!id) return Error{ErrorKind::kInternal, "the agent's answer has no run_id", api.address()};
  context.out().write(id->text() + "\n");
  context.out().flush();
  if ((*answer)["duplicate"].as_bool()) {
    context.note("this key was used before; run " + id->text() + " is its run");
  }
  if (!arguments.wait && !arguments.follow) return ExitCode::kDone;
  return watch_run({*id, arguments.follow, arguments.timeout_ms}, api, context);
}

}  // namespace pawl::cli
