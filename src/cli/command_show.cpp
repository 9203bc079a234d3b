#include "cli/attempt_view.h"
#include "cli/commands.h"
#include "cli/history.h"
#include "cli/json_view.h"
#include "cli/pipeline_view.h"
#include "cli/table.h"

namespace pawl::cli {
namespace {

std::string cause_text(const Json& trigger, WallTime now) {
  std::string text = trigger["kind"].as_string();
  if (text == "cron") return text + " at " + when_text(trigger["scheduled_at"], now);
  const std::string& parent = trigger["parent_run_id"].as_string();
  if (!parent.empty()) text += (text == "retry" ? " of run " : " after run ") + parent;
  const std::string& actor = trigger["actor"].as_string();
  if (!actor.empty()) text += " by " + actor;
  if (trigger["kind"].as_string() == "pipeline") return text;  // the parent is its identity
  const std::string& identity = trigger["identity"].as_string();
  if (!identity.empty()) text += " (" + identity + ")";
  return text;
}

Facts run_facts(const Json& run, WallTime now) {
  Facts facts;
  facts.add("run", run["id"].as_string());
  facts.add("pipeline", run["pipeline"].as_string());
  facts.add("status", status_cell(run));
  facts.add("reason", reason_text(run, now));
  facts.add("trigger", cause_text(run["trigger"], now));
  facts.add("params", assignments_text(run["params"]));
  facts.add("revision", short_revision(run["revision"]));
  facts.add("created", when_text(run["created_at"], now));
  facts.add("started", when_text(run["started_at"], now));
  facts.add("ended", when_text(run["ended_at"], now));
  facts.add("took", span_text(run["started_at"], run["ended_at"], now));
  return facts;
}

// What the tasks handed on; nothing where none did.
std::string outputs_text(const Json& run, bool color) {
  Table table({{"TASK"}, {"OUTPUT"}, {"VALUE"}});
  bool is_empty = true;
  for (const Json* task : tasks_in_dag_order(run)) {
    for (const auto& [name, value] : (*task)["outputs"].members()) {
      table.add({(*task)["id"].as_string(), name, value.as_string()});
      is_empty = false;
    }
  }
  return is_empty ? "" : "\n" + table.render(color);
}

// A line for each attempt of which more than its end is known; nothing where there is none.
std::string attempts_text(const Json& run, bool color) {
  Table table(
      {{"TASK"}, {"ATTEMPT", Align::kRight}, {"STATUS"}, {"EXIT", Align::kRight}, {"USED"}});
  bool is_empty = true;
  for (const Json* task : tasks_in_dag_order(run)) {
    for (const Json& attempt : (*task)["attempts"].items()) {
      const std::string used = used_text(attempt);
      if (used.empty()) continue;
      const Json& exit_code = attempt["exit_code"];
      table.add({(*task)["id"].as_string(), std::to_string(attempt["number"].as_integer()),
                 status_cell(attempt),
                 exit_code.is_null() ? "" : std::to_string(exit_code.as_integer()), used});
      is_empty = false;
    }
  }
  return is_empty ? "" : "\n" + table.render(color);
}

}  // namespace

Result<ExitCode> execute(const ShowArguments& arguments, Context& context) {
  PAWL_TRY(const std::unique_ptr<History> history, open_history(context));
  PAWL_TRY(const Json run, history->run(arguments.run));
  if (arguments.format != Format::kTable) {
    context.print(run, arguments.format);
    return ExitCode::kDone;
  }
  const WallTime now = context.now();
  Table table({{"TASK"},
               {"STATUS"},
               {"ATTEMPTS", Align::kRight},
               {"STARTED"},
               {"TOOK", Align::kRight},
               {"AFTER"},
               {"REASON"}});
  for (const Json* task : tasks_in_dag_order(run)) {
    table.add({(*task)["id"].as_string(), status_cell(*task),
               std::to_string((*task)["attempts"].items().size()),
               when_text((*task)["started_at"], now),
               span_text((*task)["started_at"], (*task)["ended_at"], now), after_text(*task),
               reason_text(*task, now)});
  }
  const bool color = context.out().color();
  context.out().write(run_facts(run, now).render(color) + "\n" + table.render(color) +
                      attempts_text(run, color) + outputs_text(run, color));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
