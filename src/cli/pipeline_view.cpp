#include "cli/pipeline_view.h"

#include "cli/json_view.h"
#include "cli/time_text.h"
#include "config/wording.h"

namespace pawl::cli {
namespace {

void append_part(std::string& text, std::string_view word, const std::string& what) {
  if (!what.empty()) text.append(", ").append(word).append(what);
}

std::string splay_text(const Json& trigger) {
  const std::string splay = exact_span_text(trigger["splay_ms"]);
  if (splay.empty()) return "";
  return splay + " (here " + config::format_exact_duration(trigger["offset_ms"].as_integer()) + ")";
}

}  // namespace

std::string trigger_text(const Json& trigger) {
  const std::string& type = trigger["type"].as_string();
  if (type == "cron") return type + " " + trigger["expression"].as_string();
  if (type != "pipeline") return type + " " + trigger["path"].as_string();
  return type + " " + trigger["name"].as_string() + " (" + trigger["on"].as_string() + ")";
}

std::string whole_trigger_text(const Json& trigger) {
  std::string text = trigger_text(trigger);
  const std::string& type = trigger["type"].as_string();
  if (type == "cron") text += " (" + trigger["timezone"].as_string() + ")";
  append_part(text, "catchup ", trigger["catchup"].as_string());
  append_part(text, "deadline ", exact_span_text(trigger["deadline_ms"]));
  append_part(text, "splay ", splay_text(trigger));
  const std::string& provider = trigger["provider"].as_string();
  if (provider != "github") append_part(text, "by ", provider);
  append_part(text, "on ", list_text(trigger["events"]));
  append_part(text, "when ", trigger["when"].as_string());
  append_part(text, "with ", assignments_text(trigger["params"]));
  append_part(text, "from ", list_text(trigger["tasks"]));
  return text;
}

void add_origin(Facts& facts, const Json& pipeline) {
  const Json& origin = pipeline["origin"];
  facts.add("pipeline", pipeline["name"].as_string());
  facts.add("title", pipeline["title"].as_string());
  facts.add("description", pipeline["description"].as_string());
  facts.add("source", origin["source"].as_string() + ":" + origin["file"].as_string() + ":" +
                          std::to_string(origin["line"].as_integer()));
  facts.add("revision", short_revision(origin["revision"]));
}

std::string refusal_text(const Json& pipeline) {
  const Json& refusal = pipeline["refusal"];
  if (refusal.is_null()) return "";
  const bool is_refused = pipeline["state"].as_string() == "refused";
  return (is_refused ? "refused by this host's policy: "
                     : "a newer version is refused by this host's policy: ") +
         refusal["why"].as_string();
}

std::string list_text(const Json& words) {
  std::string text;
  for (const Json& word : words.items()) text += (text.empty() ? "" : ", ") + word.as_string();
  return text;
}

std::string assignments_text(const Json& variables) {
  std::string text;
  for (const auto& [name, value] : variables.members()) {
    text += (text.empty() ? "" : " ") + name + "=" +
            (value.is_string() ? value.as_string() : value.dump());
  }
  return text;
}

std::string exact_span_text(const Json& span_ms) {
  return span_ms.is_null() ? "" : config::format_exact_duration(span_ms.as_integer());
}

std::string hosts_text(const Json& hosts) {
  std::string text = list_text(hosts["names"]);
  const std::string labels = assignments_text(hosts["labels"]);
  if (labels.empty()) return text;
  return text + (text.empty() ? "" : " and ") + "labels " + labels;
}

std::string concurrency_text(const Json& concurrency) {
  if (concurrency.is_null()) return "";
  return std::to_string(concurrency["limit"].as_integer()) + " at a time in group " +
         concurrency["group"].as_string() + ", then " + concurrency["on_conflict"].as_string();
}

std::string param_text(const Json& param) {
  std::string text = param["name"].as_string() + ": " + param["type"].as_string();
  const std::string allowed = list_text(param["enum"]);
  if (!allowed.empty()) text += ", one of " + allowed;
  const Json& fallback = param["default"];
  return text + (fallback.is_null() ? ", needed" : ", default " + fallback.as_string());
}

std::string suspended_text(const Json& suspended, WallTime now) {
  if (suspended.is_null()) return "";
  const std::string& actor = suspended["actor"].as_string();
  return "since " + when_text(suspended["since"], now) + (actor.empty() ? "" : " by " + actor);
}

std::string after_text(const Json& task) {
  std::string text = task["hook"].as_string();
  const std::string upstream = list_text(task["depends_on"]);
  return text.empty() || upstream.empty() ? text + upstream : text + ": " + upstream;
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
