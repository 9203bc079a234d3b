// Which process the engine is: tells one run of dockerd from the next without a call to it.
//
// The listener's process is the peer of a connection (SO_PEERCRED, unix(7)); its start time is field 22 of
// /proc/PID/stat (proc(5)), and the boot id makes the two unique. Where systemd listens for dockerd (socket
// activation, as Debian's docker.socket does), the peer is systemd, and dockerd's pid file beside the
// socket counts. A peer that is no dockerd is a proxy: then nothing is known.
//
// Thread-safe. A few system calls; never blocks.
#pragma once

#include <string>

namespace pawl {

class EngineIdentity {
 public:
  // `proc`: another place than /proc, for tests.
  explicit EngineIdentity(std::string socket_path, std::string proc = "/proc");

  // Of whoever listens at this moment: "<boot id>/<pid>/<start time>"; empty where it cannot be told.
  [[nodiscard]] std::string now() const;

 private:
  [[nodiscard]] int listener_pid() const;
  [[nodiscard]] int pid_of_file() const;

  const std::string socket_path_;
  const std::string pid_path_;  // empty: the socket's name is not the usual one
  const std::string proc_;
  const std::string boot_id_;
};

}  // namespace pawl
