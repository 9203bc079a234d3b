#include "config/listen_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

#include "config/names.h"

namespace pawl::config {
namespace {

bool is_ipv4(const std::string& host) {
  in_addr address{};
  return inet_pton(AF_INET, host.c_str(), &address) == 1;
}

bool is_ipv6(const std::string& host) {
  in6_addr address{};
  return inet_pton(AF_INET6, host.c_str(), &address) == 1;
}

// Digits and dots only, so that "127.0.0.256" is a mistake and no name.
bool looks_like_ipv4(std::string_view host) {
  return std::all_of(host.begin(), host.end(),
                     [](char c) { return (c >= '0' && c <= '9') || c == '.'; });
}

}  // namespace

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  ListenAddress address;
  const char* end = port.data() + port.size();
  const auto [stop, code] = std::from_chars(port.data(), end, address.port);
  if (port.empty() || code != std::errc{} || stop != end) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    address.host = host.substr(1, host.size() - 2);
    if (!is_ipv6(address.host)) return std::nullopt;
    return address;
  }
  address.host = host;
  const bool is_valid = looks_like_ipv4(host) ? is_ipv4(address.host) : is_host_name(address.host);
  if (!is_valid) return std::nullopt;
  return address;
}

bool is_loopback(const ListenAddress& address) {
  if (address.host == "localhost") return true;
  in6_addr ipv6{};
  if (inet_pton(AF_INET6, address.host.c_str(), &ipv6) == 1) return IN6_IS_ADDR_LOOPBACK(&ipv6);
  return is_ipv4(address.host) && address.host.starts_with("127.");
}

}  // namespace pawl::config
