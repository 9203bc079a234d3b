// Blots a task's secrets out of its log while it is followed: each stretch of bytes that belongs to a spelling of a
// secret (secret_patterns.h) becomes "***". stdout and stderr are streams of their own; within one, it makes no difference how
// the bytes are cut into records.
//
// A record whose end may be a secret's beginning is held back until the next one of its stream tells, and all after it,
// so that the order stays. What is held is bounded (limits::kRedactHeldBytes): past it the oldest record is let go, with
// what may be a secret's beginning blotted out.
//
// One thread, but redact() any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "exec/pattern_search.h"
#include "model/log_chunk.h"

namespace pawl {

class Redactor {
 public:
  explicit Redactor(const std::vector<std::string>& patterns) : search_(patterns) {}

  // A text that is whole.
  [[nodiscard]] std::string redact(std::string_view text) const;

  // The stream's next record. `known`: it was stored before, and is looked at for what it begins only; it does not
  // come out of next().
  void take(LogRecord&& record, bool known = false);
  // The oldest record that is decided upon, in the order in which they were taken; nothing: there is none now.
  [[nodiscard]] std::optional<LogRecord> next();

  // Nothing follows: what has begun is no secret.
  void finish();
  // A part is missing here: what has begun may have been a secret's beginning, and is blotted out.
  void cut();
  // As if nothing had been taken. What is held is dropped.
  void reset();

  [[nodiscard]] bool holds_any() const { return !held_.empty(); }

 private:
  // Offsets count a stream's bytes.
  struct Stretch {
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
  };
  struct Stream {
    PatternSearch::Place place = 0;
    std::uint64_t end = 0;      // of what was taken
    std::uint64_t decided = 0;  // no later match begins before
    std::deque<Stretch> blots;  // apart from each other, in order; those that are still needed
  };
  struct Held {
    LogRecord record;
    std::uint64_t begin = 0;
    bool known = false;
    [[nodiscard]] std::uint64_t end() const { return begin + record.text.size(); }
  };

  void scan(Stream& stream, std::string_view bytes) const;
  static void blot(Stream& stream, std::uint64_t begin, std::uint64_t end);
  [[nodiscard]] static std::string blotted(std::string_view text, std::uint64_t begin,
                                           const std::deque<Stretch>& blots);
  [[nodiscard]] Stream& stream_of(LogStream stream) {
    return stream == LogStream::kStderr ? stderr_ : stdout_;
  }

  const PatternSearch search_;
  Stream stdout_;
  Stream stderr_;
  std::deque<Held> held_;
  std::size_t held_bytes_ = 0;
};

}  // namespace pawl
