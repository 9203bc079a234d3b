#include "http/client_stream.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "http/steady_time.h"
#include "model/limits.h"

namespace pawl::http {
namespace {

// What cpp-httplib decodes to "%" again in a header's value.
constexpr std::string_view kEscapeRest = "25";
// Around the target: the longest method, two spaces, the version.
constexpr std::size_t kRequestLineRest = 64;

}  // namespace

bool ClientStream::wait_for_request(Crowd::State state, std::int64_t patience_ms) {
  phase_ = Phase::kHead;
  head_bytes_ = 0;
  is_request_line_ = true;
  previous_ = 0;
  escape_ = {};
  has_written_ = false;
  since_ms_ = steady_ms();
  deadline_ms_ = since_ms_ + patience_ms;
  if (at_ == end_) {
    crowd_.set_state(place_, state);
    // Those who came before the state was set could not have this client dropped: it goes unless its
    // next request is there already.
    if (state == Crowd::State::kIdle && crowd_.is_crowded()) deadline_ms_ = since_ms_;
    if (!fill()) return false;
  }
  crowd_.set_state(place_, Crowd::State::kAwaited);
  since_ms_ = steady_ms();
  deadline_ms_ = since_ms_ + deadlines_.head_ms;
  return true;
}

void ClientStream::begin_body() {
  phase_ = Phase::kBody;
  deadline_ms_ = steady_ms() + deadlines_.body_ms;
}

void ClientStream::begin_handling() {
  phase_ = Phase::kHandling;
  crowd_.set_state(place_, Crowd::State::kBusy);
}

void ClientStream::begin_answer() {
  phase_ = Phase::kAnswer;
  since_ms_ = steady_ms();
  deadline_ms_ = since_ms_ + deadlines_.answer_ms;
}

void ClientStream::begin_piece() {
  phase_ = Phase::kStream;
  deadline_ms_ = steady_ms() + deadlines_.write_ms;
}

void ClientStream::linger(std::int64_t patience_ms) {
  if (is_over_) return;
  ::shutdown(fd_, SHUT_WR);
  crowd_.set_state(place_, Crowd::State::kIdle);
  if (crowd_.is_crowded()) return;
  phase_ = Phase::kHead;
  deadline_ms_ = steady_ms() + patience_ms;
  while (receive(buffer_.data(), buffer_.size()) > 0) {
  }
}

void ClientStream::fail(int status, std::string_view detail) {
  if (fault_.status == 0) fault_ = {status, detail};
}

ssize_t ClientStream::read(char* data, size_t size) {
  const bool is_answering = phase_ == Phase::kAnswer || phase_ == Phase::kStream;
  if (fault_.status != 0 || is_answering || size == 0) return -1;
  if (phase_ == Phase::kHead && !escape_.empty()) {
    *data = escape_.front();
    escape_.remove_prefix(1);
    return 1;
  }
  if (at_ == end_) {
    if (phase_ != Phase::kHead && size >= buffer_.size()) return receive(data, size);
    if (!fill()) return -1;
  }
  if (phase_ != Phase::kHead) {
    const std::size_t count = std::min(size, end_ - at_);
    std::memcpy(data, buffer_.data() + at_, count);
    at_ += count;
    return static_cast<ssize_t>(count);
  }
  const char c = buffer_[at_++];
  if (!check_head_byte(c)) return -1;
  if (c == '%' && !is_request_line_) escape_ = kEscapeRest;
  *data = c;
  return 1;
}

// A client that speaks something else (TLS, say) is told at once and not after a deadline.
bool ClientStream::check_head_byte(char c) {
  const auto byte = static_cast<unsigned char>(c);
  ++head_bytes_;
  if (head_bytes_ == 1 && (c < 'A' || c > 'Z')) {
    fail(400, "this is not HTTP/1.1; pawl speaks no TLS here");
  } else if (is_request_line_ && head_bytes_ > limits::kHttpTargetBytes + kRequestLineRest) {
    fail(414, "the request line is too long");
  } else if (head_bytes_ > limits::kHttpHeadBytes) {
    fail(431, "the request head is too long");
  } else if ((c == '\n') != (previous_ == '\r')) {
    fail(400, "a line of the request head does not end with CR LF");
  } else if ((byte < 0x20 && c != '\r' && c != '\n' && c != '\t') || byte == 0x7f) {
    fail(400, "the request head has control characters");
  } else if (is_request_line_ && (byte > 0x7f || c == '#')) {
    fail(400, "the target is no absolute path of visible ASCII characters");
  }
  if (c == '\n') is_request_line_ = false;
  previous_ = c;
  return fault_.status == 0;
}

bool ClientStream::fill() {
  const ssize_t count = receive(buffer_.data(), buffer_.size());
  at_ = 0;
  end_ = count > 0 ? static_cast<std::size_t>(count) : 0;
  return count > 0;
}

ssize_t ClientStream::receive(char* data, std::size_t size) {
  while (!is_over_) {
    const ssize_t count = ::recv(fd_, data, size, MSG_DONTWAIT);
    if (count > 0) return count;
    if (count < 0 && errno == EINTR) continue;
    if (count == 0 || errno != EAGAIN) {
      is_over_ = true;
      break;
    }
    const Ready ready = wait(POLLIN, deadline_ms_);
    if (ready == Ready::kLate) fail(408, "the request did not arrive in time");
    if (ready != Ready::kYes) return -1;
  }
  return -1;
}

ssize_t ClientStream::write(const char* data, size_t size) {
  has_written_ = true;
  while (!is_over_) {
    const ssize_t count = ::send(fd_, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count >= 0) return count;
    if (errno == EINTR) continue;
    if (errno != EAGAIN) break;
    if (phase_ == Phase::kAnswer) {
      since_ms_ = steady_ms();
      crowd_.set_state(place_, Crowd::State::kAwaited);
    }
    const std::int64_t patience_ms = steady_ms() + deadlines_.write_ms;
    if (wait(POLLOUT, std::min(deadline_ms_, patience_ms)) != Ready::kYes) break;
  }
  is_over_ = true;
  return -1;
}

void ClientStream::write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = write(bytes.data(), bytes.size());
    if (count < 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

// Gives up early, once it is late, if others wait for this thread. At the server's end, an answer
// under way gets a moment more, everything else ends.
ClientStream::Ready ClientStream::wait(short events, std::int64_t deadline_ms) {
  bool stops = false;
  while (true) {
    const std::int64_t now_ms = steady_ms();
    const std::int64_t late_ms = since_ms_ + crowd_.late_ms();
    const bool can_yield = phase_ != Phase::kStream;
    if (now_ms >= deadline_ms) return Ready::kLate;
    if (can_yield && now_ms >= late_ms && crowd_.is_crowded()) break;
    const std::int64_t next_ms = can_yield && now_ms < late_ms ? late_ms : deadline_ms;
    std::array<pollfd, 2> fds = {{{fd_, events, 0}, {stops ? -1 : stop_fd_, POLLIN, 0}}};
    const auto wait_ms = static_cast<int>(std::min(next_ms, deadline_ms) - now_ms);
    if (::poll(fds.data(), fds.size(), wait_ms) < 0 && errno != EINTR) break;
    if (fds[1].revents != 0) {
      if (phase_ != Phase::kAnswer) break;
      stops = true;
      deadline_ms = std::min(deadline_ms, steady_ms() + limits::kHttpShutdownMs);
      deadline_ms_ = deadline_ms;
    }
    if (fds[0].revents != 0) return Ready::kYes;
  }
  is_over_ = true;
  return Ready::kOver;
}

// POLLRDHUP: clients of ours close at once and never half; a thread is worth more than the exception.
bool ClientStream::is_peer_alive() const {
  if (is_over_) return false;
  std::array<pollfd, 2> fds = {{{fd_, POLLRDHUP, 0}, {stop_fd_, POLLIN, 0}}};
  return ::poll(fds.data(), fds.size(), 0) == 0;
}

}  // namespace pawl::http
