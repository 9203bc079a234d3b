// A streamed body on a socket: chunked, or as it is for an HTTP/1.0 client.
#pragma once

#include <string_view>

#include "http/message.h"

namespace pawl::http {

class SocketStreamWriter : public StreamWriter {
 public:
  // `fd`: the client's non-blocking socket. `stop_fd` becomes readable, and stays so, when the server
  // stops. Neither is owned.
  SocketStreamWriter(int fd, int stop_fd, bool is_chunked)
      : fd_(fd), stop_fd_(stop_fd), is_chunked_(is_chunked) {}

  [[nodiscard]] bool write(std::string_view bytes) override;
  [[nodiscard]] bool is_open() override;

  // Bytes that are no part of the body: the head.
  [[nodiscard]] bool write_raw(std::string_view bytes);
  // Ends the body. False when the client did not get all of it.
  [[nodiscard]] bool finish();

 private:
  [[nodiscard]] bool wait_writable(std::int64_t deadline_ms);

  int fd_;
  int stop_fd_;
  bool is_chunked_;
  bool failed_ = false;
};

}  // namespace pawl::http
