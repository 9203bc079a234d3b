#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/table.h"
#include "cli/time_text.h"

namespace pawl::cli {
namespace {

std::string triggers_text(const Json& triggers) {
  std::string text;
  for (const Json& trigger : triggers.items()) {
    if (!text.empty()) text += ", ";
    const std::string& type = trigger["type"].as_string();
    text += type + " " +
            (type == "cron" ? trigger["expression"].as_string() : trigger["path"].as_string());
  }
  return text;
}

Cell last_run_cell(const Json& run, WallTime now) {
  if (run.is_null()) return "";
  const Json& when = run["ended_at"].is_null() ? run["created_at"] : run["ended_at"];
  const std::string& status = run["status"].as_string();
  return {
      status + " " + format_relative(time_of(when), now) + " (run " + run["id"].as_string() + ")",
      status_tone(status)};
}

}  // namespace

Result<ExitCode> execute(const PipelinesArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const Json answer, api.get("/api/v1/pipelines"));
  if (arguments.format == Format::kJson) {
    context.print_json(answer);
    return ExitCode::kDone;
  }
  Table table(
      {{"PIPELINE"}, {"TASKS", Align::kRight}, {"TRIGGERS"}, {"NEXT"}, {"LAST RUN"}, {"SOURCE"}});
  const WallTime now = context.now();
  for (const Json& pipeline : answer["pipelines"].items()) {
    table.add({pipeline["name"].as_string(), std::to_string(pipeline["tasks"].as_integer()),
               triggers_text(pipeline["triggers"]), when_text(pipeline["next_tick"], now),
               last_run_cell(pipeline["last_run"], now),
               pipeline["source"].as_string() + ":" + pipeline["file"].as_string()});
  }
  context.out().write(table.render(context.out().color()));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
