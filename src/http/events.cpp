#include "http/events.h"

#include <charconv>

#include "http/api.h"
#include "http/steady_time.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

// Reconnects of a page come back this soon; browsers differ in their own defaults.
constexpr std::string_view kOpening = "retry: 2000\n: events follow\n\n";
constexpr std::string_view kKeepAlive = ": nothing new\n\n";

std::string_view event_name(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kRun:
      return "run";
    case Change::Kind::kTask:
      return "task";
    case Change::Kind::kLog:
      return "log";
    case Change::Kind::kSource:
      return "source";
    case Change::Kind::kPipelines:
      return "pipelines";
  }
  return "gap";
}

std::string format(std::string_view name, std::uint64_t sequence, WallTime agent_start,
                   const Json& data) {
  std::string text = "id: " + std::to_string(sequence) + "-" + std::to_string(agent_start.ms);
  text.append("\nevent: ").append(name);
  text.append("\ndata: ").append(data.dump()).append("\n\n");
  return text;
}

}  // namespace

std::string format_event(const Change& change, WallTime agent_start) {
  const bool is_log = change.kind == Change::Kind::kLog;
  const bool is_task = change.kind == Change::Kind::kTask;
  const bool is_run = change.kind == Change::Kind::kRun;
  const bool has_run = is_log || is_task || is_run;
  Json data;
  data.set("run_id", has_run ? Json(change.run.text()) : Json());
  data.set("task", is_log || is_task ? Json(change.task) : Json());
  data.set("attempt", is_log ? Json(change.attempt) : Json());
  data.set("name", change.kind == Change::Kind::kPipelines ? Json() : Json(change.name));
  data.set("status", is_task || is_run ? Json(to_string(change.status)) : Json());
  return format(event_name(change.kind), change.sequence, agent_start, data);
}

std::string format_gap(std::uint64_t next, WallTime agent_start) {
  return format("gap", next, agent_start, Json::object());
}

std::optional<std::uint64_t> parse_event_id(std::string_view text, WallTime agent_start) {
  const std::string suffix = "-" + std::to_string(agent_start.ms);
  if (!text.ends_with(suffix)) return std::nullopt;
  text.remove_suffix(suffix.size());
  std::uint64_t sequence = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), sequence);
  if (code != std::errc{} || stop != text.data() + text.size() || sequence == 0) {
    return std::nullopt;
  }
  return sequence;
}

bool stream_events(Control& control, const std::string& last_event_id, StreamWriter& out) {
  const WallTime agent_start = control.snapshot()->started_at;
  std::uint64_t seen = control.wait_changes(0, 0).next;
  std::string opening(kOpening);
  if (!last_event_id.empty()) {
    const auto resumed = parse_event_id(last_event_id, agent_start);
    if (resumed && *resumed <= seen) {
      seen = *resumed;
    } else {
      opening += format_gap(seen, agent_start);
    }
  }
  if (!out.write(opening)) return false;
  std::int64_t quiet_since_ms = steady_ms();
  while (out.is_open()) {
    PAWL_ASSERT(seen > 0);
    const ChangeBatch batch = control.wait_changes(seen, limits::kStreamPollMs);
    seen = batch.next;
    std::string text;
    if (batch.gap) {
      text = format_gap(seen, agent_start);
    } else {
      for (const Change& change : batch.changes) text += format_event(change, agent_start);
    }
    const std::int64_t now_ms = steady_ms();
    if (text.empty() && now_ms - quiet_since_ms >= limits::kStreamKeepAliveMs) text = kKeepAlive;
    if (!text.empty()) quiet_since_ms = now_ms;
    if (!out.write(text)) return false;
    if (batch.closed) return true;
  }
  return false;
}

void add_event_routes(Router& router, Api& api) {
  router.add("GET", "/api/v1/events", {}, [&api](const Call& call) -> Result<Response> {
    const std::string last_event_id(call.request.header("last-event-id"));
    Response response;
    response.content_type = "text/event-stream";
    response.stream = [&api, last_event_id](StreamWriter& out) {
      return stream_events(api.control, last_event_id, out);
    };
    return response;
  });
}

}  // namespace pawl::http
