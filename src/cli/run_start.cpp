#include "cli/run_start.h"

#include "base/digest.h"
#include "cli/api_client.h"
#include "cli/run_watch.h"

namespace pawl::cli {
namespace {

constexpr std::size_t kKeyBytes = 16;

}  // namespace

Result<ExitCode> start_run(const std::string& target, const Json& body, const StartArguments& start,
                           Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  const std::string key =
      start.idempotency_key.empty() ? random_hex(kKeyBytes) : start.idempotency_key;
  const Result<Json> answer = api.post(target, body, {{"Idempotency-Key", key}});
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
  if (!start.wait && !start.follow) return ExitCode::kDone;
  return watch_run({*id, start.follow, start.timeout_ms}, api, context);
}

}  // namespace pawl::cli
