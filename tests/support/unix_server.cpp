#include "support/unix_server.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "base/result.h"

namespace pawl {
namespace {

sockaddr_un address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  PAWL_ASSERT(path.size() < sizeof address.sun_path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  return address;
}

UniqueFd connect_to(const std::string& path) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path);
  const int failed =
      ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (failed != 0) fd.reset();
  return fd;
}

// Both ways, until either side has closed.
void pass_on(int a, int b) {
  std::array<pollfd, 2> sides = {{{a, POLLIN, 0}, {b, POLLIN, 0}}};
  std::array<char, 65536> buffer{};
  while (::poll(sides.data(), sides.size(), -1) > 0) {
    for (std::size_t i = 0; i < 2; ++i) {
      if (sides[i].revents == 0) continue;
      const auto size = ::read(sides[i].fd, buffer.data(), buffer.size());
      if (size <= 0) return;
      const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
      if (!UnixServer::write_all(sides[1 - i].fd, bytes)) return;
    }
  }
}

}  // namespace

UnixServer::UnixServer(Handler handler) : handler_(std::move(handler)) {
  std::string pattern = "/tmp/pawl-test-XXXXXX";
  PAWL_ASSERT(::mkdtemp(pattern.data()) != nullptr);
  directory_ = pattern;
  path_ = directory_ + "/socket";
  listener_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_of(path_);
  PAWL_ASSERT(
      ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  PAWL_ASSERT(::listen(listener_.get(), 64) == 0);
  acceptor_ = std::thread([this] { accept_all(); });
}

UnixServer::~UnixServer() {
  ::shutdown(listener_.get(), SHUT_RDWR);
  acceptor_.join();
  cut();
  for (std::thread& thread : threads_) thread.join();
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void UnixServer::accept_all() {
  while (true) {
    const int fd = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    const int number = ++connections_;
    std::lock_guard lock(mutex_);
    open_.push_back(fd);
    threads_.emplace_back([this, fd, number] {
      handler_(fd, number);
      std::lock_guard done(mutex_);
      open_.remove(fd);
      ::close(fd);
    });
  }
}

void UnixServer::cut() {
  std::lock_guard lock(mutex_);
  for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
}

bool UnixServer::write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string UnixServer::read_request(int fd) {
  std::string text;
  std::size_t wanted = std::string::npos;
  char c = 0;
  while (text.size() < wanted) {
    if (::read(fd, &c, 1) != 1) return {};
    text += c;
    if (wanted != std::string::npos || !text.ends_with("\r\n\r\n")) continue;
    const auto length = text.find("Content-Length: ");
    const std::size_t body =
        length == std::string::npos ? 0 : std::strtoul(text.c_str() + length + 16, nullptr, 10);
    wanted = text.size() + body;
  }
  return text;
}

void UnixServer::wait_for_close(int fd) {
  char c = 0;
  while (::read(fd, &c, 1) > 0) {
  }
}

std::string UnixServer::response(int status, const std::string& body) {
  return "HTTP/1.1 " + std::to_string(status) +
         " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

SocketProxy::SocketProxy(std::string target)
    : server_([target = std::move(target)](int fd, int) {
        const UniqueFd other = connect_to(target);
        if (other.is_open()) pass_on(fd, other.get());
      }) {}

}  // namespace pawl
