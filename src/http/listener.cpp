// Problem: a listener must serve people and webhooks within milliseconds while other clients send a
// byte every two seconds, never read, or come by the hundred (F15, F16), in few megabytes.
//
// Approach: one epoll loop owns every connection and reads whole requests; a bounded pool only sees
// complete ones. Connections of one state share one deadline, so that each state's list is in the
// order of expiry and a tick looks at list heads only. Descriptors are armed one-shot: while a
// connection is lent to the pool, nothing about it can wake the loop.
//
// Rejected: cpp-httplib's server. It gives a thread to every connection from its first byte to its
// last idle second and bounds single reads only, so that as many slow clients as it has threads stop
// it; it also skips malformed header lines and decodes paths before they are split. Its client, which has
// none of these troubles, serves the CLI (client.cpp).
#include "http/listener.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <limits>
#include <system_error>

#include "base/log.h"
#include "http/steady_time.h"

namespace pawl::http {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;
constexpr std::size_t kEventBatch = 64;

void signal_event(int fd) {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then it is signalled.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

}  // namespace

Listener::Listener(ListenerSettings settings, std::vector<ListenSocket> sockets, Handler handler)
    : settings_(settings),
      handler_(std::move(handler)),
      pool_({settings.threads, settings.threads_max, settings.queued, limits::kHttpThreadIdleMs}) {
  for (ListenSocket& socket : sockets) accepting_.emplace_back(std::move(socket));
}

Result<void> Listener::start() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  wake_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  stop_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_.is_open() || !wake_fd_.is_open() || !stop_fd_.is_open()) {
    return Error{ErrorKind::kExhausted,
                 "cannot start serving: " + std::string(std::strerror(errno)), ""};
  }
  scratch_.resize(kScratchBytes);
  watch(wake_, wake_fd_.get(), EPOLLIN, EPOLL_CTL_ADD);
  for (Accepting& accepting : accepting_) {
    watch(accepting, accepting.socket.fd(), EPOLLIN, EPOLL_CTL_ADD);
  }
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    return Error{ErrorKind::kExhausted, std::string("cannot start serving: ") + error.what(), ""};
  }
  return {};
}

Listener::~Listener() {
  if (!thread_.joinable()) return;
  stopping_ = true;
  signal_event(stop_fd_.get());
  signal_event(wake_fd_.get());
  thread_.join();
  pool_.stop();
}

void Listener::run() {
  std::array<epoll_event, kEventBatch> events{};
  while (true) {
    const int count =
        ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), wait_ms());
    now_ms_ = steady_ms();
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      dispatch(*static_cast<Pollable*>(event.data.ptr), event.events);
    }
    take_finished();
    if (stopping_ && !drain_begun_) begin_stop();
    expire();
    connections_[static_cast<std::size_t>(State::kDead)].clear();
    if (drain_begun_ && is_drained()) return;
  }
}

void Listener::dispatch(Pollable& pollable, std::uint32_t events) {
  if (pollable.kind == Pollable::Kind::kWake) {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto drained = ::read(wake_fd_.get(), &count, sizeof count);
    return;
  }
  if (pollable.kind == Pollable::Kind::kListening) {
    accept_clients(static_cast<Accepting&>(pollable));
    return;
  }
  auto& connection = static_cast<Connection&>(pollable);
  switch (connection.state) {
    case State::kHead:
    case State::kBody:
    case State::kIdle:
    case State::kLingering:
      return on_readable(connection);
    case State::kWriting:
      if ((events & (EPOLLERR | EPOLLHUP)) != 0) return close(connection);
      return send_answer(connection);
    case State::kBusy:
    case State::kDead:
      return;  // an event of the same batch came first
  }
}

void Listener::take_finished() {
  std::vector<Connection*> finished;
  {
    std::lock_guard lock(finished_mutex_);
    finished.swap(finished_);
  }
  for (Connection* connection : finished) {
    buffered_ -= connection->charged;
    connection->charged = 0;
    connection->answer_deadline_ms = now_ms_ + settings_.answer_ms;
    if (connection->is_gone) {
      close(*connection);
    } else {
      send_answer(*connection);
    }
  }
}

