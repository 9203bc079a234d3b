// A unix socket whose connections a test handles itself: an engine that says anything, or nothing. Every
// connection gets a thread; all of them end with the object.
#pragma once

#include <atomic>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

#include "base/unique_fd.h"

namespace pawl {

class UnixServer {
 public:
  // Called with each accepted connection, numbered from 1. It is closed when the handler returns.
  using Handler = std::function<void(int fd, int number)>;
  explicit UnixServer(Handler handler);
  ~UnixServer();

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] int connections() const { return connections_; }
  // Breaks every connection there is; new ones are taken as before.
  void cut();

  // Reads one request (its head, and a body of its Content-Length); empty at the end of the connection.
  [[nodiscard]] static std::string read_request(int fd);
  static bool write_all(int fd, std::string_view bytes);
  // Waits until the other side closes, or cut().
  static void wait_for_close(int fd);
  [[nodiscard]] static std::string response(int status, const std::string& body);

 private:
  void accept_all();

  Handler handler_;
  std::string directory_;
  std::string path_;
  UniqueFd listener_;
  std::atomic<int> connections_{0};
  std::mutex mutex_;
  std::list<int> open_;
  std::list<std::thread> threads_;
  std::thread acceptor_;
};

// Passes every connection on to another unix socket, so that a test can cut them.
class SocketProxy {
 public:
  explicit SocketProxy(std::string target);
  [[nodiscard]] const std::string& path() const { return server_.path(); }
  void cut() { server_.cut(); }

 private:
  UnixServer server_;
};

}  // namespace pawl
