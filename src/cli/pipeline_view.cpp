#include "cli/pipeline_view.h"

#include "cli/json_view.h"
#include "cli/time_text.h"

namespace pawl::cli {

std::string trigger_text(const Json& trigger) {
  const std::string& type = trigger["type"].as_string();
  if (type == "cron") return type + " " + trigger["expression"].as_string();
  if (type != "pipeline") return type + " " + trigger["path"].as_string();
  return type + " " + trigger["name"].as_string() + " (" + trigger["on"].as_string() + ")";
}

Cell last_run_cell(const Json& run, WallTime now) {
  if (run.is_null()) return "";
  const Json& when = run["ended_at"].is_null() ? run["created_at"] : run["ended_at"];
  const std::string& status = run["status"].as_string();
  return {
      status + " " + format_relative(time_of(when), now) + " (run " + run["id"].as_string() + ")",
      status_tone(status)};
}

}  // namespace pawl::cli
