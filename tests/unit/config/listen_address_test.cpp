#include "config/listen_address.h"

#include <doctest/doctest.h>

using namespace pawl::config;

TEST_CASE("listen addresses") {
  const auto local = parse_listen_address("127.0.0.1:7433");
  REQUIRE(local.has_value());
  CHECK(local->host == "127.0.0.1");
  CHECK(local->port == 7433);
  CHECK(parse_listen_address("[::1]:0")->host == "::1");
  CHECK(parse_listen_address("edge-01.example.net:65535")->port == 65535);
  for (const char* text : {"", ":", "7433", ":7433", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536",
                           "127.0.0.1:-1", "127.0.0.1:7433x", "127.0.0.256:1", "::1:80", "[::1]",
                           "[::1]80", "[::g]:80", "a b:80", "a/b:80", "127.0.0.1: 80"}) {
    CAPTURE(text);
    CHECK_FALSE(parse_listen_address(text).has_value());
  }
}

TEST_CASE("loopback addresses") {
  for (const char* text : {"127.0.0.1:1", "127.1.2.3:1", "[::1]:1", "localhost:1"}) {
    CAPTURE(text);
    CHECK(is_loopback(*parse_listen_address(text)));
  }
  for (const char* text : {"0.0.0.0:1", "[::]:1", "10.0.0.1:1", "localhost.example.net:1",
                           "127.example.net:1", "[::ffff:10.0.0.1]:1"}) {
    CAPTURE(text);
    CHECK_FALSE(is_loopback(*parse_listen_address(text)));
  }
}