void Listener::begin_stop() {
  drain_begun_ = true;
  for (Accepting& accepting : accepting_) unwatch(accepting.socket.fd());
  accepting_.clear();
  accept_again_ms_ = 0;
  for (State state : {State::kHead, State::kBody, State::kIdle, State::kLingering}) {
    auto& list = connections_[static_cast<std::size_t>(state)];
    while (!list.empty()) close(list.front());
  }
  for (Connection& connection : connections_[static_cast<std::size_t>(State::kWriting)]) {
    connection.since_ms = now_ms_;
    connection.keep_alive = false;
  }
}

bool Listener::is_drained() const {
  return std::all_of(connections_.begin(), connections_.end(),
                     [](const std::list<Connection>& list) { return list.empty(); });
}

std::int64_t Listener::duration_ms(State state) const {
  switch (state) {
    case State::kHead:
      return settings_.read_ms;
    case State::kBody:
      return settings_.body_ms;
    case State::kIdle:
      return settings_.idle_ms;
    case State::kWriting:
      return drain_begun_ ? limits::kHttpShutdownMs : settings_.write_ms;
    case State::kLingering:
      return drain_begun_ ? 0 : settings_.linger_ms;
    case State::kBusy:
    case State::kDead:
      break;
  }
  return std::numeric_limits<std::int64_t>::max() / 2;
}

int Listener::wait_ms() const {
  std::int64_t next_ms = std::numeric_limits<std::int64_t>::max();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto state = static_cast<State>(i);
    if (state == State::kBusy || state == State::kDead || connections_[i].empty()) continue;
    next_ms = std::min(next_ms, connections_[i].front().since_ms + duration_ms(state));
  }
  if (accept_again_ms_ > 0) next_ms = std::min(next_ms, accept_again_ms_);
  if (next_ms == std::numeric_limits<std::int64_t>::max()) return -1;
  return static_cast<int>(std::clamp<std::int64_t>(next_ms - steady_ms(), 0, 60'000));
}

void Listener::expire() {
  if (accept_again_ms_ > 0 && accept_again_ms_ <= now_ms_) resume_accepting();
  for (std::size_t i = 0; i < connections_.size(); ++i) {
    const auto state = static_cast<State>(i);
    if (state == State::kBusy || state == State::kDead) continue;
    auto& list = connections_[i];
    while (!list.empty() && list.front().since_ms + duration_ms(state) <= now_ms_) {
      expire(list.front());
    }
  }
}

// Takes the connection out of the state it is in.
void Listener::expire(Connection& connection) {
  const bool has_begun = connection.state == State::kBody || !connection.input.empty();
  if (connection.state == State::kHead && !has_begun) return close(connection);
  if (connection.state == State::kHead || connection.state == State::kBody) {
    return refuse(connection, 408, "the request did not arrive in time");
  }
  close(connection);
}

void Listener::watch(Pollable& pollable, int fd, std::uint32_t events, int operation) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = &pollable;
  // With valid descriptors only ENOMEM and the user's watch limit are left; the deadline then closes
  // the connection.
  if (::epoll_ctl(epoll_.get(), operation, fd, &event) != 0) {
    log_warning("cannot watch a connection", {{"error", std::strerror(errno)}});
  }
}

// Closing would do, if no child between fork and exec could still hold a copy of the descriptor.
void Listener::unwatch(int fd) { ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr); }

void Listener::arm(Connection& connection, std::uint32_t events) {
  watch(connection, connection.fd.get(), events | EPOLLONESHOT, EPOLL_CTL_MOD);
}

void Listener::enter(Connection& connection, State state) {
  auto& from = connections_[static_cast<std::size_t>(connection.state)];
  auto& to = connections_[static_cast<std::size_t>(state)];
  to.splice(to.end(), from, connection.self);
  connection.state = state;
  connection.since_ms = now_ms_;
}

void Listener::close(Connection& connection) {
  if (connection.state == State::kDead) return;
  buffered_ -= connection.charged;
  connection.charged = 0;
  if (connection.is_extra) {
    --extra_;
  } else {
    --admitted_;
    const auto peer = peers_.find(connection.peer.address);
    if (peer != peers_.end() && --peer->second == 0) peers_.erase(peer);
  }
  unwatch(connection.fd.get());
  connection.fd.reset();
  enter(connection, State::kDead);
  if (accept_again_ms_ > 0 && !drain_begun_) resume_accepting();
}

}  // namespace pawl::http
