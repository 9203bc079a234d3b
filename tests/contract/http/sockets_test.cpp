// Where the servers listen: addresses in use, the unix socket's file, its mode and its peers.
#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <fstream>

#include "http/client.h"
#include "http/listen_socket.h"
#include "served_world.h"

namespace pawl::test {
namespace {

using http::ListenSocket;
using http::parse_listen_address;

TEST_CASE("listen addresses") {
  CHECK(parse_listen_address("127.0.0.1:7433")->port == 7433);
  CHECK(parse_listen_address("[::1]:80")->host == "::1");
  CHECK(parse_listen_address("localhost:0")->host == "localhost");
  for (const char* text : {"", "7433", ":7433", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "::1:80",
                           "[::1]", "[]:80", "[::1:80", "a:70000", "a:-1", "a:80 "}) {
    CAPTURE(text);
    CHECK(parse_listen_address(text).error().kind == ErrorKind::kInvalid);
  }
}

TEST_CASE("an address in use names the key to change") {
  ServedWorld world;
  HostConfig config = world.config;
  config.http_socket = world.folder.path() + "/other.sock";
  config.http_listen = "127.0.0.1:" + std::to_string(world.servers->http_port());
  const auto people = HttpServers::start(config, world.control, world.store);
  REQUIRE_FALSE(people.ok());
  CHECK(people.error().kind == ErrorKind::kConflict);
  CHECK(people.error().context == config.http_listen);
  CHECK(contains(people.error().message, "change http.listen in the host config"));
  config.http_listen = "127.0.0.1:0";
  config.webhooks_listen = "127.0.0.1:" + std::to_string(world.servers->webhooks_port());
  const auto webhooks = HttpServers::start(config, world.control, world.store);
  REQUIRE_FALSE(webhooks.ok());
  CHECK(contains(webhooks.error().message, "change webhooks.listen in the host config"));
  config.webhooks_listen = "127.0.0.1:0";
  config.http_listen = "192.0.2.1:0";
  const auto foreign = HttpServers::start(config, world.control, world.store);
  REQUIRE_FALSE(foreign.ok());
  CHECK(foreign.error().kind == ErrorKind::kInvalid);
  // What had been bound before the failure is free again.
  CHECK_FALSE(std::filesystem::exists(config.http_socket));
}

TEST_CASE("the unix socket: its folder is made, its mode is 0660, its peers are known by uid") {
  ServedWorld world;
  struct stat file {};
  REQUIRE(::stat(world.config.http_socket.c_str(), &file) == 0);
  CHECK((file.st_mode & 0777) == 0660);
  RawClient client(world.config.http_socket);
  client.send("POST /api/v1/runs/2/cancel HTTP/1.1\r\nHost: any.name\r\nContent-Length: 0\r\n" +
              std::string(kJsonHeader) + "\r\n");
  CHECK(client.read_answer().status == 202);
  CHECK(world.control.cancellations().at(0).second == "uid " + std::to_string(::getuid()));
}

TEST_CASE("the mode does not depend on the umask") {
  const TemporaryFolder folder;
  const mode_t before = ::umask(0);
  struct stat file {};
  for (mode_t mask : {0u, 077u, 0777u}) {
    ::umask(mask);
    const auto socket = ListenSocket::bind_unix(folder.path() + "/s", "http.socket");
    CHECK(::stat((folder.path() + "/s").c_str(), &file) == 0);
    CHECK((file.st_mode & 0777) == 0660);
  }
  ::umask(before);
}

TEST_CASE("a stale socket is replaced, a living one and a file of another kind are not") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/pawl.sock";
  {
    const UniqueFd dead(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), name.sun_path);
    REQUIRE(::bind(dead.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0);
  }
  REQUIRE(std::filesystem::exists(path));
  {
    const auto first = ListenSocket::bind_unix(path, "http.socket");
    REQUIRE(first.ok());
    const auto second = ListenSocket::bind_unix(path, "http.socket");
    REQUIRE_FALSE(second.ok());
    CHECK(second.error().kind == ErrorKind::kConflict);
    CHECK(contains(second.error().message, "change http.socket in the host config"));
    CHECK(std::filesystem::exists(path));
  }
  CHECK_FALSE(std::filesystem::exists(path));
  std::ofstream(path) << "precious";
  const auto third = ListenSocket::bind_unix(path, "http.socket");
  REQUIRE_FALSE(third.ok());
  CHECK(third.error().kind == ErrorKind::kConflict);
  CHECK(std::filesystem::file_size(path) == 8);
  CHECK(ListenSocket::bind_unix("relative", "k").error().kind == ErrorKind::kInvalid);
  CHECK(ListenSocket::bind_unix("/" + std::string(107, 'a'), "k").error().kind ==
        ErrorKind::kInvalid);
}

TEST_CASE("only a socket file of one's own is removed at the end") {
  const TemporaryFolder folder;
  const std::string path = folder.path() + "/s";
  {
    const auto socket = ListenSocket::bind_unix(path, "http.socket");
    REQUIRE(socket.ok());
    std::filesystem::remove(path);
    std::ofstream(path) << "another's";
  }
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("the client, over the socket and over TCP") {
  ServedWorld world;
  const std::string tcp = "http://127.0.0.1:" + std::to_string(world.servers->http_port());
  for (const std::string& address : {"unix://" + world.config.http_socket, tcp, tcp + "/"}) {
    CAPTURE(address);
    auto made = HttpClient::make(address);
    REQUIRE(made.ok());
    HttpClient& client = **made;
    CHECK(client.get("/healthz")->body == "ok\n");
    CHECK(client.get("/api/v1/pipelines/a%2Fb")->status == 404);
    const auto started = client.post("/api/v1/pipelines/nightly/runs",
                                     R"({"params":{"level":")" + std::string(3000, 'x') + "\"}}",
                                     {{"Idempotency-Key", "k"}});
    REQUIRE(started.ok());
    CHECK(started->status == 202);
    std::string text;
    const auto streamed =
        client.stream("/api/v1/runs/1/tasks/fetch/logs?follow=true", [&](std::string_view piece) {
          text += piece;
          return true;
        });
    REQUIRE(streamed.ok());
    CHECK(*streamed == 200);
    CHECK(text == "fetched\ncareful\n");
  }
}

TEST_CASE("the client: streams that are ended, refused or broken off") {
  ServedWorld world;
  auto made = HttpClient::make("unix://" + world.config.http_socket);
  REQUIRE(made.ok());
  HttpClient& client = **made;
  const auto ended = client.stream("/api/v1/events", [](std::string_view) { return false; });
  REQUIRE_FALSE(ended.ok());
  CHECK(ended.error().kind == ErrorKind::kCancelled);
  bool has_received = false;
  const auto refused = client.stream("/nothing", [&](std::string_view) {
    has_received = true;
    return true;
  });
  REQUIRE(refused.ok());
  CHECK(*refused == 404);
  CHECK_FALSE(has_received);
  const auto broken =
      client.stream("/api/v1/runs/2/tasks/fetch/logs?follow=true", [&](std::string_view) {
        world.store.damage_run(RunId{2});
        Change change;
        change.run = RunId{2};
        world.control.add_change(change);
        return true;
      });
  REQUIRE_FALSE(broken.ok());
  CHECK(broken.error().kind == ErrorKind::kUnavailable);
}

TEST_CASE("the client: addresses that are none, and nobody at home") {
  for (const char* address : {"", "127.0.0.1:1", "https://127.0.0.1:1", "unix://relative",
                              "http://", "http://a", "http://a:1/path", "http://u@a:1"}) {
    CAPTURE(address);
    const auto made = HttpClient::make(address);
    REQUIRE_FALSE(made.ok());
    CHECK(made.error().kind == ErrorKind::kInvalid);
  }
  const TemporaryFolder folder;
  auto made = HttpClient::make("unix://" + folder.path() + "/nobody");
  REQUIRE(made.ok());
  CHECK((*made)->get("/healthz").error().kind == ErrorKind::kUnavailable);
}

}  // namespace
}  // namespace pawl::test
