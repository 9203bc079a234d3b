// Problem: a listener must serve people and webhooks within milliseconds while other clients send a
// byte every two seconds, never read, or come by the hundred (F15, F16), in few megabytes.
//
// Approach: cpp-httplib accepts, parses and frames. Its server's virtual process_and_close_socket()
// is where a connection comes over to us: it is admitted, or refused, by the accepting thread, waits
// for a thread of our bounded pool, and is then read and written through a stream with deadlines of
// ours.
//
// Rejected: cpp-httplib's own loop around a connection, which bounds single reads only and has no say
// in who is served; and a parser of our own over epoll, which needs no thread for a slow client, but
// is one more HTTP implementation to keep right.
#include "http/listener.h"

#include <fcntl.h>
#include <httplib.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <deque>
#include <exception>
#include <list>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "base/log.h"
#include "base/unique_fd.h"
#include "http/client_stream.h"
#include "http/crowd.h"
#include "http/exchange.h"
#include "http/peer.h"
#include "http/request_pool.h"
#include "http/steady_time.h"

namespace pawl::http {
namespace {

constexpr int kAcceptPauseMs = 100;

// Lets the accepting thread itself take a connection over.
class InlineQueue : public httplib::TaskQueue {
 public:
  bool enqueue(std::function<void()> take_over) override {
    take_over();
    return true;
  }
  void shutdown() override {}
};

class Server : public httplib::Server {
 public:
  using TakeOver = std::function<void(UniqueFd)>;

  explicit Server(TakeOver take_over) : take_over_(std::move(take_over)) {
    new_task_queue = [] { return new InlineQueue; };
    set_tcp_nodelay(true);
  }

  // Accepts from a copy of `fd` (cpp-httplib closes what it is given, on errors too) until it is shut
  // down or accepting fails.
  void accept_from(int fd) {
    stop();  // forgets an earlier failure
    svr_sock_ = ::fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (svr_sock_ >= 0) listen_after_bind();
  }

  [[nodiscard]] bool answer(ClientStream& stream, const Peer& peer, Exchange& exchange) {
    return process_request(stream, peer.address, 0, peer.local_address, 0, exchange.is_last,
                           exchange.is_last,
                           [&](httplib::Request& head) { exchange.on_head(head); });
  }

 private:
  bool process_and_close_socket(socket_t fd) override {
    take_over_(UniqueFd(fd));
    return true;
  }

  const TakeOver take_over_;
};

}  // namespace

class Listener::Impl {
 public:
  Impl(ListenerSettings settings, std::vector<ListenSocket> sockets, Handler handler);
  ~Impl();

  Result<void> start();

 private:
  struct Door {
    Door(ListenSocket listen_socket, Server::TakeOver take_over)
        : socket(std::move(listen_socket)), server(std::move(take_over)) {}
    ListenSocket socket;
    Server server;
    std::thread thread;
  };
  struct Client {
    UniqueFd fd;
    Peer peer;
    Crowd::Place place;
    Server* server = nullptr;
  };

  // The accepting threads.
  void accept_clients(Door& door);
  void admit(UniqueFd fd, Door& door);
  void refuse(UniqueFd fd, const Response& response);

  // The pool's threads.
  void serve(Client& client);
  void serve_requests(Client& client, ClientStream& stream);
  [[nodiscard]] Response handle(const Request& request) const;

  const ListenerSettings settings_;
  const Handler handler_;
  const ExchangeSettings exchange_settings_;
  ExchangeTotals totals_;
  UniqueFd stop_fd_;  // eventfd: readable for ever once stopping
  std::atomic<bool> stopping_{false};
  Crowd crowd_;
  RequestPool pool_;
  std::list<Door> doors_;

  struct Refused {
    UniqueFd fd;
    std::int64_t since_ms;
  };
  std::mutex refused_mutex_;
  std::deque<Refused> refused_;  // oldest first
};

Listener::Impl::Impl(ListenerSettings settings, std::vector<ListenSocket> sockets, Handler handler)
    : settings_(settings),
      handler_(std::move(handler)),
      exchange_settings_{settings.max_body_bytes, settings.buffered_bytes, settings.streams,
                         [this](const Request& request) { return handle(request); }},
      crowd_({settings.threads_max, settings.connections, settings.peer_connections,
              settings.evict_ms}),
      pool_({settings.threads, settings.threads_max, settings.queued, limits::kHttpThreadIdleMs}) {
  for (ListenSocket& socket : sockets) {
    Door& door = doors_.emplace_back(std::move(socket), [this, index = doors_.size()](UniqueFd fd) {
      admit(std::move(fd), *std::next(doors_.begin(), static_cast<std::ptrdiff_t>(index)));
    });
    Exchange::attach(door.server, settings_.max_body_bytes);
  }
}

Result<void> Listener::Impl::start() {
  stop_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!stop_fd_.is_open()) {
    return Error{ErrorKind::kExhausted,
                 "cannot start serving: " + std::string(std::strerror(errno)), ""};
  }
  try {
    for (Door& door : doors_) {
      // cpp-httplib waits in accept().
      const int flags = ::fcntl(door.socket.fd(), F_GETFL);
      ::fcntl(door.socket.fd(), F_SETFL, flags & ~O_NONBLOCK);
      door.thread = std::thread([this, &door] { accept_clients(door); });
    }
  } catch (const std::system_error& error) {
    return Error{ErrorKind::kExhausted, std::string("cannot start serving: ") + error.what(), ""};
  }
  return {};
}

