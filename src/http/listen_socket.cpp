#include "http/listen_socket.h"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

namespace pawl::http {
namespace {

constexpr int kBacklog = 511;
constexpr mode_t kSocketMode = 0660;

std::string change(std::string_view key) {
  return "; change " + std::string(key) + " in the host config";
}

Error system_error(int code, std::string_view what, std::string_view key,
                   const std::string& address) {
  const std::string why = std::string(what) + ": " + std::strerror(code);
  switch (code) {
    case EADDRINUSE:
      return {ErrorKind::kConflict,
              "another process listens on this address; stop it" + change(key), address};
    case EADDRNOTAVAIL:
      return {ErrorKind::kInvalid, "this host has no such address" + change(key), address};
    case EACCES:
    case EPERM:
      return {ErrorKind::kDenied,
              why + "; give the agent the right to it, or another address" + change(key), address};
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOBUFS:
      return {ErrorKind::kExhausted, why, address};
    default:
      return {ErrorKind::kInvalid, why + change(key), address};
  }
}

struct AddressListDeleter {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using AddressList = std::unique_ptr<addrinfo, AddressListDeleter>;

int bound_port(int fd) {
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) != 0) return 0;
  if (name.ss_family == AF_INET) return ntohs(reinterpret_cast<sockaddr_in*>(&name)->sin_port);
  return ntohs(reinterpret_cast<sockaddr_in6*>(&name)->sin6_port);
}

sockaddr_un unix_name(const std::string& path) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::copy(path.begin(), path.end(), name.sun_path);
  return name;
}

// A listener whose queue is full counts as an answer.
bool somebody_answers(const std::string& path) {
  const UniqueFd probe(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un name = unix_name(path);
  if (::connect(probe.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) {
    return true;
  }
  return errno != ECONNREFUSED && errno != ENOENT;
}

// Makes room for a new socket file at `path`.
Result<void> clear_socket_path(const std::string& path, std::string_view key) {
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    if (errno == ENOENT) return {};
    return system_error(errno, "cannot look at the socket's path", key, path);
  }
  if (!S_ISSOCK(file.st_mode)) {
    return Error{ErrorKind::kConflict,
                 "a file that is no socket is in the way; move it" + change(key), path};
  }
  if (somebody_answers(path)) {
    return Error{ErrorKind::kConflict,
                 "another process answers on this socket; stop it" + change(key), path};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) {
    return system_error(errno, "cannot replace the stale socket", key, path);
  }
  return {};
}

}  // namespace

Result<ListenAddress> parse_listen_address(std::string_view text) {
  const Error bad{ErrorKind::kInvalid, "an address is written HOST:PORT, as in 127.0.0.1:7433",
                  std::string(text)};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return bad;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return bad;
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return bad;
  }
  ListenAddress address;
  address.host = host;
  const auto [stop, code] = std::from_chars(port.data(), port.data() + port.size(), address.port);
  if (port.empty() || code != std::errc{} || stop != port.data() + port.size()) return bad;
  return address;
}

Result<ListenSocket> ListenSocket::bind_tcp(const std::string& address, std::string_view key) {
  PAWL_TRY(const ListenAddress parsed, parse_listen_address(address));
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int code =
      ::getaddrinfo(parsed.host.c_str(), std::to_string(parsed.port).c_str(), &hints, &found);
  const AddressList list(found);
  if (code != 0 || !list) {
    return Error{ErrorKind::kInvalid,
                 "no such host: " + std::string(::gai_strerror(code)) + change(key), address};
  }
  ListenSocket result;
  result.address_ = address;
  result.fd_.reset(::socket(list->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!result.fd_.is_open()) return system_error(errno, "cannot make a socket", key, address);
  const int on = 1;
  ::setsockopt(result.fd(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (::bind(result.fd(), list->ai_addr, list->ai_addrlen) != 0 ||
      ::listen(result.fd(), kBacklog) != 0) {
    return system_error(errno, "cannot listen", key, address);
  }
  result.port_ = bound_port(result.fd());
  return result;
}

Result<ListenSocket> ListenSocket::bind_unix(const std::string& path, std::string_view key) {
  if (path.empty() || path.front() != '/' || path.size() >= sizeof(sockaddr_un::sun_path)) {
    return Error{ErrorKind::kInvalid,
                 "a socket's path is absolute and has at most 107 characters" + change(key), path};
  }
  const std::string parent = path.substr(0, std::max<std::size_t>(path.rfind('/'), 1));
  if (::mkdir(parent.c_str(), 0755) != 0 && errno != EEXIST) {
    return system_error(errno, "cannot make the socket's folder", key, path);
  }
  PAWL_CHECK(clear_socket_path(path, key));
  ListenSocket result;
  result.address_ = path;
  result.fd_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!result.fd_.is_open()) return system_error(errno, "cannot make a socket", key, path);
  const sockaddr_un name = unix_name(path);
  // Linux gives the file the mode of the socket's own inode, so there is no moment in which the file
  // is wider open than it should be; chmod only undoes what the umask took away.
  if (::fchmod(result.fd(), kSocketMode) != 0 ||
      ::bind(result.fd(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0 ||
      ::chmod(path.c_str(), kSocketMode) != 0 || ::listen(result.fd(), kBacklog) != 0) {
    return system_error(errno, "cannot listen", key, path);
  }
  struct stat file {};
  if (::lstat(path.c_str(), &file) != 0) {
    return system_error(errno, "the socket vanished", key, path);
  }
  result.path_ = path;
  result.device_ = file.st_dev;
  result.inode_ = file.st_ino;
  return result;
}

ListenSocket::~ListenSocket() {
  if (!fd_.is_open() || path_.empty()) return;
  struct stat file {};
  const bool is_ours =
      ::lstat(path_.c_str(), &file) == 0 && file.st_dev == device_ && file.st_ino == inode_;
  if (is_ours) ::unlink(path_.c_str());
}

}  // namespace pawl::http
