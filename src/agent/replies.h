// Callers that wait for the loop's answer to their request. Any thread.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>

#include "model/command.h"

namespace pawl {

class Replies {
 public:
  // A number to put into the event.
  [[nodiscard]] RequestId open();
  // Waits for the answer; kTimeout after `timeout_ms`, kUnavailable once closed. Ends the request.
  [[nodiscard]] Result<Reply> wait(RequestId request, std::int64_t timeout_ms);
  // The request was never handed over.
  void abandon(RequestId request);
  // From the loop. An answer that nobody waits for any more is dropped.
  void answer(Reply reply);
  void close();

 private:
  std::mutex mutex_;
  std::condition_variable answered_;
  std::map<RequestId, std::optional<Reply>> open_;
  RequestId last_ = 0;
  bool closed_ = false;
};

}  // namespace pawl
