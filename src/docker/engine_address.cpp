// TCP without TLS is refused even on 127.0.0.1: whoever can connect to an engine is root on its host, so that each user of
// it, and each page in a browser on it, would be.
#include "docker/engine_address.h"

#include <charconv>
#include <optional>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "model/limits.h"

namespace pawl {
namespace {

constexpr std::string_view kUnixScheme = "unix://";
constexpr std::string_view kTcpScheme = "tcp://";

Error refused(const std::string& host, const std::string& why) {
  return Error{ErrorKind::kInvalid,
               "engine host '" + escape_control(std::string_view(host).substr(0, 200)) + "' " + why,
               {}};
}

Result<EngineAddress> parse_socket(const EngineConfig& config) {
  const std::string path = config.host.substr(kUnixScheme.size());
  if (path.empty() || path.front() != '/') {
    return refused(config.host, "names no socket; expected unix:///path/to/docker.sock");
  }
  if (path.size() > limits::kSocketPathBytes) {
    return Error{ErrorKind::kInvalid,
                 "engine socket path '" + escape_control(path) + "' is over " +
                     std::to_string(limits::kSocketPathBytes) + " bytes; use a shorter one",
                 {}};
  }
  if (!config.ca_file.empty() || !config.cert_file.empty() || !config.key_file.empty()) {
    return refused(config.host,
                   "is a socket of this host, which has no TLS; leave tls out, or write "
                   "tcp://name:2376");
  }
  return EngineAddress::unix_socket(path);
}

bool is_host_name(std::string_view text, bool bracketed) {
  if (text.empty() || text.size() > limits::kHostNameBytes || text.front() == '-') return false;
  for (const char c : text) {
    const bool digit = c >= '0' && c <= '9';
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool fits = bracketed ? digit || letter || c == ':' || c == '.'
                                : digit || letter || c == '-' || c == '.' || c == '_';
    if (!fits) return false;
  }
  return true;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = code == std::errc{} && end == text.data() + text.size();
  return whole && port > 0 ? std::optional(port) : std::nullopt;
}

Result<EngineAddress> parse_tcp(const EngineConfig& config) {
  std::string_view rest = std::string_view(config.host).substr(kTcpScheme.size());
  if (rest.ends_with('/')) rest.remove_suffix(1);
  const bool bracketed = rest.starts_with('[');
  const auto end = bracketed ? rest.find(']') : rest.rfind(':');
  const auto colon = bracketed && end != std::string_view::npos ? end + 1 : end;
  if (colon >= rest.size() || rest[colon] != ':') {
    return refused(config.host, "names no port; expected tcp://name:2376");
  }
  const auto port = parse_port(rest.substr(colon + 1));
  const std::string_view name = bracketed ? rest.substr(1, end - 1) : rest.substr(0, colon);
  if (!port || !is_host_name(name, bracketed)) {
    return refused(config.host, "is no address; expected tcp://name:2376");
  }
  if (config.ca_file.empty() || config.cert_file.empty() || config.key_file.empty()) {
    return refused(config.host,
                   "is TCP without TLS, and whoever can connect to an engine is root on its host; "
                   "write engine.tls: {ca_file: ca.pem, cert_file: cert.pem, key_file: key.pem} "
                   "beside it (see dockerd --tlsverify), or use unix:///var/run/docker.sock");
  }
  EngineAddress address;
  address.host = name;
  address.port = *port;
  address.ca_file = config.ca_file;
  address.cert_file = config.cert_file;
  address.key_file = config.key_file;
  return address;
}

}  // namespace

EngineAddress EngineAddress::unix_socket(std::string path) {
  EngineAddress address;
  address.socket_path = std::move(path);
  return address;
}

std::string EngineAddress::text() const {
  return is_tls() ? "tcp" + url().substr(std::string_view("https").size()) : socket_path;
}

std::string EngineAddress::url() const {
  if (!is_tls()) return "http://engine";
  const bool bare_ipv6 = host.find(':') != std::string::npos;
  return "https://" + (bare_ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Result<EngineAddress> parse_engine_address(const EngineConfig& config) {
  const std::string& host = config.host;
  if (host.starts_with(kUnixScheme)) return parse_socket(config);
  if (host.starts_with(kTcpScheme)) return parse_tcp(config);
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!host.starts_with(scheme)) continue;
    return refused(host, "is not supported; write tcp://" +
                             escape_control(std::string_view(host).substr(scheme.size(), 100)) +
                             ", with engine.tls beside it");
  }
  return refused(host, "is not supported; expected unix:///path/to/docker.sock or tcp://name:2376");
}

}  // namespace pawl
