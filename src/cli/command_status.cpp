#include "cli/api_client.h"
#include "cli/attempt_view.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/table.h"

namespace pawl::cli {
namespace {

std::string number(const Json& value) { return std::to_string(value.as_integer()); }

std::string engine_name(const std::string& name) {
  if (name == "docker") return "Docker";
  if (name == "podman") return "Podman";
  if (name == "process") return "processes of this host, no containers";
  return name.empty() ? "reachable" : name;
}

Cell engine_cell(const Json& engine) {
  if (!engine["reachable"].as_bool()) {
    const std::string& error = engine["error"].as_string();
    return {error.empty() ? "not reached yet" : "not reachable: " + error, Tone::kBad};
  }
  std::string text = engine_name(engine["name"].as_string());
  const std::string& version = engine["version"].as_string();
  const std::string& api_version = engine["api_version"].as_string();
  if (!version.empty()) text += " " + version;
  if (!api_version.empty()) text += ", API " + api_version;
  return {text, Tone::kGood};
}

std::string disk_text(const Json& disk) {
  if (disk.is_null()) return "not counted yet";
  const std::int64_t store_bytes = disk["store_bytes"].as_integer();
  const std::int64_t image_bytes = disk["image_bytes"].as_integer();
  const std::int64_t workspace_bytes = disk["workspace_bytes"].as_integer();
  return size_text(store_bytes + image_bytes + workspace_bytes) + " of " +
         size_text(disk["max_bytes"].as_integer()) + ": store " + size_text(store_bytes) +
         ", images " + size_text(image_bytes) + ", workspaces " + size_text(workspace_bytes);
}

}  // namespace

Result<ExitCode> execute(const StatusArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const Json status, api.get("/api/v1/status"));
  if (arguments.format != Format::kTable) {
    context.print(status, arguments.format);
    return ExitCode::kDone;
  }
  const Json& waiting = status["ready_tasks"];
  Facts facts;
  facts.add("host", status["host"].as_string());
  facts.add("agent", status["ready"].as_bool() ? Cell("ready", Tone::kGood)
                                               : Cell("recovering", Tone::kActive));
  facts.add("version", status["version"].as_string());
  facts.add("started", when_text(status["started_at"], context.now()));
  facts.add("engine", engine_cell(status["engine"]));
  facts.add("disk", disk_text(status["disk"]));
  facts.add("workers", number(status["slots_used"]) + " of " + number(status["workers"]) +
                           " busy, " + number(waiting) +
                           (waiting.as_integer() == 1 ? " task waiting" : " tasks waiting"));
  facts.add("runs", number(status["unfinished_runs"]) + " unfinished");
  facts.add("pipelines", number(status["pipelines"]));
  for (const Json& warning : status["warnings"].items()) {
    facts.add("warning", {warning.as_string(), Tone::kBad});
  }
  context.out().write(facts.render(context.out().color()));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
