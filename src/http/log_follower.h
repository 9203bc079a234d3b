// The stored log of one task as a stream: what is there and, when following, what comes, until the
// attempt is final and all of it was sent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "http/message.h"
#include "ports/control.h"
#include "ports/store.h"

namespace pawl::http {

// A place in a task's log, for people to hand back: "ATTEMPT-CHUNK-RECORD".
struct TaskLogCursor {
  std::uint32_t attempt = 0;
  LogCursor at;

  [[nodiscard]] std::string text() const;
  [[nodiscard]] static std::optional<TaskLogCursor> parse(std::string_view text);
};

// The number of the newest attempt of that task; 0 when there is none.
[[nodiscard]] std::uint32_t last_attempt(const RunDetail& detail, std::uint32_t task);

class LogFollower {
 public:
  struct Settings {
    RunId run;
    std::uint32_t task = 0;
    TaskLogCursor from;  // attempt 0: the first one to come
    bool follow = false;
    bool later_attempts = true;  // go on with a retry
    bool as_json = false;        // application/x-ndjson, else the raw text
  };
  // Both references must outlive this.
  LogFollower(Control& control, const StoreReader& store, Settings settings)
      : control_(control), store_(store), settings_(settings), cursor_(settings.from) {}

  // False when it broke off: the client is gone, the agent stops, or the store failed. No store
  // transaction is open while it writes or waits.
  [[nodiscard]] bool run(StreamWriter& out);

 private:
  [[nodiscard]] bool follow(StreamWriter& out);
  [[nodiscard]] bool send_stored(StreamWriter& out);
  [[nodiscard]] bool wait_for_change(StreamWriter& out);
  [[nodiscard]] bool concerns_us(const Change& change) const;

  Control& control_;
  const StoreReader& store_;
  const Settings settings_;
  TaskLogCursor cursor_;
  std::uint64_t seen_ = 0;  // sequence of changes
};

}  // namespace pawl::http
