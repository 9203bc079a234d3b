// posix_spawn and not fork(), as for a pull's child (git/child_process.cpp): the agent has threads.
#include "process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "model/limits.h"
#include "process/directory.h"
#include "process/supervisor.h"
#include "process/wake.h"

namespace pawl {
namespace {

constexpr int kFirstFreeFd = kSupervisorDirectoryFd + 1;

// Where the child's dup2 calls cannot overwrite them.
UniqueFd above(int fd) { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, kFirstFreeFd)); }

class SpawnSettings {
 public:
  SpawnSettings() {
    actions_made_ = ::posix_spawn_file_actions_init(&actions_) == 0;
    attributes_made_ = ::posix_spawnattr_init(&attributes_) == 0;
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    if (actions_made_) ::posix_spawn_file_actions_destroy(&actions_);
    if (attributes_made_) ::posix_spawnattr_destroy(&attributes_);
  }

  int set(int lock, int reply, int directory) {
    if (!actions_made_ || !attributes_made_) return ENOMEM;
    int code = 0;
    for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
      if (code == 0) {
        code = ::posix_spawn_file_actions_addopen(&actions_, fd, "/dev/null", O_RDWR, 0);
      }
    }
    if (code == 0) code = ::posix_spawn_file_actions_adddup2(&actions_, lock, kSupervisorLockFd);
    if (code == 0) code = ::posix_spawn_file_actions_adddup2(&actions_, reply, kSupervisorReplyFd);
    if (code == 0) {
      code = ::posix_spawn_file_actions_adddup2(&actions_, directory, kSupervisorDirectoryFd);
    }
    if (code == 0) code = ::posix_spawn_file_actions_addclosefrom_np(&actions_, kFirstFreeFd);
    // Blocked from its first moment: a signal that it is to take later must not end it before.
    sigset_t all;
    ::sigfillset(&all);
    if (code == 0) code = ::posix_spawnattr_setsigmask(&attributes_, &all);
    if (code == 0) code = ::posix_spawnattr_setsigdefault(&attributes_, &all);
    if (code == 0) {
      code = ::posix_spawnattr_setflags(
          &attributes_, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
    }
    return code;
  }

  int spawn(const SupervisorStart& start, pid_t& pid) {
    std::string executable = start.executable;
    std::string name = "pawl";
    std::string verb = kSupervisorVerb;
    std::string label = start.label;
    std::array<char*, 4> arguments = {name.data(), verb.data(), label.data(), nullptr};
    std::string language = "LANG=C";
    std::string sanitizer = "ASAN_OPTIONS=detect_leaks=0";  // a task's end is not held up by it
    std::array<char*, 3> environment = {language.data(), sanitizer.data(), nullptr};
    return ::posix_spawn(&pid, executable.c_str(), &actions_, &attributes_, arguments.data(),
                         environment.data());
  }

 private:
  posix_spawn_file_actions_t actions_{};
  posix_spawnattr_t attributes_{};
  bool actions_made_ = false;
  bool attributes_made_ = false;
};

Error spawn_error(int code) {
  Error error = file_error(code, "the supervisor cannot be started");
  if (error.kind == ErrorKind::kUnavailable) error.kind = ErrorKind::kExhausted;
  return error;
}

Result<std::string> read_reply(const UniqueFd& reply, const std::stop_token& stop) {
  const StopWake wake(stop);
  const auto deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kEngineStartMs);
  std::string text;
  std::array<char, limits::kEngineMessageBytes> buffer{};
  while (text.size() <= limits::kEngineMessageBytes) {
    const auto left = deadline - std::chrono::steady_clock::now();
    if (stop.stop_requested()) return Error{ErrorKind::kCancelled, "stopped during a start", {}};
    if (left.count() <= 0) return Error{ErrorKind::kTimeout, "the start takes too long", {}};
    wait_for(reply.get(), wake.fd(), -1,
             std::chrono::ceil<std::chrono::milliseconds>(left).count());
    const ssize_t count = ::read(reply.get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count <= 0) break;
    text.append(buffer.data(), static_cast<std::size_t>(count));
  }
  return text;
}

}  // namespace

Result<void> start_supervisor(const SupervisorStart& start, const std::stop_token& stop) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return spawn_error(errno);
  const UniqueFd reply(ends[0]);
  UniqueFd given(ends[1]);
  pid_t pid = 0;
  {
    const UniqueFd lock = above(start.lock);
    const UniqueFd directory = above(start.directory);
    const UniqueFd answer = above(given.get());
    if (!lock.is_open() || !directory.is_open() || !answer.is_open() ||
        ::fcntl(reply.get(), F_SETFL, O_NONBLOCK) != 0) {
      return spawn_error(errno);
    }
    SpawnSettings settings;
    int code = settings.set(lock.get(), answer.get(), directory.get());
    if (code == 0) code = settings.spawn(start, pid);
    if (code != 0) return spawn_error(code);
  }
  // Our copy must go, or a supervisor that dies is never noticed.
  given.reset();
  // It ends as soon as it has forked.
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  PAWL_TRY(const std::string text, read_reply(reply, stop));
  if (text == kSupervisorStarted) return {};
  if (text.empty()) return Error{ErrorKind::kUnavailable, "the task's supervisor has died", {}};
  return Error{ErrorKind::kInvalid, text, {}};
}

}  // namespace pawl
