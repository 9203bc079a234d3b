// The executable that the tests give to PullProcess: the real child, with a vet that does what a file's
// first word says, as a parser with a bug or an attacker in it would.
//
//   pull-child internal-pull            what PullProcess runs
//   pull-child pull CACHE URL           an agent of its own: pulls URL, for the tests that kill it
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "git/pull_child.h"
#include "git/pull_process.h"

namespace {

// 0 where the call worked, else errno.
int code_of(long result) { return result >= 0 ? 0 : errno; }

int try_open(const char* path, int flags) {
  const int fd = ::open(path, flags | O_CLOEXEC, 0600);
  const int code = code_of(fd);
  if (fd >= 0) ::close(fd);
  return code;
}

int try_exec() {
  char name[] = "true";
  char* arguments[] = {name, nullptr};
  return code_of(::execv("/bin/true", arguments));
}

int try_fork() {
  const pid_t pid = ::fork();
  if (pid == 0) ::_exit(0);
  const int code = code_of(pid);
  if (pid > 0) ::waitpid(pid, nullptr, 0);
  return code;
}

int try_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int code = code_of(fd);
  if (fd >= 0) ::close(fd);
  return code;
}

long limit_of(__rlimit_resource_t resource) {
  rlimit limit{};
  ::getrlimit(resource, &limit);
  return limit.rlim_cur == RLIM_INFINITY ? -1 : static_cast<long>(limit.rlim_cur);
}

// What an attacker in the parser would try; the outcome comes back as the pull's error.
void probe(const std::string& content) {
  // The rest of the first line: a file that exists and that the child may not read.
  const std::size_t begin = content.find(' ') + 1;
  const std::string secret = content.substr(begin, content.find('\n') - begin);
  std::string text = "probe";
  const auto add = [&](const char* name, long value) {
    text += std::string(" ") + name + "=" + std::to_string(value);
  };
  add("read", try_open(secret.c_str(), O_RDONLY));
  add("write", try_open((secret + ".new").c_str(), O_WRONLY | O_CREAT));
  add("exec", try_exec());
  add("fork", try_fork());
  add("unix", try_socket(AF_UNIX));
  add("inet", try_socket(AF_INET));
  add("trace", code_of(::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr)));
  add("kill", code_of(::kill(::getppid(), 0)));
  add("core", limit_of(RLIMIT_CORE));
  add("files", limit_of(RLIMIT_NOFILE));
  add("memory", limit_of(RLIMIT_AS));
  throw std::runtime_error(text);
}

volatile int sink = 0;

int recurse(int depth) {
  volatile char frame[1024];
  frame[0] = static_cast<char>(depth);
  if (sink < 0) return depth;  // never; else the compiler refuses
  const int below = recurse(depth + 1);
  return below + frame[0];
}

void vet(const pawl::PulledFile& file) {
  const std::string_view content = file.content;
  if (content.substr(0, 5) == "PROBE") probe(file.content);
  if (content.substr(0, 5) == "ABORT") ::abort();
  if (content.substr(0, 5) == "STACK") sink = recurse(0);
  if (content.substr(0, 5) == "THROW") throw std::runtime_error("thrown\nby the vet");
  if (content.substr(0, 4) == "EXIT") ::_exit(7);
  if (content.substr(0, 4) == "KILL") ::kill(::getpid(), SIGKILL);
  if (content.substr(0, 4) == "SPIN") {
    while (true) sink = 1 - sink;  // does not overflow, however fast the machine
  }
  if (content.substr(0, 5) == "PAUSE") {
    while (true) ::pause();
  }
  if (content.substr(0, 5) == "CLOSE") {
    ::close(STDOUT_FILENO);
    ::close(STDERR_FILENO);
    while (true) ::pause();
  }
  if (content.substr(0, 5) == "FLOOD") {
    const std::string block(64 * 1024, 'x');
    while (::write(STDOUT_FILENO, block.data(), block.size()) > 0) {
    }
  }
  if (content.substr(0, 6) == "MEMORY") {
    std::vector<std::string> blocks;
    while (true) blocks.emplace_back(16 * 1024 * 1024, 'x');
  }
}

int pull_once(const char* cache, const char* url) {
  pawl::PullProcess::Options options;
  options.cache_directory = cache;
  pawl::PullProcess process(options);
  pawl::SourceConfig source;
  source.name = "fleet";
  source.url = url;
  const auto result = process.pull(source, "");
  std::puts(result ? result->revision.c_str() : result.error().text().c_str());
  return result ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 2 && std::string_view(argv[1]) == "internal-pull") return pawl::run_pull_child(vet);
  if (argc == 4 && std::string_view(argv[1]) == "pull") return pull_once(argv[2], argv[3]);
  std::fputs("usage: pull-child internal-pull | pull CACHE URL\n", stderr);
  return 2;
}
