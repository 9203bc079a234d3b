// Who is let in. Over a bound, somebody who has been idle, or late with a request, gives way to the
// newcomer: a crowd of slow clients then ages out instead of keeping everybody else out. When nobody
// can give way, the newcomer gets a 503.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "http/listener.h"

namespace pawl::http {
namespace {

// Few at once: those already in must get their turn while a crowd knocks.
constexpr int kAcceptBatch = 16;
constexpr std::int64_t kAcceptPauseMs = 1'000;

}  // namespace

void Listener::accept_clients(Accepting& accepting) {
  if (accept_again_ms_ > 0 || drain_begun_) return;
  for (int i = 0; i < kAcceptBatch; ++i) {
    UniqueFd client(
        ::accept4(accepting.socket.fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (client.is_open()) {
      admit(std::move(client), accepting.socket.is_unix());
      continue;
    }
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      if (evict_one()) continue;
      // The connection stays in the queue: without a pause the loop would spin on it.
      log_warning("cannot accept connections for now", {{"error", std::strerror(errno)}});
      return pause_accepting();
    }
    // Anything else but an empty queue is about that one client.
    if (errno == EAGAIN) return;
  }
}

void Listener::admit(UniqueFd client, bool is_unix) {
  Peer peer = peer_of(client.get(), is_unix);
  const bool counts = !is_unix && !peer.is_loopback;
  if (counts) {
    const auto known = peers_.find(peer.address);
    if (known != peers_.end() && known->second >= settings_.peer_connections) {
      return admit_extra(std::move(client), std::move(peer), 429,
                         "too many connections from this address");
    }
  }
  if (admitted_ >= settings_.connections && !evict_one()) {
    return admit_extra(std::move(client), std::move(peer), 503, "too many connections");
  }
  if (!is_unix) {
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  if (counts) ++peers_[peer.address];
  ++admitted_;
  auto& list = connections_[static_cast<std::size_t>(State::kHead)];
  list.emplace_back(std::move(client), std::move(peer), settings_.max_body_bytes);
  Connection& connection = list.back();
  connection.self = std::prev(list.end());
  connection.since_ms = now_ms_;
  watch(connection, connection.fd.get(), EPOLLIN | EPOLLONESHOT, EPOLL_CTL_ADD);
}

void Listener::admit_extra(UniqueFd client, Peer peer, int status, std::string_view detail) {
  if (extra_ >= settings_.lingering) return;
  ++extra_;
  auto& list = connections_[static_cast<std::size_t>(State::kHead)];
  list.emplace_back(std::move(client), std::move(peer), settings_.max_body_bytes);
  Connection& connection = list.back();
  connection.self = std::prev(list.end());
  connection.is_extra = true;
  connection.since_ms = now_ms_;
  watch(connection, connection.fd.get(), EPOLLONESHOT, EPOLL_CTL_ADD);
  refuse(connection, status, detail);
}

bool Listener::evict_one() {
  auto& idle = connections_[static_cast<std::size_t>(State::kIdle)];
  if (!idle.empty()) {
    close(idle.front());
    return true;
  }
  for (Connection& connection : connections_[static_cast<std::size_t>(State::kHead)]) {
    if (connection.since_ms + settings_.evict_ms > now_ms_) return false;
    if (connection.is_extra) continue;
    close(connection);
    return true;
  }
  return false;
}

void Listener::pause_accepting() {
  accept_again_ms_ = now_ms_ + kAcceptPauseMs;
  for (Accepting& accepting : accepting_) {
    watch(accepting, accepting.socket.fd(), 0, EPOLL_CTL_MOD);
  }
}

void Listener::resume_accepting() {
  accept_again_ms_ = 0;
  for (Accepting& accepting : accepting_) {
    watch(accepting, accepting.socket.fd(), EPOLLIN, EPOLL_CTL_MOD);
  }
}

}  // namespace pawl::http
