// One client's connection: its socket, what has come in, and what is to go out. Owned by the
// listener's loop; while `state` is kBusy it is lent to one thread of the pool, and the loop keeps
// off.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>

#include "base/unique_fd.h"
#include "http/message.h"
#include "http/request_parser.h"

namespace pawl::http {

// What epoll hands back: what a file descriptor of the loop is for.
struct Pollable {
  enum class Kind : std::uint8_t { kWake, kListening, kConnection };
  explicit Pollable(Kind pollable_kind) : kind(pollable_kind) {}
  Kind kind;
};

// The states in which a connection waits, each with one deadline for all.
enum class ConnectionState : std::uint8_t {
  kHead,       // for a request's head: its first byte is there, or the connection is new
  kBody,       // for the rest of the request
  kIdle,       // for the next request's first byte
  kBusy,       // for the handler: no deadline here, the handler has its own
  kWriting,    // for the client to take the answer
  kLingering,  // for the client to end, after the last answer, so that it is read
  kDead,       // for the end of the batch of events
};
inline constexpr std::size_t kConnectionStates = 7;

struct Connection : Pollable {
  Connection(UniqueFd client, Peer client_peer, std::size_t max_body_bytes)
      : Pollable(Kind::kConnection),
        fd(std::move(client)),
        peer(std::move(client_peer)),
        parser(max_body_bytes) {}

  // Sends what is left of the answer as far as the socket takes it. False: the client is gone.
  [[nodiscard]] bool flush();
  [[nodiscard]] bool has_output() const { return sent < output.size(); }

  UniqueFd fd;
  Peer peer;
  ConnectionState state = ConnectionState::kHead;
  std::list<Connection>::iterator self;
  std::int64_t since_ms = 0;            // in this state
  std::int64_t answer_deadline_ms = 0;  // kWriting
  RequestParser parser;
  std::string input;   // received, not used yet
  Request request;     // kBusy
  std::string output;  // the answer, `sent` bytes of it gone
  std::size_t sent = 0;
  std::size_t charged = 0;   // to the listener's buffered bytes
  std::size_t requests = 0;  // answered
  bool keep_alive = true;    // after the answer under way
  bool linger = false;       // when it ends: the client may still be sending
  bool is_gone = false;      // a pool's thread found the client gone
  bool is_extra = false;     // over the bound on connections: it only gets told so
};

// Who is at the other end of an accepted socket.
[[nodiscard]] Peer peer_of(int fd, bool is_unix);

}  // namespace pawl::http
