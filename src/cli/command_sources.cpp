#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/source_view.h"

namespace pawl::cli {

Result<ExitCode> execute(const SourcesArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const Json answer, api.get("/api/v1/sources"));
  if (arguments.format != Format::kTable) {
    context.print(answer, arguments.format);
  } else {
    context.out().write(
        render_sources(answer["sources"].items(), context.now(), context.out().color()));
  }
  return ExitCode::kDone;
}

}  // namespace pawl::cli
