// An EventSink that keeps what was posted, in order, for a test to wait for and look at. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "ports/event_sink.h"

namespace pawl {

class RecordingSink : public EventSink {
 public:
  using Item = std::variant<Event, LogChunk>;

  bool post(Event event) override { return add(Item(std::move(event))); }
  bool post_log(LogChunk chunk) override { return add(Item(std::move(chunk))); }

  // From now on nothing is taken, as when the agent shuts down.
  void close() {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }

  [[nodiscard]] std::vector<Item> items() const {
    std::lock_guard lock(mutex_);
    return items_;
  }

  // All events of one kind, in order.
  template <typename Body>
  [[nodiscard]] std::vector<Body> events() const {
    std::lock_guard lock(mutex_);
    return events_locked<Body>();
  }

  // Waits until `count` events of that kind have come; false after a minute, when a test has failed.
  template <typename Body>
  [[nodiscard]] bool wait_for(std::size_t count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1),
                             [&] { return events_locked<Body>().size() >= count; });
  }

  // Waits until that text has come in the log's records, whole or across them.
  [[nodiscard]] bool wait_for_text(const std::string& text) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::minutes(1),
                             [&] { return text_locked(true).find(text) != std::string::npos; });
  }

  // Waits until something has come since the last call; false after a minute.
  [[nodiscard]] bool wait_for_more() {
    std::unique_lock lock(mutex_);
    const bool more =
        changed_.wait_for(lock, std::chrono::minutes(1), [&] { return items_.size() > seen_; });
    seen_ = items_.size();
    return more;
  }

  [[nodiscard]] std::vector<LogRecord> records() const {
    std::lock_guard lock(mutex_);
    std::vector<LogRecord> records;
    for (const Item& item : items_) {
      const auto* chunk = std::get_if<LogChunk>(&item);
      if (chunk == nullptr) continue;
      records.insert(records.end(), chunk->records.begin(), chunk->records.end());
    }
    return records;
  }

  // The task's own output, or pawl's notes.
  [[nodiscard]] std::string output() const {
    std::lock_guard lock(mutex_);
    return text_locked(false);
  }
  [[nodiscard]] std::string notes() const {
    std::string text;
    for (const LogRecord& record : records()) {
      if (record.stream == LogStream::kPawl) text += record.text;
    }
    return text;
  }

 private:
  bool add(Item item) {
    std::lock_guard lock(mutex_);
    if (closed_) return false;
    items_.push_back(std::move(item));
    changed_.notify_all();
    return true;
  }

  template <typename Body>
  [[nodiscard]] std::vector<Body> events_locked() const {
    std::vector<Body> found;
    for (const Item& item : items_) {
      const auto* event = std::get_if<Event>(&item);
      if (event == nullptr) continue;
      if (const auto* body = std::get_if<Body>(&event->body)) found.push_back(*body);
    }
    return found;
  }

  [[nodiscard]] std::string text_locked(bool with_notes) const {
    std::string text;
    for (const Item& item : items_) {
      const auto* chunk = std::get_if<LogChunk>(&item);
      if (chunk == nullptr) continue;
      for (const LogRecord& record : chunk->records) {
        if (with_notes || record.stream != LogStream::kPawl) text += record.text;
      }
    }
    return text;
  }

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Item> items_;
  std::size_t seen_ = 0;  // by wait_for_more()
  bool closed_ = false;
};

}  // namespace pawl
