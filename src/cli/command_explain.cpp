// A pipeline as this host takes it, for the question "why did it not run?": what the definition became, what the host says
// to it, and when it is due.
#include "cli/api_client.h"
#include "cli/attempt_view.h"
#include "cli/commands.h"
#include "cli/json_view.h"
#include "cli/pipeline_view.h"
#include "cli/table.h"
#include "cli/text.h"
#include "cli/time_text.h"
#include "config/wording.h"

namespace pawl::cli {
namespace {

Cell runs_here_cell(const Json& pipeline) {
  const std::string& host = pipeline["host"]["name"].as_string();
  if (!pipeline["runs_here"].as_bool()) {
    const bool is_refused = pipeline["state"].as_string() == "refused";
    return {(is_refused ? "no, this host's policy refuses it: " : "no, on other hosts: ") +
                pipeline["why_not"].as_string(),
            Tone::kBad};
  }
  const std::string hosts = hosts_text(pipeline["hosts"]);
  if (hosts.empty()) return {"yes, it is for every host", Tone::kGood};
  return {"yes, it is for " + hosts + ", and this host is " + host, Tone::kGood};
}

Facts origin_facts(const Json& pipeline) {
  Facts facts;
  add_origin(facts, pipeline);
  facts.add("runs here", runs_here_cell(pipeline));
  facts.add("note", {refusal_text(pipeline), Tone::kBad});
  return facts;
}

Cell secret_cell(const Json& secret) {
  const std::string& name = secret["name"].as_string();
  if (secret["exists"].as_bool()) return name + ", there";
  return {name + ", not usable: " + secret["error"].as_string(), Tone::kBad};
}

Facts pipeline_facts(const Json& pipeline, WallTime now) {
  Facts facts = origin_facts(pipeline);
  facts.add("suspended", {suspended_text(pipeline["suspended"], now), Tone::kActive});
  for (const Json& refused : pipeline["refused"].items()) {
    facts.add("refused",
              {list_text(refused["tasks"]) + ": " + refused["why"].as_string(), Tone::kBad});
  }
  for (const Json& param : pipeline["params"].items()) facts.add("param", param_text(param));
  for (const Json& secret : pipeline["secrets"].items()) facts.add("secret", secret_cell(secret));
  facts.add("concurrency", concurrency_text(pipeline["concurrency"]));
  facts.add("priority", std::to_string(pipeline["priority"].as_integer()));
  facts.add("timeout", exact_span_text(pipeline["timeout_ms"]));
  facts.add("last run", last_run_cell(pipeline["last_run"], now));
  return facts;
}

std::string rule_text(const Json& task) {
  std::string text = task["trigger_rule"].as_string();
  if (text == "all_success") text.clear();
  if (task["allow_failure"].as_bool()) text += (text.empty() ? "" : ", ") + std::string("may fail");
  return text;
}

Table order_table(const Json& pipeline) {
  Table table({{"LEVEL", Align::kRight}, {"TASK"}, {"AFTER"}, {"RULE"}, {"WHEN"}, {"OUTPUTS"}});
  for (const Json* task : tasks_in_dag_order(pipeline)) {
    table.add({std::to_string((*task)["level"].as_integer()), (*task)["id"].as_string(),
               after_text(*task), rule_text(*task), (*task)["when"].as_string(),
               list_text((*task)["outputs"])});
  }
  return table;
}

std::string retries_text(const Json& retries) {
  const std::int64_t limit = retries["limit"].as_integer();
  if (limit == 0) return "";
  return std::to_string(limit) + " after " + exact_span_text(retries["delay_ms"]) + ", on " +
         list_text(retries["on"]);
}

std::string secret_uses_text(const Json& secrets) {
  std::string text;
  for (const Json& secret : secrets.items()) {
    const std::string& file = secret["file"].as_string();
    text += (text.empty() ? "" : ", ") + secret["name"].as_string() + " in " +
            (file.empty() ? "$" + secret["env"].as_string() : file);
  }
  return text;
}

std::string percent_text(std::int64_t percent) { return std::to_string(percent) + "%"; }

std::string count_text(std::int64_t count) { return count == 0 ? "" : std::to_string(count); }

std::string known_text(const Json& number, std::string (*text)(std::int64_t)) {
  return number.is_null() ? "" : text(number.as_integer());
}

Table caps_table(const Json& pipeline) {
  Table table({{"TASK"},
               {"IMAGE"},
               {"CPUS", Align::kRight},
               {"MEMORY", Align::kRight},
               {"PIDS", Align::kRight},
               {"TIMEOUT", Align::kRight},
               {"GRACE", Align::kRight},
               {"NETWORK"},
               {"RETRIES"},
               {"SECRETS"}});
  for (const Json* task : tasks_in_dag_order(pipeline)) {
    table.add({(*task)["id"].as_string(), (*task)["image"].as_string(),
               config::format_cpus((*task)["cpus_milli"].as_integer()),
               config::format_size((*task)["memory_bytes"].as_integer()),
               std::to_string((*task)["pids"].as_integer()), exact_span_text((*task)["timeout_ms"]),
               exact_span_text((*task)["kill_grace_ms"]), (*task)["network"].as_string(),
               retries_text((*task)["retries"]), secret_uses_text((*task)["secrets"])});
  }
  return table;
}

// What the tasks used in the last runs, and what their caps could be; nothing where nothing is known.
std::string use_text(const Json& pipeline, bool color) {
  Table table({{"TASK"},
               {"ATTEMPTS", Align::kRight},
               {"PEAK", Align::kRight},
               {"MEDIAN CPUS", Align::kRight},
               {"MOST CPUS", Align::kRight},
               {"THROTTLED", Align::kRight},
               {"OOM", Align::kRight},
               {"SUGGESTED"}});
  bool is_empty = true;
  for (const Json* task : tasks_in_dag_order(pipeline)) {
    const Json& use = (*task)["use"];
    if (use.is_null()) continue;
    is_empty = false;
    table.add({(*task)["id"].as_string(), std::to_string(use["attempts"].as_integer()),
               known_text(use["peak_memory_bytes"], size_text),
               known_text(use["median_cpus_milli"], config::format_cpus),
               known_text(use["highest_cpus_milli"], config::format_cpus),
               known_text(use["throttled_percent"], percent_text),
               known_text(use["ooms"], count_text), suggestion_text(*task)});
  }
  return is_empty ? "" : "\n" + table.render(color);
}

// RFC 3339 for people: a blank for the T, and no milliseconds.
std::string readable(const std::string& time) {
  constexpr std::size_t kSecondsEnd = 19;
  std::string text = time.substr(0, kSecondsEnd);
  if (text.size() < kSecondsEnd) return text;
  text[10] = ' ';
  const std::size_t zone = time.find_first_of("Z+-", kSecondsEnd);
  return zone == std::string::npos ? text : text + time.substr(zone);
}

void add_tick(Table& table, const Json& tick, const std::string& note, WallTime now) {
  if (tick.is_null()) return;
  table.add({readable(tick["local"].as_string()), readable(tick["at"].as_string()),
             format_relative(time_of(tick["at"]), now), note});
}

std::string ticks_text(const Json& trigger, WallTime now, bool color) {
  if (trigger["ticks"].items().empty()) return "";
  Table table({{"LOCAL"}, {"UTC"}, {"DUE"}, {"NOTE"}});
  for (const Json& tick : trigger["ticks"].items()) add_tick(table, tick, "", now);
  const Json& change = trigger["clock_change"];
  if (!change.is_null()) {
    const std::string clocks =
        "clocks change from " + change["from"].as_string() + " to " + change["to"].as_string();
    add_tick(table, change["last_before"], "last before " + clocks, now);
    add_tick(table, change["first_after"], "first after " + clocks, now);
  }
  return table.render(color);
}

std::string triggers_text(const Json& pipeline, WallTime now, bool color) {
  std::string text;
  for (const Json& trigger : pipeline["triggers"].items()) {
    text += "\n" + printable(whole_trigger_text(trigger)) + "\n" + ticks_text(trigger, now, color);
  }
  return text.empty() ? "\nonly `pawl run` starts it\n" : text;
}

}  // namespace

Result<ExitCode> execute(const PipelineExplainArguments& arguments, Context& context) {
  PAWL_TRY(const ServerAddress server, context.server());
  PAWL_TRY(ApiClient api, ApiClient::make(server.address));
  PAWL_TRY(const Json answer,
           api.get("/api/v1/pipelines/" + url_encode(arguments.pipeline) + "/explain"));
  if (arguments.format != Format::kTable) {
    context.print(answer, arguments.format);
    return ExitCode::kDone;
  }
  const bool color = context.out().color();
  const WallTime now = context.now();
  if (answer["tasks"].is_null()) {
    context.out().write(origin_facts(answer).render(color));
    return ExitCode::kDone;
  }
  context.out().write(pipeline_facts(answer, now).render(color) + "\n" +
                      order_table(answer).render(color) + "\n" + caps_table(answer).render(color) +
                      use_text(answer, color) + triggers_text(answer, now, color));
  return ExitCode::kDone;
}

}  // namespace pawl::cli
