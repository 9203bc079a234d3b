// Pulls by the real dockerd from real registries, and from what only looks like one.
#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <thread>

#include "contract/engine/harness.h"
#include "contract/engine/registry.h"
#include "support/temp_directory.h"

using namespace pawl;

namespace {

// The one without logins, and an image in it; all others of the test program share what it stores.
struct World {
  TempDirectory directory;
  Registry registry{directory, Registry::Options{}};
  std::string path = DockerDaemon::instance().token() + "/tool";
  std::string digest =
      push_image(DockerDaemon::instance().image(), registry.name() + "/" + path + ":1");

  static World& instance() {
    static World world;
    return world;
  }
};

struct Pulls {
  World& world = World::instance();
  TempDirectory directory;
  std::string file = directory / "registries.json";
  std::vector<std::string> notes;
  std::vector<std::string> pulled;

  ~Pulls() {
    for (const std::string& image : pulled) DockerDaemon::instance().remove_image(image);
  }

  void write(const std::string& text) { std::ofstream(file) << text; }

  [[nodiscard]] std::unique_ptr<ContainerEngine> engine(bool with_file) const {
    EngineConfig config;
    config.host = "unix://" + DockerDaemon::instance().socket();
    if (with_file) config.credentials_file = file;
    return make_docker_engine(config).value();
  }

  Result<void> pull(const std::string& image, bool with_file = false,
                    const std::stop_token& stop = {}) {
    pulled.push_back(image);
    return engine(with_file)->pull_image(
        image, [this](const std::string& line) { notes.push_back(line); }, stop);
  }

  // The kind of its failure, whose words must name no credential.
  Error failure(const std::string& image, bool with_file = false) {
    const auto done = pull(image, with_file);
    REQUIRE_FALSE(done);
    INFO(done.error().text());
    for (const char* secret : {kRegistryPassword, "wr0ng-w0rd", "dXNlcjp"}) {
      CHECK(done.error().text().find(secret) == std::string::npos);
    }
    return done.error();
  }
};

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

std::string logins(const std::string& registry, const std::string& password) {
  return R"({"auths":{")" + registry + R"(":{"username":"user","password":")" + password + "\"}}}";
}

}  // namespace

TEST_CASE("a pull by tag and by digest") {
  Pulls pulls;
  const std::string name = pulls.world.registry.name() + "/" + pulls.world.path;
  for (const std::string& image : {name + ":1", name + "@" + pulls.world.digest}) {
    CAPTURE(image);
    const auto engine = pulls.engine(false);
    CHECK_FALSE(engine->has_image(image, {}).value());
    const auto pulled = pulls.pull(image);
    REQUIRE_MESSAGE(pulled, pulled.error().message);
    CHECK(engine->has_image(image, {}).value());
    REQUIRE(engine->remove_image(image, {}));
  }
  CHECK(has(pulls.notes.front(), "Pulling from " + pulls.world.path));
  CHECK(std::any_of(pulls.notes.begin(), pulls.notes.end(), [&](const std::string& line) {
    return line == "Digest: " + pulls.world.digest;
  }));
}

TEST_CASE("what the registry does not have") {
  Pulls pulls;
  const std::string& registry = pulls.world.registry.name();
  const std::string no_digest = "sha256:" + std::string(64, '0');
  for (const std::string& image :
       {registry + "/" + pulls.world.path + ":2",
        registry + "/" + pulls.world.path + "@" + no_digest, registry + "/no/such/path:1"}) {
    CAPTURE(image);
    CHECK(pulls.failure(image).kind == ErrorKind::kNotFound);
  }
}

