#include "cli/json_view.h"

#include <algorithm>
#include <string_view>

#include "cli/time_text.h"

namespace pawl::cli {
namespace {

// A run on its way to its end.
std::string_view stop_text(std::string_view stop) {
  if (stop == "timeout") return "being ended after its timeout";
  if (stop == "replace") return "being replaced by a newer run";
  return "being cancelled";
}

}  // namespace

WallTime time_of(const Json& value) {
  return parse_rfc3339(value.as_string()).value_or(WallTime{});
}

std::string when_text(const Json& value, WallTime now) { return format_when(time_of(value), now); }

std::string span_text(const Json& started, const Json& ended, WallTime now) {
  const WallTime start = time_of(started);
  if (!start.is_set()) return "";
  const WallTime end = time_of(ended);
  const std::int64_t span = (end.is_set() ? end : now).ms - start.ms;
  return format_duration(span < 0 ? 0 : span);  // clocks differ and jump
}

Cell status_cell(const Json& subject) {
  const std::string& status = subject["status"].as_string();
  return {status, status_tone(status)};
}

std::string reason_text(const Json& subject, WallTime now) {
  std::string text = subject["reason"].as_string();
  const std::string& message = subject["message"].as_string();
  if (!message.empty()) text += (text.empty() ? "" : ": ") + message;
  const WallTime retry_at = time_of(subject["retry_at"]);
  if (subject["status"].as_string() == "pending" && retry_at.is_set()) {
    text += (text.empty() ? "next attempt " : "; next attempt ") + format_relative(retry_at, now);
  }
  if (subject["cancel_requested"].as_bool() && subject["ended_at"].is_null()) {
    text += (text.empty() ? "" : "; ") + std::string(stop_text(subject["stop"].as_string()));
  }
  for (const Json& attempt : subject["attempts"].items()) {
    if (!attempt["log_incomplete"].as_bool()) continue;
    text += (text.empty() ? "" : "; ") + std::string("log incomplete");
    break;
  }
  return text;
}

std::vector<const Json*> tasks_in_dag_order(const Json& run) {
  std::vector<const Json*> ordered;
  for (const Json& task : run["tasks"].items()) ordered.push_back(&task);
  // Hooks come last, kind by kind as they are stored; their levels are among themselves.
  std::stable_sort(ordered.begin(), ordered.end(), [](const Json* a, const Json* b) {
    const bool a_is_hook = !(*a)["hook"].as_string().empty();
    const bool b_is_hook = !(*b)["hook"].as_string().empty();
    if (a_is_hook || b_is_hook) return !a_is_hook && b_is_hook;
    return (*a)["level"].as_integer() < (*b)["level"].as_integer();
  });
  return ordered;
}

std::string short_revision(const Json& revision) { return revision.as_string().substr(0, 12); }

}  // namespace pawl::cli
