// posix_spawn, because fork() in a process with threads and a mapped database is a trap; glibc's is
// vfork-like, so it also costs the same whatever the agent's size.
//
// The end of the child is awaited as the end of its pipes, and then by asking waitpid() at short
// intervals: exiting follows within a millisecond, unless it closed its pipes on purpose. SIGCHLD is the
// process's and not ours to take, and a pidfd needs Linux 5.3.
#include "git/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "base/unique_fd.h"
#include "model/limits.h"

namespace pawl {
namespace {

using SteadyTime = std::chrono::steady_clock::time_point;

std::int64_t milliseconds_until(SteadyTime time) {
  const auto left = time - std::chrono::steady_clock::now();
  return std::chrono::ceil<std::chrono::milliseconds>(left).count();
}

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;
};

Error system_error(const char* what, int code) {
  ErrorKind kind = ErrorKind::kUnavailable;
  if (code == ENOENT) kind = ErrorKind::kNotFound;
  if (code == EACCES || code == EPERM) kind = ErrorKind::kDenied;
  return Error{kind, std::string(what) + ": " + std::strerror(code), {}};
}

// Above stdin, stdout and stderr, so that the child's dup2 calls cannot overwrite one another.
bool move_above_stdio(UniqueFd& fd) {
  if (fd.get() > STDERR_FILENO) return true;
  fd.reset(::fcntl(fd.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  return fd.is_open();
}

Result<Pipe> make_pipe() {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return system_error("cannot make a pipe", errno);
  Pipe pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
  if (!move_above_stdio(pipe.read_end) || !move_above_stdio(pipe.write_end) ||
      ::fcntl(pipe.read_end.get(), F_SETFL, O_NONBLOCK) != 0) {
    return system_error("cannot make a pipe", errno);
  }
  return pipe;
}

// In memory rather than a pipe: nothing to feed while waiting, and no SIGPIPE.
Result<UniqueFd> make_input(std::string_view bytes) {
  constexpr unsigned kNoExecSeal = 0x8;  // Linux 6.3; a host may demand it (vm.memfd_noexec=2)
  UniqueFd fd(::memfd_create("pawl-input", MFD_CLOEXEC | kNoExecSeal));
  if (!fd.is_open() && errno == EINVAL) fd.reset(::memfd_create("pawl-input", MFD_CLOEXEC));
  if (!fd.is_open() || !move_above_stdio(fd)) return system_error("cannot make a memfd", errno);
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd.get(), bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return system_error("cannot write a memfd", errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::lseek(fd.get(), 0, SEEK_SET) != 0) return system_error("cannot rewind a memfd", errno);
  return fd;
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// The two attribute objects of posix_spawn, freed on every way out.
struct SpawnSettings {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  bool made = false;

  SpawnSettings() {
    if (::posix_spawn_file_actions_init(&actions) != 0) return;
    if (::posix_spawnattr_init(&attributes) != 0) {
      ::posix_spawn_file_actions_destroy(&actions);
      return;
    }
    made = true;
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;
  ~SpawnSettings() {
    if (!made) return;
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }

  int set(int input, int output, int errors) {
    sigset_t none;
    sigset_t all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    int code = ::posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (code == 0) code = ::posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    if (code == 0) code = ::posix_spawn_file_actions_adddup2(&actions, errors, STDERR_FILENO);
    // Whatever a library opened without O_CLOEXEC ends here.
    if (code == 0) code = ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
    if (code == 0) code = ::posix_spawnattr_setsigmask(&attributes, &none);
    if (code == 0) code = ::posix_spawnattr_setsigdefault(&attributes, &all);
    if (code == 0) code = ::posix_spawnattr_setpgroup(&attributes, 0);
    if (code == 0) {
      code = ::posix_spawnattr_setflags(
          &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    return code;
  }
};

// Cuts bytes into lines, each bounded; the rest of a longer line is dropped.
class LineCutter {
 public:
  explicit LineCutter(const std::function<void(std::string_view)>& on_line) : on_line_(on_line) {}

  void add(std::string_view bytes) {
    for (char c : bytes) {
      if (c == '\n') {
        flush();
      } else if (line_.size() < limits::kPullStderrLineBytes) {
        line_ += c;
      }
    }
  }
  void flush() {
    if (!line_.empty() && on_line_) on_line_(line_);
    line_.clear();
  }

 private:
  const std::function<void(std::string_view)>& on_line_;
  std::string line_;
};

// Owns the process from spawn to reaping.
class Child {
 public:
  Child(pid_t pid, UniqueFd output, UniqueFd errors, const ChildCommand& command)
      : pid_(pid),
        output_(std::move(output)),
        errors_(std::move(errors)),
        command_(command),
        lines_(command.on_error_line) {}

  ChildOutcome run(SteadyTime deadline) {
    ChildOutcome outcome;
    if (read_all(deadline, outcome) && await_exit(deadline, outcome, command_.wake_fd)) {
      lines_.flush();
      return outcome;
    }
    const ChildOutcome::End why = outcome.end;
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    const SteadyTime gone =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(limits::kPullReapMs);
    if (!drained(gone) || !await_exit(gone, outcome, -1)) outcome.unreaped = pid_;
    lines_.flush();
    outcome.end = why;
    return outcome;
  }

 private:
  // True when both pipes came to their end by themselves; else `outcome.end` says why not.
  bool read_all(SteadyTime deadline, ChildOutcome& outcome) {
    while (output_.is_open() || errors_.is_open()) {
      const std::int64_t left_ms = milliseconds_until(deadline);
      if (left_ms <= 0) {
        outcome.end = ChildOutcome::End::kDeadline;
        return false;
      }
      std::array<pollfd, 3> fds = {
          {{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}, {command_.wake_fd, POLLIN, 0}}};
      const int wait_ms = static_cast<int>(std::min<std::int64_t>(left_ms, 60'000));
      const int ready = ::poll(fds.data(), fds.size(), wait_ms);
      if (ready < 0 && errno != EINTR) {
        outcome.end = ChildOutcome::End::kStopped;
        return false;
      }
      if (ready <= 0) continue;
      if (fds[2].revents != 0) {
        outcome.end = ChildOutcome::End::kStopped;
        return false;
      }
      if (fds[0].revents != 0 && !read_output(outcome.output)) {
        outcome.end = ChildOutcome::End::kTooMuchOutput;
        return false;
      }
      if (fds[1].revents != 0) read_errors();
    }
    return true;
  }

  // True when the child is reaped; else `outcome.end` says why not.
  bool await_exit(SteadyTime deadline, ChildOutcome& outcome, int wake_fd) {
    for (std::int64_t wait_ms = 1;; wait_ms = std::min<std::int64_t>(2 * wait_ms, 50)) {
      int status = 0;
      const pid_t done = ::waitpid(pid_, &status, WNOHANG);
      // ECHILD: somebody lets the kernel reap. The code is lost; a whole bundle speaks for itself.
      if (done < 0 && errno == ECHILD) return true;
      if (done == pid_) {
        outcome.end =
            WIFSIGNALED(status) ? ChildOutcome::End::kSignalled : ChildOutcome::End::kExited;
        outcome.code = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
        return true;
      }
      const std::int64_t left_ms = milliseconds_until(deadline);
      if (left_ms <= 0) {
        outcome.end = ChildOutcome::End::kDeadline;
        return false;
      }
      pollfd wake{wake_fd, POLLIN, 0};
      if (::poll(&wake, 1, static_cast<int>(std::min(wait_ms, left_ms))) > 0) {
        outcome.end = ChildOutcome::End::kStopped;
        return false;
      }
    }
  }

  bool read_output(std::string& output) {
    const ssize_t count = ::read(output_.get(), buffer_.data(), buffer_.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return true;
    if (count <= 0) {
      output_.reset();
      return true;
    }
    output.append(buffer_.data(), static_cast<std::size_t>(count));
    return output.size() <= command_.output_bytes_max;
  }

  void read_errors() {
    const ssize_t count = ::read(errors_.get(), buffer_.data(), buffer_.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    if (count <= 0) {
      errors_.reset();
      return;
    }
    lines_.add(std::string_view(buffer_.data(), static_cast<std::size_t>(count)));
  }

  // Reads the pipes of a killed child to their end: then it is gone, or nearly. What it still had to
  // say on stderr is kept, its output is not.
  bool drained(SteadyTime deadline) {
    std::string ignored;
    while (output_.is_open() || errors_.is_open()) {
      const std::int64_t left_ms = milliseconds_until(deadline);
      if (left_ms <= 0) return false;
      std::array<pollfd, 2> fds = {{{output_.get(), POLLIN, 0}, {errors_.get(), POLLIN, 0}}};
      if (::poll(fds.data(), fds.size(), static_cast<int>(left_ms)) <= 0) continue;
      if (fds[0].revents != 0) {
        read_output(ignored);
        ignored.clear();
      }
      if (fds[1].revents != 0) read_errors();
    }
    return true;
  }

  const pid_t pid_;
  UniqueFd output_;
  UniqueFd errors_;
  const ChildCommand& command_;
  LineCutter lines_;
  std::array<char, 16 * 1024> buffer_{};
};

}  // namespace

Result<ChildOutcome> run_child(const ChildCommand& command) {
  const SteadyTime deadline =
      std::chrono::steady_clock::now() + std::chrono::milliseconds(command.deadline_ms);
  PAWL_TRY(UniqueFd input, make_input(command.input));
  PAWL_TRY(Pipe output, make_pipe());
  PAWL_TRY(Pipe errors, make_pipe());
  SpawnSettings settings;
  if (!settings.made) return system_error("cannot start a process", ENOMEM);
  int code = settings.set(input.get(), output.write_end.get(), errors.write_end.get());
  pid_t pid = 0;
  if (code == 0) {
    const std::vector<char*> arguments = pointers(command.arguments);
    const std::vector<char*> environment = pointers(command.environment);
    code = ::posix_spawn(&pid, command.executable.c_str(), &settings.actions, &settings.attributes,
                         arguments.data(), environment.data());
  }
  if (code != 0) return system_error("cannot start a process", code);
  // Our copies of the child's ends must go, or the pipes never come to their end.
  input.reset();
  output.write_end.reset();
  errors.write_end.reset();
  Child child(pid, std::move(output.read_end), std::move(errors.read_end), command);
  return child.run(deadline);
}

}  // namespace pawl
