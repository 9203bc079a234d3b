#include "http/guard.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "model/limits.h"

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

bool is_plain(char c) { return c >= 0x20 && c != 0x7f; }

// cpp-httplib decodes no transfer coding but "chunked", and takes a length it cannot read for 0.
std::optional<Response> check_framing(const Request& request, std::size_t max_body_bytes) {
  const auto lengths = request.header_values("content-length");
  const auto codings = request.header_values("transfer-encoding");
  if (!codings.empty()) {
    if (!lengths.empty()) return problem(400, "Content-Length beside Transfer-Encoding");
    if (request.is_http_1_0) return problem(400, "Transfer-Encoding from an HTTP/1.0 client");
    if (codings.size() != 1 || lower(codings.front()) != "chunked") {
      return problem(501, "the only transfer coding known is 'chunked'");
    }
    return std::nullopt;
  }
  if (lengths.empty()) return std::nullopt;
  if (lengths.size() > 1) return problem(400, "the Content-Length header is repeated");
  const std::string_view text = lengths.front();
  std::uint64_t length = 0;
  const auto [stop, code] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (code == std::errc::invalid_argument || stop != text.data() + text.size()) {
    return problem(400, "the Content-Length is no number");
  }
  if (code != std::errc{} || length > max_body_bytes) {
    return problem(413, "the body is over " + std::to_string(max_body_bytes) + " bytes");
  }
  return std::nullopt;
}

}  // namespace

std::optional<Response> check_head(const Request& request, std::size_t max_body_bytes) {
  const bool is_path = request.path.starts_with('/') &&
                       std::all_of(request.path.begin(), request.path.end(), is_plain) &&
                       std::all_of(request.query.begin(), request.query.end(), is_plain);
  if (!is_path) {
    return problem(400, "the target is no absolute path of visible ASCII characters");
  }
  if (request.path.size() + request.query.size() >= limits::kHttpTargetBytes) {
    return problem(414, "the target is too long");
  }
  const std::size_t hosts = request.header_values("host").size();
  if (hosts > 1) return problem(400, "the Host header is repeated");
  if (hosts == 0 && !request.is_http_1_0) return problem(400, "the Host header is missing");
  if (request.has_header("expect") && lower(request.header("expect")) != "100-continue") {
    return problem(417, "only 'Expect: 100-continue' can be met");
  }
  if (media_type(request.header("content-type")) == "multipart/form-data") {
    return problem(415, "multipart/form-data is not taken here");
  }
  return check_framing(request, max_body_bytes);
}

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
