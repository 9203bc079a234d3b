// Mutual TLS with the real dockerd behind it: who is believed, who is not, and what is said of it.
#include <doctest/doctest.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "contract/engine/certificates.h"
#include "contract/engine/child.h"
#include "contract/engine/harness.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

struct World {
  TempDirectory directory;
  TestCa ca{directory, "engine"};
  TestCa other_ca{directory, "other"};
  TestCa::Pair server = ca.issue("server", "IP:127.0.0.1");
  TestCa::Pair client = ca.issue("client", "DNS:client");
  std::unique_ptr<Child> proxy;
  std::string port;

  // Starts the engine's side anew, at the same port.
  void serve(const TestCa::Pair& pair, const std::vector<std::string>& more = {}) {
    proxy.reset();
    std::vector<std::string> arguments = {"python3",       "-W",
                                          "ignore",        PAWL_TLS_PROXY,
                                          "--socket",      DockerDaemon::instance().socket(),
                                          "--certificate", pair.certificate,
                                          "--key",         pair.key,
                                          "--ca",          ca.file()};
    if (!port.empty()) arguments.insert(arguments.end(), {"--port", port});
    arguments.insert(arguments.end(), more.begin(), more.end());
    proxy = std::make_unique<Child>(arguments);
    const std::string line = proxy->first_line();
    REQUIRE(line.starts_with("port "));
    port = line.substr(5);
  }

  [[nodiscard]] EngineConfig config() const {
    EngineConfig config;
    config.host = "tcp://127.0.0.1:" + port;
    config.ca_file = ca.file();
    config.cert_file = client.certificate;
    config.key_file = client.key;
    return config;
  }

  // Why the engine cannot be reached; it must be that, and named.
  static std::string failure(const EngineConfig& config) {
    const auto info = make_docker_engine(config).value()->info({});
    REQUIRE_FALSE(info);
    CHECK(info.error().kind == ErrorKind::kUnavailable);
    CHECK(info.error().message.find(config.host) != std::string::npos);
    return info.error().message;
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("an engine behind mutual TLS, 1.2 and 1.3") {
  World world;
  for (const char* newest : {"1.2", "1.3"}) {
    CAPTURE(newest);
    world.serve(world.server, {"--newest", newest});
    const auto engine = make_docker_engine(world.config()).value();
    const auto info = engine->info({});
    REQUIRE_MESSAGE(info, info.error().message);
    CHECK(info->incarnation.empty());
    CHECK(engine->incarnation().empty());
  }
}

TEST_CASE("no proxy of the environment stands between") {
  World world;
  world.serve(world.server);
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  const auto info = make_docker_engine(world.config()).value()->info({});
  ::unsetenv("https_proxy");
  CHECK(info);
}

TEST_CASE("an engine that is not the one that was meant is not spoken to") {
  World world;
  SUBCASE("signed by another CA") {
    world.serve(world.other_ca.issue("server", "IP:127.0.0.1"));
    const std::string message = World::failure(world.config());
    CHECK(has(message, "no TLS with the container engine"));
    CHECK(has(message, "signed by a CA of " + world.ca.file()));
  }
  SUBCASE("made for another name") {
    world.serve(world.ca.issue("elsewhere", "DNS:elsewhere,IP:127.0.0.2"));
    const std::string message = World::failure(world.config());
    CHECK(has(message, "name matches target"));
    CHECK(has(message, "made for the name 127.0.0.1"));
  }
  SUBCASE("out of date") {
    world.serve(world.ca.issue_expired("old", "IP:127.0.0.1"));
    CHECK(has(World::failure(world.config()), "certificate has expired"));
  }
  SUBCASE("TLS 1.1") {
    world.serve(world.server, {"--newest", "1.1"});
    CHECK(has(World::failure(world.config()), "does it speak TLS 1.2 or newer"));
  }
  SUBCASE("nobody") {
    world.port = std::to_string(free_port("127.0.0.1"));
    CHECK(has(World::failure(world.config()), "Connection refused"));
  }
  SUBCASE("no TLS") {
    world.port = std::to_string(free_port("127.0.0.1"));
    world.proxy = std::make_unique<Child>(
        std::vector<std::string>{"python3", "-u", "-m", "http.server", "--bind", "127.0.0.1",
                                 "--directory", world.directory.path(), world.port});
    REQUIRE(wait_for_listener(*world.proxy, "127.0.0.1", std::stoi(world.port)));
    CHECK(has(World::failure(world.config()), "no TLS with the container engine"));
  }
}

TEST_CASE("an engine that does not accept our certificate says so") {
  World world;
  const TestCa::Pair stranger = world.other_ca.issue("stranger", "DNS:client");
  const TestCa::Pair old = world.ca.issue_expired("expired", "DNS:client");
  for (const char* newest : {"1.2", "1.3"}) {
    CAPTURE(newest);
    world.serve(world.server, {"--newest", newest});
    EngineConfig config = world.config();
    config.cert_file = stranger.certificate;
    config.key_file = stranger.key;
    CHECK(has(World::failure(config), stranger.certificate));
    config.cert_file = old.certificate;
    config.key_file = old.key;
    CHECK(has(World::failure(config), old.certificate));
  }
}

TEST_CASE("files that are no certificates are named") {
  World world;
  world.serve(world.server);
  const std::string junk = world.directory / "junk.pem";
  std::ofstream(junk) << "junk\n";
  EngineConfig config = world.config();
  for (const std::string& file : {junk, world.directory / "none.pem"}) {
    CAPTURE(file);
    config = world.config();
    config.ca_file = file;
    CHECK(has(World::failure(config), "tls.ca_file " + file));
    config = world.config();
    config.cert_file = file;
    CHECK(has(World::failure(config), "tls.cert_file " + file));
    config = world.config();
    config.key_file = file;
    CHECK(has(World::failure(config), "tls.key_file " + file));
  }
  // A certificate with another one's key.
  config = world.config();
  config.key_file = world.server.key;
  CHECK(has(World::failure(config), "a certificate in PEM and its key"));
  // A key that wants a passphrase asks nobody for it.
  config = world.config();
  config.key_file = world.directory / "locked.key";
  run_program({"openssl", "ec", "-in", world.client.key, "-aes128", "-passout", "pass:secret",
               "-out", config.key_file});
  CHECK(has(World::failure(config), "without a passphrase"));
}

TEST_CASE("a name that no address is known for") {
  World world;
  world.serve(world.server);
  EngineConfig config = world.config();
  // Too long a label for the question to be asked of any server.
  config.host = "tcp://" + std::string(64, 'a') + ".invalid:2376";
  CHECK(has(World::failure(config), "no container engine answers"));
}

TEST_CASE("a start whose handshake failed was never sent") {
  World world;
  const TestCa::Pair impostor = world.other_ca.issue("impostor", "IP:127.0.0.1");
  world.serve(world.server);
  const auto engine = make_docker_engine(world.config()).value();
  REQUIRE(engine->info({}));
  world.serve(impostor);
  CHECK(engine->start("x", {}).error().kind == ErrorKind::kExhausted);
  // A call that may be said again is none of that.
  CHECK(engine->inspect("x", {}).error().kind == ErrorKind::kUnavailable);
  world.serve(world.server);
  REQUIRE(engine->info({}));
  world.proxy->end(SIGKILL);
  CHECK(engine->start("x", {}).error().kind == ErrorKind::kExhausted);
}
