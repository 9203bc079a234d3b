#include "cli/commands.h"
#include "cli/history.h"
#include "cli/json_view.h"
#include "cli/table.h"

namespace pawl::cli {

Result<ExitCode> execute(const RunsArguments& arguments, Context& context) {
  PAWL_TRY(const std::unique_ptr<History> history, open_history(context));
  PAWL_TRY(const Json answer, history->runs(arguments));
  if (arguments.format != Format::kTable) {
    context.print(answer, arguments.format);
    return ExitCode::kDone;
  }
  Table table({{"RUN", Align::kRight},
               {"PIPELINE"},
               {"STATUS"},
               {"TRIGGER"},
               {"CREATED"},
               {"TOOK", Align::kRight},
               {"REASON"}});
  const WallTime now = context.now();
  for (const Json& run : answer["runs"].items()) {
    table.add({run["id"].as_string(), run["pipeline"].as_string(), status_cell(run),
               run["trigger"]["kind"].as_string(), when_text(run["created_at"], now),
               span_text(run["started_at"], run["ended_at"], now), reason_text(run, now)});
  }
  context.out().write(table.render(context.out().color()));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
