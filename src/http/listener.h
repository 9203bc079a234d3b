// One set of listening sockets, served by cpp-httplib: its accept loop and its HTTP, on threads,
// deadlines and bounds of ours.
//
// A client holds a thread while it is connected, which is short when it is idle. Whoever keeps its
// thread waiting gives way when others need it (crowd.h), and every phase of a request has a deadline
// (client_stream.h).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/result.h"
#include "http/listen_socket.h"
#include "http/message.h"
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
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace pawl::http
