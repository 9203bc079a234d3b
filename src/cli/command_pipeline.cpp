// One pipeline: shown, suspended, let go on.
#include "cli/api_client.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/pipeline_view.h"
#include "cli/table.h"
#include "cli/text.h"
#include "config/wording.h"

namespace pawl::cli {
namespace {

std::string target_of(const std::string& pipeline) {
  return "/api/v1/pipelines/" + url_encode(pipeline);
}

Facts pipeline_facts(const Json& pipeline, WallTime now) {
  Facts facts;
  add_origin(facts, pipeline);
  facts.add("note", {refusal_text(pipeline), Tone::kBad});
  facts.add("hosts", hosts_text(pipeline["hosts"]));
  facts.add("suspended", {suspended_text(pipeline["suspended"], now), Tone::kActive});
  for (const Json& trigger : pipeline["triggers"].items()) {
    facts.add("trigger", whole_trigger_text(trigger));
  }
  for (const Json& param : pipeline["params"].items()) facts.add("param", param_text(param));
  facts.add("concurrency", concurrency_text(pipeline["concurrency"]));
  facts.add("priority", std::to_string(pipeline["priority"].as_integer()));
  facts.add("timeout", exact_span_text(pipeline["timeout_ms"]));
  facts.add("next", when_text(pipeline["next_tick"], now));
  facts.add("last run", last_run_cell(pipeline["last_run"], now));
  return facts;
}

Table task_table(const Json& pipeline) {
  Table table({{"TASK"},
               {"AFTER"},
               {"IMAGE"},
               {"CPUS", Align::kRight},
               {"MEMORY", Align::kRight},
               {"TIMEOUT", Align::kRight},
               {"RETRIES", Align::kRight}});
  for (const Json& task : pipeline["tasks"].items()) {
    table.add({task["id"].as_string(), after_text(task), task["image"].as_string(),
               config::format_cpus(task["cpus_milli"].as_integer()),
               config::format_size(task["memory_bytes"].as_integer()),
               exact_span_text(task["timeout_ms"]),
               std::to_string(task["retries"]["limit"].as_integer())});
  }
  return table;
}

}  // namespace

Result<ExitCode> execute(const PipelineShowArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const Json answer, api.get(target_of(arguments.pipeline)));
  if (arguments.format != Format::kTable) {
    context.print(answer, arguments.format);
    return ExitCode::kDone;
  }
  const bool color = context.out().color();
  context.out().write(pipeline_facts(answer, context.now()).render(color) + "\n" +
                      task_table(answer).render(color));
  return ExitCode::kDone;
}

Result<ExitCode> execute(const PipelineSuspendArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  const std::string& name = arguments.pipeline;
  PAWL_CHECK(
      api.post(target_of(name) + (arguments.suspend ? "/suspend" : "/resume"), Json::object()));
  context.note(arguments.suspend ? "pipeline '" + name +
                                       "' is suspended until `pawl pipeline resume " + name + "`"
                                 : "pipeline '" + name + "' goes on");
  return ExitCode::kDone;
}

}  // namespace pawl::cli
