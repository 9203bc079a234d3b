// Podman's service (`podman system service`) of the test program's own: storage, socket and settings in a temporary
// directory. Its containers run by runc, which knows every kind of control groups that Docker's does.
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include "base/unique_fd.h"
#include "contract/engine/child.h"
#include "contract/engine/harness.h"
#include "support/temp_directory.h"

namespace pawl {
namespace {

// The socket's file is there a moment before anybody listens.
bool listens(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.data(), path.size());
  const UniqueFd end(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(end.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

class PodmanService {
 public:
  static PodmanService& instance() {
    static PodmanService service;
    return service;
  }
  PodmanService(const PodmanService&) = delete;
  PodmanService& operator=(const PodmanService&) = delete;
  ~PodmanService() {
    daemon_.reset();
    proxy_.reset();
    process_.reset();
    // Podman mounts its storage onto itself.
    ::umount2((directory_ / "root/overlay").c_str(), MNT_DETACH);
  }

  DockerDaemon& daemon() { return *daemon_; }
  SocketProxy& proxy() { return *proxy_; }

 private:
  PodmanService() {
    // Its own defaults are above what an unprivileged machine may give.
    std::ofstream(directory_ / "containers.conf")
        << "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1000:1000\"]\n";
    const std::string socket = directory_ / "podman.sock";
    process_ = std::make_unique<Child>(
        std::vector<std::string>{"env", "CONTAINERS_CONF=" + (directory_ / "containers.conf"),
                                 "podman", "--runtime", "runc", "--root", directory_ / "root",
                                 "--runroot", directory_ / "run", "system", "service", "--time=0",
                                 "unix://" + socket},
        directory_ / "log");
    while (process_->runs() && !listens(socket)) ::usleep(20'000);
    if (!process_->runs()) {
      std::fputs(
          "podman does not start (Debian: apt-get install podman runc catatonit, or another "
          "runc)\n",
          stderr);
      std::abort();
    }
    daemon_ = std::make_unique<DockerDaemon>(socket);
    proxy_ = std::make_unique<SocketProxy>(socket);
  }

  TempDirectory directory_;
  std::unique_ptr<Child> process_;
  std::unique_ptr<DockerDaemon> daemon_;
  std::unique_ptr<SocketProxy> proxy_;
};

}  // namespace

PodmanHarness::PodmanHarness()
    : RealHarness(PodmanService::instance().daemon(), PodmanService::instance().proxy(),
                  EngineConfig{.host = "unix://" + PodmanService::instance().proxy().path()}) {}

}  // namespace pawl
