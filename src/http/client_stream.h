// A client's connection as cpp-httplib reads and writes it, with deadlines of our own: one for a
// request's head, one for its body, one for the answer. cpp-httplib's own are per read, so that a
// client that sends a byte now and then never meets them.
//
// It also is where a head's bytes are checked: cpp-httplib skips lines that end in a bare LF, stops
// at a NUL and percent-decodes header values, all of which lets two readers see two requests.
//
// Used by one thread. The socket is not owned.
#pragma once

#include <httplib.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "http/crowd.h"

namespace pawl::http {

class ClientStream final : public httplib::Stream {
 public:
  struct Deadlines {
    std::int64_t head_ms = 0;    // first byte, or connection, to whole head
    std::int64_t body_ms = 0;    // head to whole body
    std::int64_t write_ms = 0;   // without a byte taken, or for one piece of a stream
    std::int64_t answer_ms = 0;  // a whole answer that is no stream
  };
  // Why a request cannot be read; `status` 0: no reason yet.
  struct Fault {
    int status = 0;
    std::string_view detail;
  };

  // `stop_fd` becomes readable, and stays so, when the server stops.
  ClientStream(int fd, int stop_fd, const Deadlines& deadlines, Crowd& crowd, Crowd::Place place)
      : fd_(fd), stop_fd_(stop_fd), deadlines_(deadlines), crowd_(crowd), place_(place) {}

  // A request's first byte is there, within `patience_ms`. The next read is of its head.
  [[nodiscard]] bool wait_for_request(Crowd::State state, std::int64_t patience_ms);
  void begin_body();
  void begin_handling();
  void begin_answer();
  // The answer is a stream, and its next piece has a deadline of its own.
  void begin_piece();
  // Says that this was all, and reads what the client still sends: closing while bytes are unread
  // resets the connection, and the client may never see its answer.
  void linger(std::int64_t patience_ms);

  [[nodiscard]] const Fault& fault() const { return fault_; }
  // Ends reading; the first reason counts.
  void fail(int status, std::string_view detail);
  [[nodiscard]] bool has_unread() const { return at_ < end_; }
  [[nodiscard]] bool has_written() const { return has_written_; }
  // The client is gone, was dropped for others, or the server stops.
  [[nodiscard]] bool is_over() const { return is_over_; }
  // Others wait for this thread.
  [[nodiscard]] bool is_contended() { return crowd_.is_crowded(); }

  [[nodiscard]] bool is_readable() const override { return at_ < end_; }
  [[nodiscard]] bool wait_readable() const override { return !is_over_; }
  [[nodiscard]] bool wait_writable() const override { return !is_over_; }
  // Does not block.
  [[nodiscard]] bool is_peer_alive() const override;
  ssize_t read(char* data, size_t size) override;
  ssize_t write(const char* data, size_t size) override;
  void write_all(std::string_view bytes);
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  [[nodiscard]] socket_t socket() const override { return fd_; }
  [[nodiscard]] time_t duration() const override { return 0; }

 private:
  enum class Phase : std::uint8_t { kHead, kBody, kHandling, kAnswer, kStream };
  enum class Ready : std::uint8_t { kYes, kLate, kOver };

  [[nodiscard]] bool fill();
  [[nodiscard]] ssize_t receive(char* data, std::size_t size);
  [[nodiscard]] Ready wait(short events, std::int64_t deadline_ms);
  [[nodiscard]] bool check_head_byte(char c);

  const int fd_;
  const int stop_fd_;
  const Deadlines deadlines_;
  Crowd& crowd_;
  const Crowd::Place place_;
  Phase phase_ = Phase::kHead;
  std::int64_t since_ms_ = 0;        // the client is waited for
  std::int64_t deadline_ms_ = 0;     // of the phase
  std::array<char, 4096> buffer_{};  // received, [at_, end_) not used yet
  std::size_t at_ = 0;
  std::size_t end_ = 0;
  std::size_t head_bytes_ = 0;
  bool is_request_line_ = true;
  char previous_ = 0;
  std::string_view escape_;  // given to cpp-httplib before the next byte
  bool has_written_ = false;
  bool is_over_ = false;
  Fault fault_;
};

}  // namespace pawl::http
