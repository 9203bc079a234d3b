#include "process/wake.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

namespace pawl {
namespace {

// Numbers that older headers lack; the same on every architecture.
constexpr long kPidfdSendSignal = 424;
constexpr long kPidfdOpen = 434;
constexpr std::int64_t kLongestPollMs = 60'000;

}  // namespace

void StopWake::Raise::operator()() const {
  const std::uint64_t one = 1;
  // Never read, so it stays readable.
  [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
}

StopWake::StopWake(const std::stop_token& stop)
    : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), callback_(stop, Raise{event_.get()}) {}

UniqueFd watch_process(pid_t pid) {
  return UniqueFd(static_cast<int>(::syscall(kPidfdOpen, pid, 0)));
}

bool queue_signal(const UniqueFd& process, pid_t pid, int signal, int value) {
  sigval payload{};
  payload.sival_int = value;
  if (!process.is_open()) return ::sigqueue(pid, signal, payload) == 0;
  siginfo_t info;
  std::memset(&info, 0, sizeof info);
  info.si_signo = signal;
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value = payload;
  return ::syscall(kPidfdSendSignal, process.get(), signal, &info, 0) == 0;
}

DirectoryWatch::DirectoryWatch(int directory) : notify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
  if (!notify_.is_open()) return;
  const std::string path = "/proc/self/fd/" + std::to_string(directory);
  if (::inotify_add_watch(notify_.get(), path.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
    notify_.reset();
  }
}

void DirectoryWatch::drain() const {
  std::array<char, 4096> events;
  while (notify_.is_open() && ::read(notify_.get(), events.data(), events.size()) > 0) {
  }
}

void wait_for(int first, int second, int third, std::int64_t timeout_ms) {
  std::array<pollfd, 3> fds = {{{first, POLLIN, 0}, {second, POLLIN, 0}, {third, POLLIN, 0}}};
  const std::int64_t wait_ms =
      timeout_ms < 0 ? kLongestPollMs : std::min(timeout_ms, kLongestPollMs);
  (void)::poll(fds.data(), fds.size(), static_cast<int>(wait_ms));
}

}  // namespace pawl
