// "host:port" addresses to listen on. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace pawl::config {

struct ListenAddress {
  std::string host;  // without the brackets of an IPv6 address
  std::uint16_t port = 0;
};

// A name, an IPv4 address or an IPv6 address in brackets; then ':' and a port (0: any free one).
[[nodiscard]] std::optional<ListenAddress> parse_listen_address(std::string_view text);

// Reachable from this host only: 127.0.0.0/8, ::1 and "localhost".
[[nodiscard]] bool is_loopback(const ListenAddress& address);

}  // namespace pawl::config
