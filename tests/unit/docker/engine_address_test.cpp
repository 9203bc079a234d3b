#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "docker/docker_engine.h"
#include "docker/engine_address.h"

using namespace pawl;

namespace {

EngineConfig config_of(const std::string& host, bool tls) {
  EngineConfig config;
  config.host = host;
  if (!tls) return config;
  config.ca_file = "/etc/pawl/ca.pem";
  config.cert_file = "/etc/pawl/cert.pem";
  config.key_file = "/etc/pawl/key.pem";
  return config;
}

}  // namespace

TEST_CASE("a socket's address") {
  const auto address = parse_engine_address(config_of("unix:///var/run/docker.sock", false));
  REQUIRE(address);
  CHECK_FALSE(address->is_tls());
  CHECK(address->socket_path == "/var/run/docker.sock");
  CHECK(address->text() == "/var/run/docker.sock");
  CHECK(address->url() == "http://engine");
}

TEST_CASE("an address of TLS") {
  struct Row {
    const char* text;
    const char* host;
    std::uint16_t port;
    const char* url;
  };
  for (const Row& row : std::vector<Row>{
           {"tcp://engine.example:2376", "engine.example", 2376, "https://engine.example:2376"},
           {"tcp://engine.example:2376/", "engine.example", 2376, "https://engine.example:2376"},
           {"tcp://10.0.0.7:1", "10.0.0.7", 1, "https://10.0.0.7:1"},
           {"tcp://a_b-c:65535", "a_b-c", 65535, "https://a_b-c:65535"},
           {"tcp://[::1]:2376", "::1", 2376, "https://[::1]:2376"}}) {
    CAPTURE(row.text);
    const auto address = parse_engine_address(config_of(row.text, true));
    REQUIRE(address);
    CHECK(address->is_tls());
    CHECK(address->host == row.host);
    CHECK(address->port == row.port);
    CHECK(address->url() == row.url);
    CHECK(address->text() == "tcp" + std::string(row.url).substr(5));
    CHECK(address->ca_file == "/etc/pawl/ca.pem");
    CHECK(address->cert_file == "/etc/pawl/cert.pem");
    CHECK(address->key_file == "/etc/pawl/key.pem");
    CHECK(make_docker_engine(config_of(row.text, true)).value()->incarnation().empty());
  }
}

TEST_CASE("what is no engine's address is refused, with what to write") {
  struct Row {
    std::string host;
    bool tls;
    const char* words;
  };
  for (const Row& row : std::vector<Row>{
           {"", false, "expected unix:///path/to/docker.sock or tcp://name:2376"},
           {"/var/run/docker.sock", false, "expected unix:///"},
           {"ssh://host", false, "expected unix:///"},
           {"unix://", false, "names no socket"},
           {"unix://relative", false, "names no socket"},
           {"unix:///" + std::string(200, 'a'), false, "is over 107 bytes"},
           {"unix:///var/run/docker.sock", true, "has no TLS; leave tls out"},
           {"tcp://127.0.0.1:2375", false, "write engine.tls: {ca_file: ca.pem"},
           {"http://127.0.0.1:2375", false, "write tcp://127.0.0.1:2375, with engine.tls"},
           {"https://name:2376", true, "write tcp://name:2376, with engine.tls"},
           {"tcp://name", true, "names no port"},
           {"tcp://", true, "names no port"},
           {"tcp://[::1]", true, "names no port"},
           {"tcp://[::1", true, "names no port"},
           {"tcp://[::1]2376", true, "names no port"},
           {"tcp://:2376", true, "is no address"},
           {"tcp://name:", true, "is no address"},
           {"tcp://name:0", true, "is no address"},
           {"tcp://name:65536", true, "is no address"},
           {"tcp://name:2376x", true, "is no address"},
           {"tcp://name:2376/path", true, "is no address"},
           {"tcp://user@name:2376", true, "is no address"},
           {"tcp://na me:2376", true, "is no address"},
           {"tcp://::1:2376", true, "is no address"},
           {"tcp://-x:2376", true, "is no address"},
           {"tcp://" + std::string(300, 'a') + ":2376", true, "is no address"}}) {
    CAPTURE(row.host);
    const auto address = parse_engine_address(config_of(row.host, row.tls));
    REQUIRE_FALSE(address);
    CHECK(address.error().kind == ErrorKind::kInvalid);
    CHECK_MESSAGE(address.error().message.find(row.words) != std::string::npos,
                  address.error().message);
    CHECK_FALSE(make_docker_engine(config_of(row.host, row.tls)));
  }
}

TEST_CASE("each of the three files is needed") {
  for (std::string EngineConfig::*file :
       {&EngineConfig::ca_file, &EngineConfig::cert_file, &EngineConfig::key_file}) {
    EngineConfig config = config_of("tcp://name:2376", true);
    (config.*file).clear();
    CHECK(parse_engine_address(config).error().kind == ErrorKind::kInvalid);
    EngineConfig socket = config_of("unix:///run/docker.sock", false);
    socket.*file = "/x";
    CHECK(parse_engine_address(socket).error().kind == ErrorKind::kInvalid);
  }
}