Listener::Impl::~Impl() {
  stopping_ = true;
  const std::uint64_t one = 1;
  if (stop_fd_.is_open()) {
    [[maybe_unused]] const auto written = ::write(stop_fd_.get(), &one, sizeof one);
  }
  for (Door& door : doors_) {
    ::shutdown(door.socket.fd(), SHUT_RDWR);
    if (door.thread.joinable()) door.thread.join();
  }
  pool_.stop();
}

// cpp-httplib gives up on any error but "no more descriptors", also on those that concern one client.
void Listener::Impl::accept_clients(Door& door) {
  while (!stopping_) {
    door.server.accept_from(door.socket.fd());
    if (stopping_) return;
    log_warning("cannot accept connections for now", {{"address", door.socket.address()}});
    pollfd stop{stop_fd_.get(), POLLIN, 0};
    ::poll(&stop, 1, kAcceptPauseMs);
  }
}

void Listener::Impl::admit(UniqueFd fd, Door& door) {
  auto client = std::make_shared<Client>();
  client->peer = peer_of(fd.get(), door.socket.is_unix());
  client->server = &door.server;
  switch (crowd_.enter(fd.get(), client->peer, client->place)) {
    case Crowd::Verdict::kFull:
      return refuse(std::move(fd), problem(503, "too many connections"));
    case Crowd::Verdict::kPeerFull:
      return refuse(std::move(fd), problem(429, "too many connections from this address"));
    case Crowd::Verdict::kAdmitted:
      break;
  }
  client->fd = std::move(fd);
  if (pool_.try_submit([this, client] { serve(*client); })) return;
  crowd_.leave(client->place);
  refuse(std::move(client->fd), problem(503, "too many requests wait for an answer"));
}

// Closing at once would reset the connection while the client still sends, and it might never see
// the answer. It ends the connection by itself; if not, others that are refused push it out.
void Listener::Impl::refuse(UniqueFd fd, const Response& response) {
  const std::string text = last_answer(response);
  ::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::shutdown(fd.get(), SHUT_WR);
  const std::int64_t now_ms = steady_ms();
  std::lock_guard lock(refused_mutex_);
  while (!refused_.empty() && (refused_.size() >= settings_.lingering ||
                               now_ms - refused_.front().since_ms > settings_.linger_ms)) {
    refused_.pop_front();
  }
  refused_.push_back({std::move(fd), now_ms});
}

void Listener::Impl::serve(Client& client) {
  ClientStream stream(
      client.fd.get(), stop_fd_.get(),
      {settings_.read_ms, settings_.body_ms, settings_.write_ms, settings_.answer_ms}, crowd_,
      client.place);
  try {
    if (!stopping_) serve_requests(client, stream);
  } catch (const std::exception& error) {
    log_error("a connection failed", {{"error", error.what()}});
  }
  crowd_.leave(client.place);
  client.fd.reset();
}

void Listener::Impl::serve_requests(Client& client, ClientStream& stream) {
  if (!stream.wait_for_request(Crowd::State::kAwaited, settings_.read_ms)) return;
  bool has_unread = false;
  for (std::size_t served = 1;; ++served) {
    Exchange exchange(exchange_settings_, totals_, stream, client.peer,
                      served >= settings_.keep_alive_requests);
    const bool is_whole = client.server->answer(stream, client.peer, exchange);
    const ClientStream::Fault& fault = stream.fault();
    if (fault.status != 0 && !stream.has_written()) {
      stream.begin_answer();
      stream.write_all(last_answer(problem(fault.status, fault.detail)));
    }
    has_unread = stream.has_unread() || exchange.is_broken() || fault.status != 0;
    if (!is_whole || exchange.is_last || fault.status != 0 || stopping_) break;
    if (!stream.wait_for_request(Crowd::State::kIdle, settings_.idle_ms)) return;
  }
  if (has_unread && !stopping_) stream.linger(settings_.linger_ms);
}

Response Listener::Impl::handle(const Request& request) const {
  try {
    return handler_(request);
  } catch (const std::exception& error) {
    log_error("a request failed", {{"path", request.path}, {"error", error.what()}});
    return problem(500, "an internal error; the agent's log says more");
  }
}

Listener::Listener(ListenerSettings settings, std::vector<ListenSocket> sockets, Handler handler)
    : impl_(std::make_unique<Impl>(settings, std::move(sockets), std::move(handler))) {}
Listener::~Listener() = default;
Result<void> Listener::start() { return impl_->start(); }

}  // namespace pawl::http
