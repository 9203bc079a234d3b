// Processes of a test's own: programs that are waited for, and servers that end with their object.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

namespace pawl {

// Panics with its output unless it ends with 0.
void run_program(const std::vector<std::string>& arguments);

class Child {
 public:
  // Its output goes to the file `log`, or, where that is empty, to first_line(). It ends with this process.
  explicit Child(const std::vector<std::string>& arguments, const std::string& log = {});
  // SIGKILL.
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  // Waits for the first line that it prints; empty once it has ended.
  [[nodiscard]] std::string first_line() const;
  // Waits for its end after this signal.
  void end(int signal);
  [[nodiscard]] bool runs() const;

 private:
  pid_t pid_ = 0;
  int output_ = -1;
};

// A port of 127.0.0.1 or `address` that nobody listens on at this moment.
[[nodiscard]] int free_port(const std::string& address);
// Waits until somebody does; false once the child has ended.
[[nodiscard]] bool wait_for_listener(const Child& child, const std::string& address, int port);

}  // namespace pawl
