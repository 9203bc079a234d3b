// stdout or stderr of the CLI: buffered, and aware of a reader that has gone away. Not thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace pawl::cli {

class Output {
 public:
  // The descriptor is the caller's and outlives this. `is_terminal`: escape what comes from
  // outside; `color`: paint status words.
  Output(int fd, bool is_terminal, bool color)
      : fd_(fd), is_terminal_(is_terminal), color_(color) {}
  ~Output() { flush(); }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  void write(std::string_view text);
  void flush();

  [[nodiscard]] bool is_terminal() const { return is_terminal_; }
  [[nodiscard]] bool color() const { return color_; }
  // False once a write failed; what follows is dropped.
  [[nodiscard]] bool ok() const { return error_number_ == 0; }
  [[nodiscard]] int error_number() const { return error_number_; }

 private:
  int fd_;
  bool is_terminal_;
  bool color_;
  int error_number_ = 0;
  std::string buffer_;
};

}  // namespace pawl::cli
