// Polling pages of JSON, not one stream a task: one connection and no threads serve any number of
// tasks, and a restart of the agent costs nothing. The price is that bytes that are not UTF-8
// arrive as U+FFFD; `pawl logs RUN TASK` passes them on as they are.
#include "cli/log_follower.h"

#include <algorithm>
#include <utility>

#include "model/limits.h"
#include "model/states.h"

namespace pawl::cli {
namespace {

const Json* find_attempt(const Json& task, std::uint32_t number) {
  for (const Json& attempt : task["attempts"].items()) {
    if (attempt["number"].as_integer() == static_cast<std::int64_t>(number)) return &attempt;
  }
  return nullptr;
}

bool has_ended(const Json& subject) {
  const std::optional<Status> status = parse_status(subject["status"].as_string());
  return status && is_final(*status);
}

}  // namespace

Result<void> LogFollower::poll(const Json& run) {
  const Json::Array& tasks = run["tasks"].items();
  if (tasks_.empty()) {
    for (const Json& task : tasks) {
      tasks_.push_back({task["id"].as_string(), 1, "", "", {}, 1});
      id_width_ = std::max(id_width_, tasks_.back().id.size());
    }
  }
  Result<void> result;
  for (std::size_t i = 0; i < std::min(tasks.size(), tasks_.size()) && result; ++i) {
    result = collect(i, tasks[i]);
  }
  print_collected();
  return result;
}

Result<void> LogFollower::collect(std::size_t index, const Json& task) {
  TaskLog& log = tasks_[index];
  while (const Json* attempt = find_attempt(task, log.attempt)) {
    bool more = true;
    while (more) {
      PAWL_TRY(more, collect_page(index));
      if (collected_bytes_ >= limits::kCliLogBatchBytes) print_collected();
      if (!context_.out().ok()) return {};
    }
    // Its end was known before its log was read to the end: nothing can follow.
    if (!has_ended(*attempt)) break;
    ++log.attempt;
    log.cursor.clear();
  }
  return {};
}

Result<bool> LogFollower::collect_page(std::size_t index) {
  TaskLog& log = tasks_[index];
  std::string target = "/api/v1/runs/" + run_.text() + "/tasks/" + url_encode(log.id) +
                       "/logs?format=json&attempt=" + std::to_string(log.attempt);
  const Result<Json> page = api_.get(with_query(std::move(target), "cursor", log.cursor));
  if (!page && page.error().kind == ErrorKind::kNotFound) return false;  // nothing written yet
  if (!page) return page.error();
  const Json::Array& records = (*page)["records"].items();
  for (const Json& json : records) {
    log.last_time = std::max(log.last_time, json["time"].as_string());
    collected_.push_back({index, log.attempt, log.last_time, json["text"].as_string(),
                          json["stream"].as_string() == "pawl"});
    collected_bytes_ += collected_.back().text.size();
  }
  const std::string& next = (*page)["next_cursor"].as_string();
  if (!next.empty()) log.cursor = next;
  return !records.empty() && !(*page)["at_end"].as_bool(true);
}

void LogFollower::print_collected() {
  std::stable_sort(collected_.begin(), collected_.end(),
                   [](const Record& a, const Record& b) { return a.time < b.time; });
  for (const Record& record : collected_) print(record);
  collected_.clear();
  collected_bytes_ = 0;
  context_.out().flush();
}

void LogFollower::print_line_start(const Record& record) {
  if (line_open_ && open_task_ == record.task && open_attempt_ == record.attempt) return;
  end_line();
  std::string prefix = printable(tasks_[record.task].id);
  if (record.attempt > 1) prefix += "#" + std::to_string(record.attempt);
  if (prefix.size() < id_width_) prefix.append(id_width_ - prefix.size(), ' ');
  context_.out().write(prefix + " | ");
  line_open_ = true;
  open_task_ = record.task;
  open_attempt_ = record.attempt;
}

void LogFollower::print(const Record& record) {
  TaskLog& log = tasks_[record.task];
  if (record.attempt != log.escaper_attempt) print_held(record.task);
  log.escaper_attempt = record.attempt;
  if (record.is_note) end_line();
  if (context_.out().is_terminal()) {
    print_text(record, log.escaper.feed(record.text));
  } else {
    print_text(record, record.text);
  }
}

void LogFollower::print_held(std::size_t index) {
  TaskLog& log = tasks_[index];
  print_text({index, log.escaper_attempt, "", "", false}, log.escaper.finish());
}

void LogFollower::print_text(const Record& record, std::string_view text) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    print_line_start(record);
    context_.out().write(text.substr(0, end));
    if (end == std::string_view::npos) return;
    end_line();
    text.remove_prefix(end + 1);
  }
}

void LogFollower::end_line() {
  if (line_open_) context_.out().write("\n");
  line_open_ = false;
}

void LogFollower::finish() {
  for (std::size_t i = 0; i < tasks_.size(); ++i) print_held(i);
  end_line();
}

}  // namespace pawl::cli
