#include "support/own_dockerd.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "docker/engine_client.h"
#include "model/limits.h"
#include "support/docker_daemon.h"

namespace pawl {
namespace {

[[noreturn]] void give_up(const std::string& why) {
  std::fprintf(stderr, "a dockerd of the test's own cannot run: %s\n", why.c_str());
  std::abort();
}

// Polls: neither daemon tells its starter when it is ready.
template <typename Condition>
bool wait_until(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(2);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return true;
}

HttpRequest request_of(const char* method, std::string target) {
  HttpRequest request;
  request.method = method;
  request.target = std::move(target);
  request.total_ms = limits::kEngineCallMs;
  return request;
}

void unmount_below(const std::string& directory) {
  std::ifstream mounts("/proc/self/mounts");
  std::vector<std::string> points;
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream fields(line);
    std::string device;
    std::string point;
    fields >> device >> point;
    if (point.starts_with(directory + "/")) points.push_back(point);
  }
  for (auto point = points.rbegin(); point != points.rend(); ++point) {
    ::umount2(point->c_str(), MNT_DETACH);
  }
}

}  // namespace

OwnDockerd::OwnDockerd(bool live_restore) : live_restore_(live_restore) {
  std::string pattern = "/tmp/pawl-dockerd-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) give_up("no temporary directory");
  directory_ = pattern;
  start_containerd();
  start();
  EngineClient client(EngineAddress::unix_socket(socket()));
  if (const auto imported = import_busybox(client, "busybox", "1", ""); !imported) {
    give_up(imported.error().message);
  }
}

OwnDockerd::~OwnDockerd() {
  EngineClient client(EngineAddress::unix_socket(socket()));
  if (const auto list = client.call_json(request_of("GET", "/containers/json?all=1"), {})) {
    for (const Json& container : list->items()) {
      (void)client.call(
          request_of("DELETE", "/containers/" + container["Id"].as_string() + "?force=1"), {});
    }
  }
  if (dockerd_ > 0) {
    send(SIGTERM);
    await_end();
  }
  ::kill(containerd_, SIGTERM);
  ::waitpid(containerd_, nullptr, 0);
  unmount_below(directory_);
  std::error_code ignored;
  std::filesystem::remove_all(directory_, ignored);
}

void OwnDockerd::start_containerd() {
  const std::string config = directory_ + "/containerd.toml";
  std::ofstream(config) << "version = 2\nroot = \"" << directory_ << "/c/root\"\nstate = \""
                        << directory_
                        << "/c/state\"\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n"
                           "[grpc]\n  address = \""
                        << directory_ << "/containerd.sock\"\n";
  containerd_ = spawn({"containerd", "--config", config});
  if (!wait_until([&] { return std::filesystem::exists(directory_ + "/containerd.sock"); })) {
    give_up("containerd does not start; is Debian's containerd installed, and is this root?");
  }
}

void OwnDockerd::start() {
  // In a network of its own: told to have no bridge, it removes docker0, which is the host's engine's.
  std::vector<std::string> arguments = {"unshare",
                                        "--net",
                                        "dockerd",
                                        "--data-root=" + directory_ + "/data",
                                        "--exec-root=" + directory_ + "/exec",
                                        "--pidfile=" + directory_ + "/docker.pid",
                                        "--host=unix://" + socket(),
                                        "--containerd=" + directory_ + "/containerd.sock",
                                        "--bridge=none",
                                        "--iptables=false"};
  if (live_restore_) arguments.emplace_back("--live-restore");
  // One that was killed leaves it behind, and another process may have its number by now.
  std::filesystem::remove(directory_ + "/docker.pid");
  dockerd_ = spawn(arguments);
  EngineClient client(EngineAddress::unix_socket(socket()));
  if (!wait_until([&] { return client.negotiate({}).ok(); })) {
    give_up("dockerd does not start; see " + directory_ + "/log");
  }
}

void OwnDockerd::send(int signal) const { ::kill(dockerd_, signal); }

void OwnDockerd::await_end() {
  ::waitpid(dockerd_, nullptr, 0);
  dockerd_ = 0;
}

Json OwnDockerd::get(const std::string& target) const {
  EngineClient client(EngineAddress::unix_socket(socket()));
  auto json = client.call_json(request_of("GET", target), {});
  if (!json) give_up("GET " + target + ": " + json.error().message);
  return *json;
}

pid_t OwnDockerd::spawn(const std::vector<std::string>& arguments) const {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const std::string log = directory_ + "/log";
  const pid_t pid = ::fork();
  if (pid < 0) give_up("fork");
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::setsid();
  const int fd = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
  ::dup2(fd, STDOUT_FILENO);
  ::dup2(fd, STDERR_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

}  // namespace pawl
