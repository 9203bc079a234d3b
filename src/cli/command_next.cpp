#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/table.h"

namespace pawl::cli {

Result<ExitCode> execute(const NextArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  const std::string target = "/api/v1/schedule?count=" + std::to_string(arguments.count);
  PAWL_TRY(const Json answer, api.get(with_query(target, "pipeline", arguments.pipeline)));
  if (arguments.format != Format::kTable) {
    context.print(answer, arguments.format);
    return ExitCode::kDone;
  }
  Table table({{"AT"}, {"PIPELINE"}, {"CRON"}, {"TIMEZONE"}});
  for (const Json& tick : answer["ticks"].items()) {
    table.add({when_text(tick["at"], context.now()), tick["pipeline"].as_string(),
               tick["expression"].as_string(), tick["timezone"].as_string()});
  }
  context.out().write(table.render(context.out().color()));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
