// The container of a task that asks for nothing, as the engine describes it, against a golden file: whatever weakens it
// shows as a difference there.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "base/file.h"
#include "contract/engine/pool_fixture.h"
#include "exec/container_spec.h"
#include "exec/run_names.h"
#include "support/docker_daemon.h"

using namespace pawl;

namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

Json without(const Json& object, std::string_view name) {
  Json rest = Json::object();
  for (const auto& [key, value] : object.members()) {
    if (key != name) rest.set(key, value);
  }
  return rest;
}

// Without what differs from one container or host to the next.
std::string normalised(const Json& seen, const PoolFixture& fixture) {
  Json mounts = Json::array();
  for (const Json& mount : seen["Mounts"].items()) mounts.push(without(mount, "Source"));
  Json all = Json::object();
  all.set("Name", seen["Name"]);
  all.set("Config", without(seen["Config"], "Hostname"));
  all.set("HostConfig", seen["HostConfig"]);
  all.set("Mounts", std::move(mounts));
  std::string text = all.dump(2) + "\n";
  replace_all(text, fixture.instance, "INSTANCE");
  replace_all(text, fixture.image, "IMAGE");
  return text;
}

// Where the description differs from the golden one; what only the description has does not count: newer engines say more.
std::string difference(const Json& golden, const Json& seen, const std::string& path) {
  if (golden.is_object()) {
    for (const auto& [key, value] : golden.members()) {
      const std::string found = difference(value, seen[key], path + "." + key);
      if (!found.empty()) return found;
    }
    return {};
  }
  return golden == seen ? "" : path + ": " + golden.dump() + " became " + seen.dump();
}

}  // namespace

TEST_CASE("the default task's container, as the engine sees it") {
  PoolFixture fixture(DockerDaemon::instance().socket(), DockerDaemon::instance().image());
  struct Removal {
    PoolFixture& fixture;
    ~Removal() {
      DockerDaemon::instance().remove_containers("dev.pawl.instance=" + fixture.instance);
      (void)fixture.engine->remove_volume(workspace_name(fixture.instance, RunId{5}), {});
    }
  } const removal{fixture};
  RunAttempt order = fixture.order("echo hello");
  Task task;
  task.id = "task";
  task.image = fixture.image;
  fixture.pipeline->tasks.back() = task;
  ContainerSpec spec = container_spec(fixture.instance, order);
  complete(spec, workspace_name(fixture.instance, order.key.run), "", "");
  REQUIRE(fixture.engine->create(spec, {}));
  const std::string text =
      normalised(DockerDaemon::instance().get("/containers/" + spec.name + "/json"), fixture);
  const std::string file = std::string(PAWL_ENGINE_GOLDEN) + "/default-container.json";
  if (std::getenv("PAWL_WRITE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(PAWL_ENGINE_GOLDEN);
    std::ofstream(file) << text;
  }
  INFO("to write it anew, run this program with PAWL_WRITE_GOLDEN=1 in its environment");
  const auto golden = read_file(file, 1 << 20);
  REQUIRE(golden);
  CHECK(difference(Json::parse(*golden).value(), Json::parse(text).value(), "") == "");
}
