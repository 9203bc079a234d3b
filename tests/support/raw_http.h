// A client of HTTP that can misbehave: it sends what the test says, byte for byte. Every read gives up
// after 20 s, so that a broken server fails a test and does not hang it.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/unique_fd.h"

namespace pawl::test {

struct RawAnswer {
  int status = 0;                                            // 0: the connection ended without one
  std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
  std::string body;
  bool is_complete = false;  // as its framing says
  [[nodiscard]] std::string header(const std::string& name) const;
};

class RawClient {
 public:
  explicit RawClient(int port);
  explicit RawClient(const std::string& socket_path);

  // False when the server has closed.
  bool send(std::string_view bytes);
  // The next answer; its body is left out for a HEAD request.
  [[nodiscard]] RawAnswer read_answer(bool is_head = false);
  // The head of an answer that streams; read_until() goes on from there.
  [[nodiscard]] RawAnswer read_head();
  // Everything up to and with `text`; shorter when the connection ended.
  [[nodiscard]] std::string read_until(std::string_view text);
  // What is left until the server closes. `is_closed` false: it did not.
  struct Rest {
    std::string text;
    bool is_closed = false;
  };
  [[nodiscard]] Rest read_rest();
  void close() { fd_.reset(); }
  [[nodiscard]] int fd() const { return fd_.get(); }

 private:
  // False at the end of the connection.
  [[nodiscard]] bool fill();
  [[nodiscard]] std::string take(std::size_t size);

  UniqueFd fd_;
  std::string pending_;
  bool timed_out_ = false;
};

// "GET /a" or "POST /a", the header lines (each with its CR LF), a Host of loopback, and the body with
// its length when it is a POST.
[[nodiscard]] std::string raw_request(const std::string& method_and_target,
                                      const std::string& headers = "",
                                      const std::string& body = "");

// One request on a connection of its own.
[[nodiscard]] RawAnswer ask(int port, const std::string& method_and_target,
                            const std::string& headers = "", const std::string& body = "");

}  // namespace pawl::test
