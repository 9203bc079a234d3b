#include "http/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

namespace pawl::http {
namespace {

struct NumericAddress {
  std::string text;
  bool is_loopback = false;
};

NumericAddress numeric(const sockaddr_storage& name) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  in_addr ipv4{};
  if (name.ss_family == AF_INET) {
    ipv4 = reinterpret_cast<const sockaddr_in*>(&name)->sin_addr;
  } else {
    const in6_addr& ipv6 = reinterpret_cast<const sockaddr_in6*>(&name)->sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&ipv6)) {
      ::inet_ntop(AF_INET6, &ipv6, text.data(), text.size());
      return {text.data(), IN6_IS_ADDR_LOOPBACK(&ipv6) != 0};
    }
    std::copy(ipv6.s6_addr + 12, ipv6.s6_addr + 16, reinterpret_cast<unsigned char*>(&ipv4));
  }
  ::inet_ntop(AF_INET, &ipv4, text.data(), text.size());
  return {text.data(), (ntohl(ipv4.s_addr) >> 24) == 127};
}

}  // namespace

Peer peer_of(int fd, bool is_unix) {
  Peer peer;
  peer.is_unix = is_unix;
  if (is_unix) {
    ucred credentials{};
    socklen_t size = sizeof credentials;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0) {
      peer.uid = credentials.uid;
    }
    return peer;
  }
  sockaddr_storage name{};
  socklen_t size = sizeof name;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0) {
    NumericAddress address = numeric(name);
    peer.address = std::move(address.text);
    peer.is_loopback = address.is_loopback;
  }
  size = sizeof name;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&name), &size) == 0) {
    peer.local_address = numeric(name).text;
  }
  return peer;
}

}  // namespace pawl::http
