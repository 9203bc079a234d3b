// One thread, one poll loop. The task is a child and all that descends from it ends up as one (subreaper), so that nothing
// it started is beyond reach, whether or not there is a control group.
//
// The end is written into a file whose room was taken before the start: on a full disk, of all that is written an end is
// what must not be missing.
#include "process/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "model/limits.h"
#include "process/cgroup.h"
#include "process/directory.h"
#include "process/log_files.h"
#include "process/process_table.h"
#include "process/records.h"
#include "process/task_exec.h"

namespace pawl {
namespace {

constexpr std::size_t kSpecBytes = 2 * static_cast<std::size_t>(limits::kTaskTextBytes);
constexpr std::size_t kReadBytes = 64 * 1024;
constexpr int kReadsInTurn = 16;  // of one stream, before signals are looked at again
constexpr int kSweepMs = 20;      // between looks for what a task left behind
constexpr int kSignalBase = 128;  // the shell's
constexpr int kStartFailedCode = 128;
constexpr const char* kEndDraft = "end.draft";

std::int64_t wall_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

WallTime wall_time() { return WallTime{wall_ns() / 1'000'000}; }

struct Pipe {
  UniqueFd read_end;
  UniqueFd write_end;

  // A task's own descriptors must not be overwritten when it takes its streams.
  [[nodiscard]] bool open() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return false;
    read_end.reset(ends[0]);
    write_end.reset(ends[1]);
    return true;
  }
};

std::int64_t milliseconds_of(const timeval& time) {
  return static_cast<std::int64_t>(time.tv_sec) * 1000 + time.tv_usec / 1000;
}

class Supervisor {
 public:
  Supervisor(int directory, UniqueFd reply)
      : directory_(directory), reply_(std::move(reply)), log_(directory) {}

  // False: it was not started, and why has been answered.
  [[nodiscard]] bool start();
  void follow();
  void finish();

 private:
  struct Stream {
    LogStream stream;
    UniqueFd fd{};
    LineSplitter lines{};
  };

  [[nodiscard]] std::string prepare();
  [[nodiscard]] std::string launch();
  [[nodiscard]] std::string let_go(UniqueFd go, const UniqueFd& report);
  void refuse(const std::string& why);
  [[nodiscard]] bool reserve_end() const;
  void write_end(const EndRecord& record) const;

  void take_signals();
  void signal_task(int number);
  void reap();
  void kill_descendants() const;
  void sweep();
  void read_stream(Stream& stream);
  void wait_for_events(int timeout_ms);

