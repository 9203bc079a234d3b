#include "contract/engine/child.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <thread>

#include "base/result.h"
#include "base/unique_fd.h"

namespace pawl {
namespace {

pid_t spawn(const std::vector<std::string>& arguments, int output) {
  std::vector<char*> argv;
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t pid = ::fork();
  PAWL_ASSERT(pid >= 0);
  if (pid > 0) return pid;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::dup2(output, STDOUT_FILENO);
  ::dup2(output, STDERR_FILENO);
  ::execvp(argv[0], argv.data());
  ::_exit(127);
}

sockaddr_in address_of(const std::string& address, int port) {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = htons(static_cast<std::uint16_t>(port));
  PAWL_ASSERT(::inet_pton(AF_INET, address.c_str(), &in.sin_addr) == 1);
  return in;
}

}  // namespace

void run_program(const std::vector<std::string>& arguments) {
  std::array<int, 2> ends{};
  PAWL_ASSERT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  const pid_t pid = spawn(arguments, ends[1]);
  ::close(ends[1]);
  std::string output;
  std::array<char, 4096> buffer{};
  for (ssize_t size = 0; (size = ::read(ends[0], buffer.data(), buffer.size())) > 0;) {
    output.append(buffer.data(), static_cast<std::size_t>(size));
  }
  ::close(ends[0]);
  int status = 0;
  ::waitpid(pid, &status, 0);
  if (status == 0) return;
  std::fprintf(stderr, "%s failed: %s\n", arguments[0].c_str(), output.c_str());
  std::abort();
}

Child::Child(const std::vector<std::string>& arguments, const std::string& log) {
  if (!log.empty()) {
    const UniqueFd file(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    pid_ = spawn(arguments, file.get());
    return;
  }
  std::array<int, 2> ends{};
  PAWL_ASSERT(::pipe2(ends.data(), O_CLOEXEC) == 0);
  pid_ = spawn(arguments, ends[1]);
  ::close(ends[1]);
  output_ = ends[0];
}

Child::~Child() {
  end(SIGKILL);
  if (output_ >= 0) ::close(output_);
}

std::string Child::first_line() const {
  std::string line;
  for (char c = 0; ::read(output_, &c, 1) == 1 && c != '\n';) line += c;
  return line;
}

void Child::end(int signal) {
  if (pid_ <= 0) return;
  ::kill(pid_, signal);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

bool Child::runs() const {
  if (pid_ <= 0) return false;
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
  return info.si_pid == 0;
}

int free_port(const std::string& address) {
  const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in in = address_of(address, 0);
  PAWL_ASSERT(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&in), sizeof in) == 0);
  socklen_t size = sizeof in;
  PAWL_ASSERT(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&in), &size) == 0);
  return ntohs(in.sin_port);
}

bool wait_for_listener(const Child& child, const std::string& address, int port) {
  // Polls: such a server does not tell its starter when it listens.
  while (child.runs()) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in in = address_of(address, port);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&in), sizeof in) == 0) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

}  // namespace pawl
