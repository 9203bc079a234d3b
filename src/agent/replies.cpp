#include "agent/replies.h"

#include <chrono>

namespace pawl {

RequestId Replies::open() {
  std::lock_guard lock(mutex_);
  open_.emplace(++last_, std::nullopt);
  return last_;
}

Result<Reply> Replies::wait(RequestId request, std::int64_t timeout_ms) {
  std::unique_lock lock(mutex_);
  const auto place = open_.find(request);
  PAWL_ASSERT(place != open_.end());
  answered_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                     [&] { return closed_ || place->second.has_value(); });
  std::optional<Reply> reply = std::move(place->second);
  open_.erase(place);
  if (reply) return std::move(*reply);
  if (closed_) return Error{ErrorKind::kUnavailable, "the agent is stopping", {}};
  return Error{ErrorKind::kTimeout,
               "the agent did not answer in time; it is not known whether the request was taken: "
               "repeat it with the same key",
               {}};
}

void Replies::abandon(RequestId request) {
  std::lock_guard lock(mutex_);
  open_.erase(request);
}

void Replies::answer(Reply reply) {
  {
    std::lock_guard lock(mutex_);
    const auto place = open_.find(reply.request);
    if (place == open_.end()) return;
    place->second = std::move(reply);
  }
  // Many callers can share one commit; each looks for its own answer.
  answered_.notify_all();
}

void Replies::close() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
  }
  answered_.notify_all();
}

}  // namespace pawl
