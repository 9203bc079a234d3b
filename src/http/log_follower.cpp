#include "http/log_follower.h"

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "http/json_views.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

// Small enough for a slow client to take in one write's time.
constexpr std::size_t kPieceBytes = 32 * 1024;

template <typename Number>
bool take_number(std::string_view& text, char separator, Number& out) {
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (code != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  if (separator == '\0') return text.empty();
  if (text.empty() || text.front() != separator) return false;
  text.remove_prefix(1);
  return true;
}

std::string format_records(const std::vector<LogRecord>& records, bool as_json) {
  std::string text;
  for (const LogRecord& record : records) {
    if (as_json) {
      text += log_record_json(record).dump();
      text += '\n';
    } else {
      text += record.text;
    }
  }
  return text;
}

const Attempt* find_attempt(const RunDetail& detail, std::uint32_t task, std::uint32_t number) {
  for (const Attempt& attempt : detail.attempts) {
    if (attempt.key.task == task && attempt.key.attempt == number) return &attempt;
  }
  return nullptr;
}

// Nothing can be added to the task any more.
bool has_ended(const RunDetail& detail, std::uint32_t task) {
  if (task < detail.tasks.size() && is_final(detail.tasks[task].status)) return true;
  return is_final(detail.run.status);
}

}  // namespace

std::string TaskLogCursor::text() const {
  return std::to_string(attempt) + "-" + std::to_string(at.chunk) + "-" + std::to_string(at.record);
}

std::optional<TaskLogCursor> TaskLogCursor::parse(std::string_view text) {
  TaskLogCursor cursor;
  if (!take_number(text, '-', cursor.attempt) || !take_number(text, '-', cursor.at.chunk) ||
      !take_number(text, '\0', cursor.at.record)) {
    return std::nullopt;
  }
  return cursor;
}

std::uint32_t last_attempt(const RunDetail& detail, std::uint32_t task) {
  std::uint32_t last = 0;
  for (const Attempt& attempt : detail.attempts) {
    if (attempt.key.task == task) last = std::max(last, attempt.key.attempt);
  }
  return last;
}

bool LogFollower::run(StreamWriter& out) {
  if (settings_.follow) return follow(out);
  return cursor_.attempt == 0 || send_stored(out);
}

// The order matters: first the place in the sequence of changes, then whether the attempt has ended,
// then its log. What is committed after any of these shows as a change; an end that was seen has its
// whole log before it.
bool LogFollower::follow(StreamWriter& out) {
  seen_ = control_.wait_changes(0, 0).next;
  while (true) {
    PAWL_ASSERT(seen_ > 0);
    const Result<RunDetail> detail = store_.run(settings_.run);
    if (!detail) {
      log_warning("a log stream broke off", {{"error", detail.error().text()}});
      return false;
    }
    if (cursor_.attempt == 0 && last_attempt(*detail, settings_.task) > 0) cursor_.attempt = 1;
    const Attempt* attempt = find_attempt(*detail, settings_.task, cursor_.attempt);
    if (attempt != nullptr) {
      if (!send_stored(out)) return false;
      if (is_final(attempt->status)) {
        if (!settings_.later_attempts) return true;
        if (find_attempt(*detail, settings_.task, cursor_.attempt + 1) != nullptr) {
          cursor_ = {cursor_.attempt + 1, {}};
          continue;
        }
      }
    }
    const bool is_running = attempt != nullptr && !is_final(attempt->status);
    if (!is_running && has_ended(*detail, settings_.task)) return true;
    if (!wait_for_change(out)) return false;
  }
}

bool LogFollower::send_stored(StreamWriter& out) {
  const AttemptKey key{settings_.run, settings_.task, cursor_.attempt};
  while (true) {
    const Result<LogPage> page = store_.log(key, cursor_.at, kPieceBytes);
    if (!page) {
      log_warning("a log stream broke off", {{"error", page.error().text()}});
      return false;
    }
    if (!out.write(format_records(page->records, settings_.as_json))) return false;
    cursor_.at = page->next;
    if (page->at_end) return true;
  }
}

bool LogFollower::wait_for_change(StreamWriter& out) {
  while (out.is_open()) {
    const ChangeBatch batch = control_.wait_changes(seen_, limits::kStreamPollMs);
    seen_ = batch.next;
    if (batch.closed) return false;
    const bool concerns = std::any_of(batch.changes.begin(), batch.changes.end(),
                                      [this](const Change& change) { return concerns_us(change); });
    if (batch.gap || concerns) return true;
  }
  return false;
}

bool LogFollower::concerns_us(const Change& change) const {
  switch (change.kind) {
    case Change::Kind::kRun:
      return change.run == settings_.run;
    case Change::Kind::kTask:
    case Change::Kind::kLog:
      return change.run == settings_.run && change.task == settings_.task;
    case Change::Kind::kSource:
    case Change::Kind::kPipelines:
      return false;
  }
  return false;
}

}  // namespace pawl::http
