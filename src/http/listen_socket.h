// Listening sockets: TCP by address, and a unix socket with file mode 0660 (the owner and its group
// may use the API; everybody else is kept out by the kernel).
//
// Error kinds: kInvalid (the address or path cannot be), kConflict (in use), kDenied. The context is
// the address; the message names the host config's key to change.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl::http {

struct ListenAddress {
  std::string host;  // without brackets
  std::uint16_t port = 0;
};

// "127.0.0.1:7433", "[::1]:7433", "localhost:0". kInvalid.
[[nodiscard]] Result<ListenAddress> parse_listen_address(std::string_view text);

class ListenSocket {
 public:
  // `key`: the host config's name for this address, "http.listen". Port 0 takes any free port.
  [[nodiscard]] static Result<ListenSocket> bind_tcp(const std::string& address,
                                                     std::string_view key);
  // Makes the parent folder (0755) if it is missing. A socket file on which nobody answers is
  // replaced; one on which somebody answers, or a file of another kind, is left alone: kConflict.
  [[nodiscard]] static Result<ListenSocket> bind_unix(const std::string& path,
                                                      std::string_view key);

  ListenSocket(ListenSocket&& other) noexcept = default;
  ListenSocket& operator=(ListenSocket&& other) = delete;
  // Closes; removes the unix socket's file if it is still this one's.
  ~ListenSocket();

  [[nodiscard]] int fd() const { return fd_.get(); }
  [[nodiscard]] bool is_unix() const { return !path_.empty(); }
  [[nodiscard]] int port() const { return port_; }                       // 0 for a unix socket
  [[nodiscard]] const std::string& address() const { return address_; }  // for messages

 private:
  ListenSocket() = default;

  UniqueFd fd_;
  std::string address_;
  int port_ = 0;
  std::string path_;  // unix only
  dev_t device_ = 0;
  ino_t inode_ = 0;
};

}  // namespace pawl::http
