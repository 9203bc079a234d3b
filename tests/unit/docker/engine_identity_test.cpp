#include "docker/engine_identity.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "support/temp_directory.h"
#include "support/unix_server.h"

using namespace pawl;

namespace {

// A /proc in which the test program, which listens, is whatever the test says.
struct World {
  UnixServer server{[](int fd, int) { UnixServer::wait_for_close(fd); }};
  TempDirectory directory;
  std::string socket = directory / "docker.sock";
  std::string proc = directory / "proc";

  World() {
    std::filesystem::create_symlink(server.path(), socket);
    put("sys/kernel/random", "boot_id", "the-boot\n");
  }
  void put(const std::string& where, const std::string& name, const std::string& text) {
    std::filesystem::create_directories(proc + "/" + where);
    std::ofstream(proc + "/" + where + "/" + name) << text;
  }
  void put_process(int pid, const std::string& name, const std::string& start) {
    // Fields 3 to 21, the start time, and one more.
    put(std::to_string(pid), "stat",
        std::to_string(pid) + " (" + name + ") S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 " +
            start + " 4096\n");
  }
  void put_pid_file(const std::string& text) { std::ofstream(directory / "docker.pid") << text; }
  [[nodiscard]] std::string now() const { return EngineIdentity(socket, proc).now(); }
};

const std::string kOwnPid = std::to_string(::getpid());

}  // namespace

TEST_CASE("the engine is known by its process, its start and the host's boot") {
  World world;
  world.put_process(::getpid(), "dockerd", "777");
  const std::string first = world.now();
  CHECK(first == "the-boot/" + kOwnPid + "/777");
  CHECK(world.now() == first);
  world.put_process(::getpid(), "dockerd", "778");  // the number was given out again
  CHECK(world.now() == "the-boot/" + kOwnPid + "/778");
  world.put("sys/kernel/random", "boot_id", "another-boot\n");
  CHECK(world.now() == "another-boot/" + kOwnPid + "/778");
}

TEST_CASE("where systemd listens, the engine's pid file says who answers") {
  World world;
  world.put_process(::getpid(), "systemd", "1");
  CHECK(world.now().empty());
  world.put_pid_file("4242\n");
  CHECK(world.now().empty());  // a file left behind
  world.put_process(4242, "sshd", "5");
  CHECK(world.now().empty());  // somebody else by now
  world.put_process(4242, "dockerd", "99");
  CHECK(world.now() == "the-boot/4242/99");
  world.put_pid_file("no number");
  CHECK(world.now().empty());
}

TEST_CASE("what cannot be told is not guessed") {
  World world;
  world.put_pid_file("4242");
  world.put_process(4242, "dockerd", "99");
  SUBCASE("a listener that is not to be seen") {}
  SUBCASE("a proxy: the file may be of an engine that is not behind it") {
    world.put_process(::getpid(), "socat", "5");
  }
  SUBCASE("a name made to look like more") { world.put_process(::getpid(), "x) (dockerd", "5"); }
  SUBCASE("an answer cut short") { world.put(kOwnPid, "stat", kOwnPid + " (dockerd) S 1 2 3"); }
  SUBCASE("no answer") { world.put(kOwnPid, "stat", ""); }
  SUBCASE("no boot id") {
    world.put_process(::getpid(), "dockerd", "5");
    std::filesystem::remove_all(world.proc + "/sys");
  }
  SUBCASE("nobody listens") {
    world.put_process(::getpid(), "dockerd", "5");
    std::filesystem::remove(world.socket);
  }
  CHECK(world.now().empty());
}

TEST_CASE("the test program itself is no engine") {
  const World world;
  CHECK(EngineIdentity(world.socket).now().empty());
  CHECK(EngineIdentity("/" + std::string(200, 'x')).now().empty());
}
