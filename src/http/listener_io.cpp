// From bytes to a request, to a thread of the pool, and back to bytes.
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <cerrno>
#include <exception>

#include "base/log.h"
#include "http/listener.h"
#include "http/stream_writer.h"

namespace pawl::http {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

void Listener::on_readable(Connection& connection) {
  while (true) {
    const ssize_t count = ::recv(connection.fd.get(), scratch_.data(), scratch_.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) break;
    // A request that ends half-way needs no answer.
    if (count <= 0) return close(connection);
    if (connection.state == State::kLingering) break;
    feed(connection, std::string_view(scratch_.data(), static_cast<std::size_t>(count)));
    const bool is_reading = connection.state == State::kHead || connection.state == State::kBody;
    if (!is_reading) return;
    if (static_cast<std::size_t>(count) < scratch_.size()) break;
  }
  arm(connection, EPOLLIN);
}

// Gives the parser what is there. The connection stays in a reading state only when more is needed.
void Listener::feed(Connection& connection, std::string_view bytes) {
  RequestParser& parser = connection.parser;
  if (connection.input.empty()) {
    const std::size_t used = parser.consume(bytes);
    connection.input.assign(bytes.substr(used));
  } else {
    connection.input.append(bytes);
    connection.input.erase(0, parser.consume(connection.input));
  }
  charge(connection);
  if (parser.state() == RequestParser::State::kFailed) {
    return refuse(connection, parser.error_status(), parser.error_detail());
  }
  if (parser.state() == RequestParser::State::kDone) return on_request(connection);
  if (buffered_ > settings_.buffered_bytes) {
    return refuse(connection, 503, "too many requests are being received");
  }
  const State state = parser.state() == RequestParser::State::kHead ? State::kHead : State::kBody;
  if (connection.state != state) enter(connection, state);
  if (state == State::kBody && parser.take_expects_continue() && parser.body_bytes() == 0) {
    // It fits: nothing else is under way on this connection. If not, the client does without.
    [[maybe_unused]] const auto sent =
        ::send(connection.fd.get(), kContinue.data(), kContinue.size(), MSG_NOSIGNAL);
  }
}

void Listener::charge(Connection& connection) {
  buffered_ -= connection.charged;
  connection.charged = connection.input.size() + connection.parser.body_bytes();
  buffered_ += connection.charged;
}

void Listener::on_request(Connection& connection) {
  connection.request = connection.parser.take_request();
  connection.request.peer = connection.peer;
  connection.keep_alive = connection.request.keep_alive;
  enter(connection, State::kBusy);
  if (pool_.try_submit([this, &connection] { serve(connection); })) return;
  refuse(connection, 503, "too many requests wait for an answer");
}

// The last answer on this connection; the client may still be sending.
void Listener::refuse(Connection& connection, int status, std::string_view detail) {
  Response response = problem(status, detail);
  connection.keep_alive = false;
  connection.linger = true;
  connection.output = serialize_head(response, false, false) + response.body;
  connection.sent = 0;
  connection.answer_deadline_ms = now_ms_ + settings_.answer_ms;
  connection.input.clear();
  buffered_ -= connection.charged;
  connection.charged = 0;
  send_answer(connection);
}

void Listener::send_answer(Connection& connection) {
  const std::size_t before = connection.sent;
  if (!connection.flush()) return close(connection);
  if (!connection.has_output()) return on_answered(connection);
  if (now_ms_ >= connection.answer_deadline_ms) return close(connection);
  // Its deadline starts anew with every byte the client takes.
  if (connection.state != State::kWriting || connection.sent != before) {
    enter(connection, State::kWriting);
  }
  arm(connection, EPOLLOUT);
}

void Listener::on_answered(Connection& connection) {
  connection.output = {};
  connection.sent = 0;
  connection.request = {};
  ++connection.requests;
  if (drain_begun_) return close(connection);
  if (!connection.keep_alive) {
    // Closing while bytes are unread makes the kernel reset the connection, and the client may
    // never see the answer: say that this was all, and wait a moment for it to hang up.
    if (!connection.linger && connection.input.empty()) return close(connection);
    ::shutdown(connection.fd.get(), SHUT_WR);
    connection.input = {};
    enter(connection, State::kLingering);
    return arm(connection, EPOLLIN);
  }
  if (connection.input.empty()) {
    connection.input = {};
    enter(connection, State::kIdle);
    return arm(connection, EPOLLIN);
  }
  enter(connection, State::kHead);
  feed(connection, {});
  if (connection.state == State::kHead || connection.state == State::kBody) {
    arm(connection, EPOLLIN);
  }
}

// --- the pool's threads ---

void Listener::serve(Connection& connection) {
  const Request& request = connection.request;
  Response response = handle(request);
  const bool is_head = request.method == "HEAD";
  if (response.stream && is_head) {
    response.stream = nullptr;
    response.is_streamed_head = true;
  }
  if (response.stream && streams_.fetch_add(1) >= settings_.streams) {
    --streams_;
    response = problem(503, "too many live streams are open; close one, or try again later");
  }
  const bool is_last = connection.requests + 1 >= settings_.keep_alive_requests || stopping_ ||
                       (response.stream && request.is_http_1_0);
  if (is_last) connection.keep_alive = false;
  if (response.stream) {
    connection.is_gone = !serve_stream(connection, response);
    --streams_;
    return hand_back(connection);
  }
  connection.output = serialize_head(response, request.is_http_1_0, connection.keep_alive);
  if (!is_head) connection.output += response.body;
  connection.sent = 0;
  connection.is_gone = !connection.flush();
  hand_back(connection);
}

Response Listener::handle(const Request& request) const {
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    log_error("a request failed", {{"path", request.path}, {"error", error.what()}});
    return problem(500, "an internal error; the agent's log says more");
  }
}

// False: the client did not get all of it, and the connection cannot go on.
bool Listener::serve_stream(Connection& connection, const Response& response) {
  const bool is_chunked = !connection.request.is_http_1_0;
  SocketStreamWriter writer(connection.fd.get(), stop_fd_.get(), is_chunked);
  if (!writer.write_raw(
          serialize_head(response, connection.request.is_http_1_0, connection.keep_alive))) {
    return false;
  }
  try {
    if (!response.stream(writer)) return false;
  } catch (const std::exception& error) {
    log_error("a stream failed", {{"path", connection.request.path}, {"error", error.what()}});
    return false;
  }
  return writer.is_open() && writer.finish();
}

void Listener::hand_back(Connection& connection) {
  bool is_first = false;
  {
    std::lock_guard lock(finished_mutex_);
    is_first = finished_.empty();
    finished_.push_back(&connection);
  }
  if (!is_first) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto written = ::write(wake_fd_.get(), &one, sizeof one);
}

}  // namespace pawl::http
