#include "http/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>

namespace pawl::http {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

// "name:80" → "name", "[::1]:80" → "::1"; nothing for what is no host and port.
std::optional<std::string> host_part(std::string_view header) {
  std::string_view host = header;
  std::string_view port;
  if (header.starts_with('[')) {
    const std::size_t end = header.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    host = header.substr(1, end - 1);
    port = header.substr(end + 1);
  } else if (const std::size_t colon = header.find(':'); colon != std::string_view::npos) {
    host = header.substr(0, colon);
    port = header.substr(colon);
  }
  const bool port_is_well_formed =
      port.empty() || (port.front() == ':' && std::all_of(port.begin() + 1, port.end(), [](char c) {
                         return c >= '0' && c <= '9';
                       }));
  if (host.empty() || !port_is_well_formed) return std::nullopt;
  return lower(host);
}

bool is_loopback(const std::string& host) {
  if (host == "localhost") return true;
  in_addr ipv4{};
  if (::inet_pton(AF_INET, host.c_str(), &ipv4) == 1) return (ntohl(ipv4.s_addr) >> 24) == 127;
  in6_addr ipv6{};
  return ::inet_pton(AF_INET6, host.c_str(), &ipv6) == 1 && IN6_IS_ADDR_LOOPBACK(&ipv6) != 0;
}

}  // namespace

bool is_allowed_host(std::string_view host_header, std::string_view listen_host,
                     std::string_view local_address) {
  const std::optional<std::string> host = host_part(host_header);
  if (!host) return false;
  if (is_loopback(*host)) return true;
  const std::string configured = lower(listen_host);
  if (*host == configured) return true;
  const bool is_any = configured == "0.0.0.0" || configured == "::";
  return is_any && !local_address.empty() && *host == lower(local_address);
}

bool is_same_origin(std::string_view origin, std::string_view host_header) {
  for (std::string_view scheme : {"http://", "https://"}) {
    if (origin.starts_with(scheme)) {
      return !host_header.empty() && lower(origin.substr(scheme.size())) == lower(host_header);
    }
  }
  return false;
}

std::string media_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return lower(type);
}

bool is_json(std::string_view content_type) {
  return media_type(content_type) == "application/json";
}

std::optional<Response> guard_request(const Request& request, std::string_view listen_host) {
  const std::string_view host = request.header("host");
  if (!request.peer.is_unix && !is_allowed_host(host, listen_host, request.peer.local_address)) {
    return problem(403, "this Host is not the agent's; use localhost or its configured address");
  }
  if (request.method == "GET" || request.method == "HEAD") return std::nullopt;
  if (request.has_header("origin") && !is_same_origin(request.header("origin"), host)) {
    return problem(403, "requests of other sites are refused");
  }
  return std::nullopt;
}

}  // namespace pawl::http
