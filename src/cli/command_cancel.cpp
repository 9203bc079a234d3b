#include "cli/api_client.h"
#include "cli/commands.h"

namespace pawl::cli {

Result<ExitCode> execute(const CancelArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  const std::string id = arguments.run.text();
  PAWL_CHECK(api.post("/api/v1/runs/" + id + "/cancel", Json::object()));
  context.note("run " + id + " is being cancelled; `pawl show " + id + "` shows when it has ended");
  return ExitCode::kDone;
}

}  // namespace pawl::cli
