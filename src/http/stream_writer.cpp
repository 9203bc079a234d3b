#include "http/stream_writer.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <string>

#include "http/steady_time.h"
#include "model/limits.h"

namespace pawl::http {

bool SocketStreamWriter::write(std::string_view bytes) {
  if (bytes.empty()) return !failed_;
  if (!is_chunked_) return write_raw(bytes);
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes.size(), 16).ptr;
  std::string chunk(size.data(), end);
  chunk += "\r\n";
  chunk += bytes;
  chunk += "\r\n";
  return write_raw(chunk);
}

bool SocketStreamWriter::write_raw(std::string_view bytes) {
  const std::int64_t deadline_ms = steady_ms() + limits::kHttpWriteMs;
  while (!failed_ && !bytes.empty()) {
    const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (sent < 0 && errno == EAGAIN) {
      if (!wait_writable(deadline_ms)) failed_ = true;
    } else if (errno != EINTR) {
      failed_ = true;
    }
  }
  return !failed_;
}

bool SocketStreamWriter::wait_writable(std::int64_t deadline_ms) {
  while (true) {
    const std::int64_t left_ms = deadline_ms - steady_ms();
    if (left_ms <= 0) return false;
    std::array<pollfd, 2> fds = {{{fd_, POLLOUT, 0}, {stop_fd_, POLLIN, 0}}};
    const int ready = ::poll(fds.data(), fds.size(), static_cast<int>(left_ms));
    if (ready < 0 && errno != EINTR) return false;
    if (ready <= 0) continue;
    if (fds[1].revents != 0) return false;
    return fds[0].revents == POLLOUT;
  }
}

bool SocketStreamWriter::is_open() {
  if (failed_) return false;
  // POLLRDHUP: clients of ours close at once and never half; a thread is worth more than the
  // exception.
  std::array<pollfd, 2> fds = {{{fd_, POLLRDHUP, 0}, {stop_fd_, POLLIN, 0}}};
  if (::poll(fds.data(), fds.size(), 0) > 0) failed_ = true;
  return !failed_;
}

bool SocketStreamWriter::finish() {
  if (!is_chunked_) return !failed_;
  return write_raw("0\r\n\r\n");
}

}  // namespace pawl::http
