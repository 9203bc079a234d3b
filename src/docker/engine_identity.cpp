// A connection of its own rather than one of the client's: a kept connection says who listened when it was
// made, and dockerd serves kept ones for a while after it has ceased to listen.
#include "docker/engine_identity.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <charconv>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

#include "base/file.h"
#include "base/unique_fd.h"

namespace pawl {
namespace {

constexpr std::string_view kSocketSuffix = ".sock";
constexpr std::size_t kStatBytes = 4096;
constexpr int kStartField = 22;

struct Process {
  std::string name;
  std::string start_time;  // clock ticks since the boot
};

// "1234 (dockerd) S 1 ...": the name may hold spaces and parentheses.
std::optional<Process> parse_stat(std::string_view stat) {
  const auto open = stat.find('(');
  const auto close = stat.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close < open) {
    return std::nullopt;
  }
  Process process{std::string(stat.substr(open + 1, close - open - 1)), {}};
  std::string_view rest = stat.substr(close + 1);
  for (int field = 2; field < kStartField; ++field) {
    const auto space = rest.find(' ');
    if (space == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(space + 1);
  }
  process.start_time = rest.substr(0, rest.find_first_of(" \n"));
  if (process.start_time.empty()) return std::nullopt;
  return process;
}

std::optional<Process> process_of(const std::string& proc, int pid) {
  if (pid <= 0) return std::nullopt;
  const auto stat = read_file(proc + "/" + std::to_string(pid) + "/stat", kStatBytes);
  return stat ? parse_stat(*stat) : std::nullopt;
}

std::string boot_id_of(const std::string& proc) {
  const auto id = read_file(proc + "/sys/kernel/random/boot_id", kStatBytes);
  return id ? id->substr(0, id->find('\n')) : std::string();
}

std::string pid_path_of(const std::string& socket_path) {
  if (!socket_path.ends_with(kSocketSuffix)) return {};
  return socket_path.substr(0, socket_path.size() - kSocketSuffix.size()) + ".pid";
}

}  // namespace

EngineIdentity::EngineIdentity(std::string socket_path, std::string proc)
    : socket_path_(std::move(socket_path)),
      pid_path_(pid_path_of(socket_path_)),
      proc_(std::move(proc)),
      boot_id_(boot_id_of(proc_)) {}

std::string EngineIdentity::now() const {
  int pid = listener_pid();
  auto process = process_of(proc_, pid);
  if (process && (pid == 1 || process->name == "systemd")) {
    pid = pid_of_file();
    process = process_of(proc_, pid);
  }
  if (!process || process->name != "dockerd" || boot_id_.empty()) return {};
  return boot_id_ + "/" + std::to_string(pid) + "/" + process->start_time;
}

// 0: nobody listens, or somebody outside our view of processes.
int EngineIdentity::listener_pid() const {
  sockaddr_un address{};
  if (socket_path_.size() >= sizeof address.sun_path) return 0;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path_.c_str(), socket_path_.size() + 1);
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return 0;
  }
  ucred peer{};
  socklen_t size = sizeof peer;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return 0;
  return peer.pid;
}

int EngineIdentity::pid_of_file() const {
  if (pid_path_.empty()) return 0;
  const auto text = read_file(pid_path_, kStatBytes);
  int pid = 0;
  if (text) std::from_chars(text->data(), text->data() + text->size(), pid);
  return pid;
}

}  // namespace pawl
