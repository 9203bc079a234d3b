#include "harness.h"

#include <doctest/doctest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/dispatch.h"

namespace pawl::cli {
namespace {

std::string read_all(int fd) {
  std::string text;
  char buffer[4096];
  off_t offset = 0;
  ssize_t count = 0;
  while ((count = ::pread(fd, buffer, sizeof(buffer), offset)) > 0) {
    text.append(buffer, static_cast<std::size_t>(count));
    offset += count;
  }
  return text;
}

CannedRequest parse_request(const std::string& head) {
  CannedRequest request;
  std::istringstream lines(head);
  std::string line;
  std::getline(lines, line);
  std::istringstream(line) >> request.method >> request.target;
  while (std::getline(lines, line) && line != "\r") {
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    std::string name = line.substr(0, colon);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    std::string value = line.substr(colon + 1);
    value.erase(0, value.find_first_not_of(' '));
    while (!value.empty() && value.back() == '\r') value.pop_back();
    request.headers[name] = value;
  }
  return request;
}

void write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t count = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(count));
  }
}

}  // namespace

TemporaryDirectory::TemporaryDirectory() {
  std::string pattern = std::filesystem::temp_directory_path() / "pawl-cli-test-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TemporaryDirectory::~TemporaryDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string TemporaryDirectory::write(const std::string& name, const std::string& content) const {
  const std::filesystem::path path = std::filesystem::path(path_) / name;
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

Outcome invoke(std::vector<std::string> arguments, const InvokeOptions& options) {
  ::setenv("TZ", "UTC", 1);
  ::tzset();
  const UniqueFd out(::memfd_create("out", MFD_CLOEXEC));
  const UniqueFd err(::memfd_create("err", MFD_CLOEXEC));
  CliEnvironment environment;
  environment.out_fd = out.get();
  environment.err_fd = err.get();
  environment.out_is_terminal = options.terminal;
  environment.color = options.color;
  environment.default_config = options.default_config;
  environment.now = [] { return kTestNow; };
  if (!options.server.empty()) {
    arguments.push_back("--server");
    arguments.push_back(options.server);
  }
  const CliHooks hooks{[](const std::string&) { return 99; }};
  const int code = dispatch(arguments, environment, hooks);
  return {code, read_all(out.get()), read_all(err.get())};
}

CannedAgent::CannedAgent(std::string socket_path, Handler handler)
    : socket_path_(std::move(socket_path)), handler_(std::move(handler)) {
  listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  REQUIRE(socket_path_.size() < sizeof(address.sun_path));
  std::memcpy(address.sun_path, socket_path_.c_str(), socket_path_.size() + 1);
  ::unlink(socket_path_.c_str());
  REQUIRE(::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) ==
          0);
  REQUIRE(::listen(listener_.get(), 16) == 0);
  thread_ = std::thread([this] { serve(); });
}

CannedAgent::~CannedAgent() {
  stopping_ = true;
  ::shutdown(listener_.get(), SHUT_RDWR);  // wakes accept()
  thread_.join();
  ::unlink(socket_path_.c_str());
}

std::vector<CannedRequest> CannedAgent::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

void CannedAgent::serve() {
  while (!stopping_) {
    const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.is_open()) answer(connection.get());
  }
}

void CannedAgent::answer(int connection) {
  std::string bytes;
  char buffer[4096];
  std::size_t head_end = std::string::npos;
  while ((head_end = bytes.find("\r\n\r\n")) == std::string::npos) {
    const ssize_t count = ::recv(connection, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    bytes.append(buffer, static_cast<std::size_t>(count));
  }
  CannedRequest request = parse_request(bytes.substr(0, head_end + 2));
  request.body = bytes.substr(head_end + 4);
  const std::size_t length = std::strtoul(request.headers["content-length"].c_str(), nullptr, 10);
  while (request.body.size() < length) {
    const ssize_t count = ::recv(connection, buffer, sizeof(buffer), 0);
    if (count <= 0) return;
    request.body.append(buffer, static_cast<std::size_t>(count));
  }
  {
    const std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  const CannedAnswer answer = handler_(request);
  if (answer.status == 0) return;  // hang up
  write_all(connection, "HTTP/1.1 " + std::to_string(answer.status) +
                            " X\r\nConnection: close\r\nContent-Type: " + answer.content_type +
                            "\r\nContent-Length: " + std::to_string(answer.body.size()) +
                            "\r\n\r\n" + answer.body);
}

}  // namespace pawl::cli