  const int directory_;
  UniqueFd reply_;
  UniqueFd signals_;
  ProcessSpec spec_;
  Variables variables_;
  Cgroup cgroup_{CgroupPaths{}};
  Stream output_{LogStream::kStdout};
  Stream errors_{LogStream::kStderr};
  LogWriter log_;
  WallTime started_at_;
  pid_t task_ = 0;
  bool task_ended_ = false;
  bool childless_ = false;
  int exit_code_ = 0;
  ResourceUsage usage_;
};

bool Supervisor::start() {
  std::string why = prepare();
  if (why.empty()) why = launch();
  if (!why.empty()) {
    refuse(why);
    return false;
  }
  ::unlinkat(directory_, kEnvironmentFile, 0);
  (void)write_all(reply_.get(), kSupervisorStarted);
  reply_.reset();
  return true;
}

// Returns why not, as do the next two.
std::string Supervisor::prepare() {
  sigset_t wanted;
  ::sigemptyset(&wanted);
  ::sigaddset(&wanted, SIGCHLD);
  ::sigaddset(&wanted, supervisor_signal());
  signals_.reset(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals_.is_open()) return std::string("signalfd: ") + std::strerror(errno);
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return "it cannot be a subreaper";
  const auto text = read_whole(directory_, kSpecFile, kSpecBytes);
  if (!text) return text.error().text();
  auto spec = decode_spec(*text);
  if (!spec) return spec.error().text();
  spec_ = std::move(spec).value();
  const auto environment = read_whole(directory_, kEnvironmentFile, kSpecBytes);
  if (!environment) return environment.error().text();
  auto variables = decode_variables(*environment);
  if (!variables) return variables.error().text();
  variables_ = std::move(variables).value();
  cgroup_ = Cgroup(spec_.cgroup);
  const auto made = cgroup_.make({spec_.cpus_milli, spec_.memory_bytes, spec_.pids});
  if (!made) return made.error().text();
  if (!reserve_end()) return std::string("no room for its end: ") + std::strerror(errno);
  return {};
}

std::string Supervisor::launch() {
  Pipe output;
  Pipe errors;
  Pipe go;
  Pipe report;
  if (!output.open() || !errors.open() || !go.open() || !report.open()) {
    return std::string("no pipe: ") + std::strerror(errno);
  }
  started_at_ = wall_time();
  task_ = ::fork();
  if (task_ < 0) return std::string("no process: ") + std::strerror(errno);
  if (task_ == 0) {
    go.write_end.reset();
    become_task({spec_, variables_, output.write_end.get(), errors.write_end.get(),
                 go.read_end.get(), report.write_end.get()});
  }
  output_.fd = std::move(output.read_end);
  errors_.fd = std::move(errors.read_end);
  ::fcntl(output_.fd.get(), F_SETFL, O_NONBLOCK);
  ::fcntl(errors_.fd.get(), F_SETFL, O_NONBLOCK);
  output.write_end.reset();
  errors.write_end.reset();
  go.read_end.reset();
  report.write_end.reset();
  return let_go(std::move(go.write_end), report.read_end);
}

// Before the task is let go, others must be able to find whom to ask to end it.
std::string Supervisor::let_go(UniqueFd go, const UniqueFd& report) {
  const auto process = process_of(task_);
  const RunRecord record{boot_id(), started_at_, ::getpid(), task_,
                         process ? process->start_ticks : 0};
  const auto written = write_whole(directory_, kRunFile, encode(record), false);
  if (!written) return written.error().text();
  if (!write_all(go.get(), "g")) return "it has died before its start";
  std::string why;
  std::array<char, limits::kEngineMessageBytes> buffer{};
  while (true) {
    const ssize_t count = ::read(report.get(), buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return why;
    if (why.size() < limits::kEngineMessageBytes) {
      why.append(buffer.data(), static_cast<std::size_t>(count));
    }
  }
}

void Supervisor::refuse(const std::string& why) {
  if (task_ > 0) {
    ::kill(task_, SIGKILL);
    (void)::waitpid(task_, nullptr, 0);
  }
  EndRecord record;
  record.exit_code = kStartFailedCode;
  record.started_at = started_at_;
  record.ended_at = wall_time();
  record.error = why.substr(0, limits::kEngineMessageBytes);
  write_end(record);
  cgroup_.remove();
  (void)write_all(reply_.get(), record.error);
}

bool Supervisor::reserve_end() const {
  const UniqueFd file(
      ::openat(directory_, kEndDraft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  return file.is_open() && write_all(file.get(), std::string(limits::kProcessEndBytes, ' '));
}

// What cannot be written is an end that is not known.
void Supervisor::write_end(const EndRecord& record) const {
  const UniqueFd file(
      ::openat(directory_, kEndDraft, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  const std::string text = encode(record);
  if (!file.is_open() || !write_all(file.get(), text) ||
      ::ftruncate(file.get(), static_cast<off_t>(text.size())) != 0 ||
      ::fdatasync(file.get()) != 0) {
    return;
  }
  if (::renameat(directory_, kEndDraft, directory_, kEndFile) == 0) ::fsync(directory_);
}

void Supervisor::follow() {
  while (!task_ended_) {
    wait_for_events(-1);
    take_signals();
    reap();
    read_stream(output_);
    read_stream(errors_);
    log_.flush();
  }
  sweep();
}

void Supervisor::wait_for_events(int timeout_ms) {
  std::array<pollfd, 3> fds = {
      {{signals_.get(), POLLIN, 0}, {output_.fd.get(), POLLIN, 0}, {errors_.fd.get(), POLLIN, 0}}};
  (void)::poll(fds.data(), fds.size(), timeout_ms);
}

void Supervisor::take_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
    if (info.ssi_signo == static_cast<std::uint32_t>(supervisor_signal())) {
      signal_task(info.ssi_int);
    }
  }
}

void Supervisor::signal_task(int number) {
  if (number <= 0 || number >= NSIG || task_ended_) return;
  ::kill(-task_, number);
  if (number == SIGKILL) kill_descendants();
}

void Supervisor::reap() {
  while (true) {
    int status = 0;
    rusage used{};
    const pid_t pid = ::wait4(-1, &status, WNOHANG, &used);
    childless_ = pid < 0 && errno == ECHILD;
    if (pid <= 0) return;
    if (pid != task_) continue;
    task_ended_ = true;
    exit_code_ = WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
    usage_.peak_memory_bytes = static_cast<std::int64_t>(used.ru_maxrss) * 1024;
    usage_.cpu_ms = milliseconds_of(used.ru_utime) + milliseconds_of(used.ru_stime);
  }
}

// Not yet reaped, so each number is still that of the process that was seen.
void Supervisor::kill_descendants() const {
  for (const pid_t pid : descendants_of(::getpid(), all_processes())) ::kill(pid, SIGKILL);
  for (const pid_t pid : cgroup_.members()) ::kill(pid, SIGKILL);
}

// As with a container, the first process's end is everybody's.
void Supervisor::sweep() {
  while (true) {
    reap();
    read_stream(output_);
    read_stream(errors_);
    log_.flush();
    if (childless_) return;
    kill_descendants();
    pollfd event{signals_.get(), POLLIN, 0};
    (void)::poll(&event, 1, kSweepMs);
    take_signals();
  }
}

void Supervisor::read_stream(Stream& stream) {
  std::array<char, kReadBytes> buffer;
  for (int turn = 0; turn < kReadsInTurn && stream.fd.is_open(); ++turn) {
    const ssize_t count = ::read(stream.fd.get(), buffer.data(), buffer.size());
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) return;
    const auto take = [&](std::string_view text) { log_.add(stream.stream, wall_ns(), text); };
    if (count <= 0) {
      stream.fd.reset();
      stream.lines.flush(take);
      return;
    }
    stream.lines.add(std::string_view(buffer.data(), static_cast<std::size_t>(count)), take);
  }
}

void Supervisor::finish() {
  const auto take = [&](Stream& stream) {
    // All writers are gone; one more turn empties the pipe, whoever else may hold its other end.
    read_stream(stream);
    stream.lines.flush([&](std::string_view text) { log_.add(stream.stream, wall_ns(), text); });
  };
  take(output_);
  take(errors_);
  log_.flush();
  EndRecord record;
  record.exit_code = exit_code_;
  record.started_at = started_at_;
  record.ended_at = WallTime{std::max(wall_time().ms, started_at_.ms)};
  record.log_lost = log_.lost();
  record.usage = usage_;
  if (!spec_.cgroup.controllers.empty()) {
    record.oom_killed = cgroup_.oom_killed();
    record.usage = cgroup_.usage();
  }
  write_end(record);
  for (int tries = 0; tries < limits::kCgroupRemoveTries && !cgroup_.remove(); ++tries) {
    (void)::poll(nullptr, 0, kSweepMs);
  }
}

}  // namespace

int run_process_supervisor() {
  for (const int fd : {kSupervisorLockFd, kSupervisorReplyFd, kSupervisorDirectoryFd}) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) {
      ::dprintf(STDERR_FILENO, "pawl: %s is for pawl's own use\n", kSupervisorVerb);
      return 2;
    }
  }
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  // The agent waits for the process that it started; its child is init's.
  const pid_t child = ::fork();
  if (child != 0) return child < 0 ? 1 : 0;
  if (::chdir("/") != 0) return 1;
  Supervisor supervisor(kSupervisorDirectoryFd, UniqueFd(kSupervisorReplyFd));
  if (!supervisor.start()) return 1;
  supervisor.follow();
  supervisor.finish();
  return 0;
}

}  // namespace pawl
