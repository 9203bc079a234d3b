#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/pipeline_view.h"
#include "cli/table.h"
#include "cli/text.h"

namespace pawl::cli {
namespace {

std::string triggers_text(const Json& triggers) {
  std::string text;
  for (const Json& trigger : triggers.items()) {
    text += (text.empty() ? "" : ", ") + trigger_text(trigger);
  }
  return text;
}

Cell next_cell(const Json& pipeline, WallTime now) {
  if (pipeline["state"].as_string() == "refused") return {"refused", Tone::kBad};
  if (!pipeline["suspended"].is_null()) return {"suspended", Tone::kFaint};
  return when_text(pipeline["next_tick"], now);
}

Cell tasks_cell(const Json& pipeline) {
  const Json& tasks = pipeline["tasks"];
  return tasks.is_null() ? "" : std::to_string(tasks.as_integer());
}

}  // namespace

Result<ExitCode> execute(const PipelinesArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const Json answer, api.get("/api/v1/pipelines"));
  if (arguments.format != Format::kTable) {
    context.print(answer, arguments.format);
    return ExitCode::kDone;
  }
  Table table(
      {{"PIPELINE"}, {"TASKS", Align::kRight}, {"TRIGGERS"}, {"NEXT"}, {"LAST RUN"}, {"SOURCE"}});
  const WallTime now = context.now();
  std::string notes;
  for (const Json& pipeline : answer["pipelines"].items()) {
    table.add({pipeline["name"].as_string(), tasks_cell(pipeline),
               triggers_text(pipeline["triggers"]), next_cell(pipeline, now),
               last_run_cell(pipeline["last_run"], now),
               pipeline["source"].as_string() + ":" + pipeline["file"].as_string()});
    const std::string refusal = refusal_text(pipeline);
    if (!refusal.empty()) {
      notes += printable(pipeline["name"].as_string() + ": " + refusal) + "\n";
    }
  }
  context.out().write(table.render(context.out().color()) + (notes.empty() ? "" : "\n" + notes));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
