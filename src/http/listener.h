// One set of listening sockets with its connections, its loop and its pool of threads.
//
// One thread waits for all sockets (epoll) and reads requests; a thread of the pool gets a request
// only when all of it has arrived, and gives the connection back with its answer: a client that
// dribbles bytes, or never reads its answer, costs memory (bounded) and no thread. Only streams hold
// a thread as long as they live; their number is bounded too.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "http/connection.h"
#include "http/listen_socket.h"
#include "http/message.h"
#include "http/request_pool.h"
#include "model/limits.h"

namespace pawl::http {

// Bounds; the defaults are those of model/limits.h, which says what each is for.
struct ListenerSettings {
  std::size_t max_body_bytes = limits::kApiBodyBytes;
  std::size_t threads = limits::kHttpThreads;
  std::size_t threads_max = limits::kHttpThreadsMax;
  std::size_t queued = limits::kHttpQueued;
  std::size_t streams = limits::kStreams;
  std::size_t connections = limits::kHttpConnections;
  std::size_t peer_connections = limits::kHttpPeerConnections;
  std::size_t lingering = limits::kHttpLingering;
  std::size_t buffered_bytes = limits::kHttpBufferedBytes;
  std::size_t keep_alive_requests = limits::kHttpKeepAliveRequests;
  std::int64_t read_ms = limits::kHttpReadMs;
  std::int64_t body_ms = limits::kHttpBodyMs;
  std::int64_t evict_ms = limits::kHttpEvictMs;
  std::int64_t idle_ms = limits::kHttpIdleMs;
  std::int64_t write_ms = limits::kHttpWriteMs;
  std::int64_t answer_ms = limits::kHttpAnswerMs;
  std::int64_t linger_ms = limits::kHttpLingerMs;
};

class Listener {
 public:
  // Called by several threads at once. Must not throw on purpose; what is thrown becomes a 500.
  using Handler = std::function<Response(const Request&)>;

  Listener(ListenerSettings settings, std::vector<ListenSocket> sockets, Handler handler);
  // Stops accepting, ends streams, waits for handlers under way and a moment for their answers.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // kExhausted: the system has no descriptors or threads left.
  [[nodiscard]] Result<void> start();

 private:
  using State = ConnectionState;
  struct Accepting : Pollable {
    explicit Accepting(ListenSocket listen_socket)
        : Pollable(Kind::kListening), socket(std::move(listen_socket)) {}
    ListenSocket socket;
  };

  // --- the loop's thread (listener.cpp) ---
  void run();
  void dispatch(Pollable& pollable, std::uint32_t events);
  void take_finished();
  void begin_stop();
  void expire();
  void expire(Connection& connection);
  [[nodiscard]] int wait_ms() const;
  [[nodiscard]] std::int64_t duration_ms(State state) const;
  [[nodiscard]] bool is_drained() const;
  void watch(Pollable& pollable, int fd, std::uint32_t events, int operation);
  void unwatch(int fd);
  void arm(Connection& connection, std::uint32_t events);
  void enter(Connection& connection, State state);
  void close(Connection& connection);

  // --- accepting (listener_accept.cpp) ---
  void accept_clients(Accepting& accepting);
  void admit(UniqueFd client, bool is_unix);
  void admit_extra(UniqueFd client, Peer peer, int status, std::string_view detail);
  // Closes a connection that nobody will miss much. False when there is none.
  bool evict_one();
  void pause_accepting();
  void resume_accepting();

  // --- one connection (listener_io.cpp) ---
  void on_readable(Connection& connection);
  void feed(Connection& connection, std::string_view bytes);
  void charge(Connection& connection);
  void on_request(Connection& connection);
  void refuse(Connection& connection, int status, std::string_view detail);
  void send_answer(Connection& connection);
  void on_answered(Connection& connection);

  // --- the pool's threads (listener_io.cpp) ---
  void serve(Connection& connection);
  [[nodiscard]] Response handle(const Request& request) const;
  [[nodiscard]] bool serve_stream(Connection& connection, const Response& response);
  void hand_back(Connection& connection);

  const ListenerSettings settings_;
  const Handler handler_;
  std::list<Accepting> accepting_;
  Pollable wake_{Pollable::Kind::kWake};
  UniqueFd epoll_;
  UniqueFd wake_fd_;  // eventfd: something finished, or stop
  UniqueFd stop_fd_;  // eventfd: readable for ever once stopping, for the streams
  std::atomic<bool> stopping_{false};
  std::atomic<std::size_t> streams_{0};

  // The loop's own.
  std::array<std::list<Connection>, kConnectionStates> connections_;  // oldest in its state first
  std::map<std::string, std::size_t> peers_;  // connections of each address that is not loopback
  std::size_t admitted_ = 0;
  std::size_t extra_ = 0;
  std::size_t buffered_ = 0;
  std::int64_t now_ms_ = 0;
  std::int64_t accept_again_ms_ = 0;  // > 0: paused until then
  bool drain_begun_ = false;
  std::vector<char> scratch_;

  std::mutex finished_mutex_;
  std::vector<Connection*> finished_;

  RequestPool pool_;
  std::thread thread_;
};

}  // namespace pawl::http
