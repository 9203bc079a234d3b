// A dockerd of the test's own, to kill, stop and restart: with a containerd, data and socket of its own in a
// temporary directory, and no network, so that it is not in the way of the machine's. Needs root. One
// thread: the daemons end with the thread that started them.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/json.h"

namespace pawl {

class OwnDockerd {
 public:
  // Panics with the reason where it cannot be started.
  explicit OwnDockerd(bool live_restore);
  // Ends both daemons and whatever they ran, and removes the directory.
  ~OwnDockerd();
  OwnDockerd(const OwnDockerd&) = delete;
  OwnDockerd& operator=(const OwnDockerd&) = delete;

  [[nodiscard]] std::string socket() const { return directory_ + "/docker.sock"; }
  [[nodiscard]] std::string image() const { return "busybox:1"; }

  void send(int signal) const;
  // Waits for the process to end, after a signal that ends it.
  void await_end();
  // Starts it again, and waits until it answers.
  void start();
  // GET; the body as JSON. Panics on errors.
  [[nodiscard]] Json get(const std::string& target) const;

 private:
  [[nodiscard]] pid_t spawn(const std::vector<std::string>& arguments) const;
  void start_containerd();

  const bool live_restore_;
  std::string directory_;
  pid_t containerd_ = 0;
  pid_t dockerd_ = 0;
};

}  // namespace pawl