TEST_CASE("a registry that wants credentials: right ones, wrong ones, none, and a helper's") {
  Pulls pulls;
  const Registry registry(pulls.world.directory, Registry::Options{.login = true});
  const std::string image = registry.name() + "/" + pulls.world.path + ":1";
  Error error = pulls.failure(image);
  CHECK(error.kind == ErrorKind::kDenied);
  CHECK(has(error.message, "engine.credentials_file"));

  pulls.write(logins("127.0.0.1:1", kRegistryPassword));
  error = pulls.failure(image, true);
  CHECK(error.kind == ErrorKind::kDenied);
  CHECK(has(error.message, pulls.file + " has no credentials for it"));

  pulls.write(logins(registry.name(), "wr0ng-w0rd"));
  error = pulls.failure(image, true);
  CHECK(error.kind == ErrorKind::kDenied);
  CHECK(has(error.message, "the credentials that " + pulls.file));

  pulls.write(R"({"credHelpers":{")" + registry.name() + R"(":"pass"}})");
  error = pulls.failure(image, true);
  CHECK(error.kind == ErrorKind::kDenied);
  CHECK(has(error.message, "docker-credential-pass"));

  pulls.write("{\"auths\":");
  error = pulls.failure(image, true);
  CHECK(error.kind == ErrorKind::kInvalid);
  CHECK(has(error.message, pulls.file));

  pulls.write(logins("https://" + registry.name() + "/v2/", kRegistryPassword));
  const auto pulled = pulls.pull(image, true);
  CHECK_MESSAGE(pulled, pulled.error().message);
}

TEST_CASE("a registry that is down or fails may be up the next time") {
  Pulls pulls;
  const int port = free_port("127.0.0.1");
  const std::string image = "127.0.0.1:" + std::to_string(port) + "/none:1";
  CHECK(pulls.failure(image).kind == ErrorKind::kConflict);
  for (const char* answer : {"500", "503", "429", "close"}) {
    CAPTURE(answer);
    const Child stand_in({"python3", PAWL_REGISTRY_STAND_IN, std::to_string(port), answer});
    REQUIRE(stand_in.first_line() == "ready");
    CHECK(pulls.failure(image).kind == ErrorKind::kConflict);
  }
}

TEST_CASE("a pull from a registry that stalls ends when it is asked to") {
  Pulls pulls;
  const int port = free_port("127.0.0.1");
  const Child stand_in({"python3", PAWL_REGISTRY_STAND_IN, std::to_string(port), "stall"});
  REQUIRE(stand_in.first_line() == "ready");
  std::stop_source stop;
  // Once the registry has been asked for the image.
  std::thread stopper([&] {
    CHECK(stand_in.first_line() == "stalled");
    stop.request_stop();
  });
  const auto pulled =
      pulls.pull("127.0.0.1:" + std::to_string(port) + "/none:1", false, stop.get_token());
  stopper.join();
  CHECK(pulled.error().kind == ErrorKind::kCancelled);
}

TEST_CASE("a private CA: missing, the error says where it belongs; there, the pull goes on") {
  Pulls pulls;
  const LoopbackAddress loopback;
  const TestCa ca(pulls.directory, "registry");
  const TestCa::Pair pair = ca.issue("server", "IP:" + loopback.address());
  const Registry registry(pulls.world.directory, Registry::Options{.address = loopback.address(),
                                                                   .certificate = pair.certificate,
                                                                   .key = pair.key});
  const std::string image = registry.name() + "/" + pulls.world.path + ":1";
  const std::string place = "/etc/docker/certs.d/" + registry.name();
  const Error error = pulls.failure(image);
  CHECK(error.kind == ErrorKind::kInvalid);
  CHECK(has(error.message, place + "/ca.crt"));
  struct Placed {
    std::string directory;
    bool parent_is_new = !std::filesystem::exists("/etc/docker/certs.d");
    Placed(std::string where, const std::string& file) : directory(std::move(where)) {
      std::filesystem::create_directories(directory);
      std::filesystem::copy_file(file, directory + "/ca.crt");
    }
    ~Placed() {
      std::filesystem::remove_all(directory);
      std::error_code not_empty;
      if (parent_is_new) std::filesystem::remove("/etc/docker/certs.d", not_empty);
    }
  } const placed(place, ca.file());
  const auto pulled = pulls.pull(image);
  CHECK_MESSAGE(pulled, pulled.error().message);
}
