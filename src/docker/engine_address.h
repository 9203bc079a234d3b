// Where the container engine answers: a socket of this host, or TLS over TCP. A value; parsing is pure.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "model/host_config.h"

namespace pawl {

struct EngineAddress {
  std::string socket_path;  // absolute; empty: TLS
  std::string host;         // a name, an IPv4 address, or an IPv6 one without its brackets
  std::uint16_t port = 0;
  // PEM files. The engine is believed if a CA of ca_file has signed for its host; it knows us by the other two.
  std::string ca_file;
  std::string cert_file;
  std::string key_file;

  [[nodiscard]] static EngineAddress unix_socket(std::string path);
  [[nodiscard]] bool is_tls() const { return socket_path.empty(); }
  // "/var/run/docker.sock" or "tcp://name:2376".
  [[nodiscard]] std::string text() const;
  // What a request's target is appended to: "https://name:2376".
  [[nodiscard]] std::string url() const;
};

// EngineConfig::host and its three files. kInvalid, with what to write instead: no such address; TCP without TLS;
// files without TCP.
[[nodiscard]] Result<EngineAddress> parse_engine_address(const EngineConfig& config);

}  // namespace pawl
