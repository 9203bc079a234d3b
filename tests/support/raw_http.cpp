#include "support/raw_http.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>

#include "base/result.h"

namespace pawl::test {
namespace {

void connect_to(int fd, const sockaddr* name, socklen_t size) {
  const timeval patience{20, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  PAWL_ASSERT(::connect(fd, name, size) == 0);
}

std::string lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

}  // namespace

std::string RawAnswer::header(const std::string& name) const {
  for (const auto& [known, value] : headers) {
    if (known == name) return value;
  }
  return "";
}

RawClient::RawClient(int port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in name{};
  name.sin_family = AF_INET;
  name.sin_port = htons(static_cast<std::uint16_t>(port));
  name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  connect_to(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

RawClient::RawClient(const std::string& socket_path)
    : fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  std::copy(socket_path.begin(), socket_path.end(), name.sun_path);
  connect_to(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name);
}

bool RawClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

bool RawClient::fill() {
  std::array<char, 65536> buffer{};
  while (true) {
    const ssize_t count = ::recv(fd_.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0 && errno == EAGAIN) timed_out_ = true;
    if (count <= 0) return false;
    pending_.append(buffer.data(), static_cast<std::size_t>(count));
    return true;
  }
}

std::string RawClient::take(std::size_t size) {
  std::string text = pending_.substr(0, size);
  pending_.erase(0, size);
  return text;
}

std::string RawClient::read_until(std::string_view text) {
  std::size_t found = pending_.find(text);
  while (found == std::string::npos && fill()) found = pending_.find(text);
  return take(found == std::string::npos ? pending_.size() : found + text.size());
}

RawAnswer RawClient::read_head() {
  RawAnswer answer;
  const std::string head = read_until("\r\n\r\n");
  if (!head.starts_with("HTTP/1.1 ") || !head.ends_with("\r\n\r\n")) return answer;
  answer.status = std::atoi(head.c_str() + 9);
  std::size_t at = head.find("\r\n") + 2;
  while (at < head.size() - 2) {
    const std::size_t end = head.find("\r\n", at);
    const std::size_t colon = head.find(": ", at);
    answer.headers.emplace_back(lower(head.substr(at, colon - at)),
                                head.substr(colon + 2, end - colon - 2));
    at = end + 2;
  }
  return answer;
}

RawAnswer RawClient::read_answer(bool is_head) {
  RawAnswer answer = read_head();
  answer.is_complete = answer.status != 0;
  if (is_head || answer.status == 0 || answer.status == 304 || answer.status == 100) return answer;
  if (answer.header("transfer-encoding") == "chunked") {
    while (true) {
      const std::string line = read_until("\r\n");
      const std::size_t size = std::strtoul(line.c_str(), nullptr, 16);
      while (pending_.size() < size + 2 && fill()) {
      }
      answer.is_complete = line.ends_with("\r\n") && pending_.size() >= size + 2;
      answer.body += take(size);
      static_cast<void>(take(2));
      if (size == 0 || !answer.is_complete) return answer;
    }
  }
  const std::string length = answer.header("content-length");
  if (length.empty()) {
    Rest rest = read_rest();
    answer.body = std::move(rest.text);
    answer.is_complete = rest.is_closed;
    return answer;
  }
  const std::size_t size = std::strtoul(length.c_str(), nullptr, 10);
  while (pending_.size() < size && fill()) {
  }
  answer.is_complete = pending_.size() >= size;
  answer.body = take(size);
  return answer;
}

RawClient::Rest RawClient::read_rest() {
  while (fill()) {
  }
  return {take(pending_.size()), !timed_out_};
}

std::string raw_request(const std::string& method_and_target, const std::string& headers,
                        const std::string& body) {
  std::string text = method_and_target + " HTTP/1.1\r\nHost: 127.0.0.1\r\n" + headers;
  if (method_and_target.starts_with("POST ")) {
    text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  }
  return text + "\r\n" + body;
}

RawAnswer ask(int port, const std::string& method_and_target, const std::string& headers,
              const std::string& body) {
  RawClient client(port);
  client.send(raw_request(method_and_target, headers, body));
  return client.read_answer(method_and_target.starts_with("HEAD "));
}

}  // namespace pawl::test
