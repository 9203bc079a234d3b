// The lock is an open file description's (F_OFD_SETLK, fcntl(2)): the agent takes it before a start and hands it to the
// supervisor with the descriptor, so that there is no moment in which a started task has no owner; the kernel lets go of it when
// the last process that has it ends, however that comes about. A process id could be another's by then.
#include "process/task_store.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <set>

#include "base/digest.h"
#include "model/limits.h"
#include "process/cgroup.h"
#include "process/directory.h"
#include "process/process_table.h"
#include "process/wake.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

constexpr std::size_t kSpecBytes = 2 * static_cast<std::size_t>(limits::kTaskTextBytes);
constexpr std::size_t kIdBytes = 64;

struct flock whole_file(short type) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  return lock;
}

WallTime wall_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return WallTime{std::chrono::duration_cast<std::chrono::milliseconds>(now).count()};
}

// By a handle, so that a number that is another's by now is not killed.
void kill_exactly(const ProcessEntry& seen) {
  const UniqueFd handle = watch_process(seen.pid);
  const auto now = process_of(seen.pid);
  if (!now || now->start_ticks != seen.start_ticks) return;
  if (!queue_signal(handle, seen.pid, SIGKILL, 0)) (void)::kill(seen.pid, SIGKILL);
}

}  // namespace

Result<ProcessSpec> TaskDirectory::spec() const {
  PAWL_TRY(const std::string text, read_whole(fd(), kSpecFile, kSpecBytes));
  return decode_spec(text);
}

bool TaskDirectory::has(const char* file) const {
  return ::faccessat(fd(), file, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

bool TaskDirectory::is_locked() const {
  const UniqueFd file(::openat(fd(), kLockFile, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  struct flock lock = whole_file(F_WRLCK);
  return file.is_open() && ::fcntl(file.get(), F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

Result<UniqueFd> TaskDirectory::lock() const {
  UniqueFd file(::openat(fd(), kLockFile, O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (!file.is_open()) return file_error(errno, name_);
  struct flock lock = whole_file(F_WRLCK);
  if (::fcntl(file.get(), F_OFD_SETLK, &lock) == 0) return file;
  if (errno == EAGAIN || errno == EACCES) {
    return Error{ErrorKind::kConflict, "somebody else has this task", name_};
  }
  return file_error(errno, name_);
}

// In this order: who makes the mark has the lock already, so a mark without a lock is of a task that has ended. And one with an
// end has ended, whoever has its lock to remove it.
Phase TaskDirectory::phase() const {
  if (!has(kStartFile)) return Phase::kCreated;
  if (has(kEndFile)) return Phase::kExited;
  return is_locked() ? Phase::kRunning : Phase::kExited;
}

std::optional<RunRecord> TaskDirectory::run_record() const {
  const auto text = read_whole(fd(), kRunFile, limits::kProcessRecordBytes);
  if (!text) return std::nullopt;
  const auto record = decode_run(*text);
  return record ? std::optional(*record) : std::nullopt;
}

std::optional<EndRecord> TaskDirectory::end_record() const {
  const auto text = read_whole(fd(), kEndFile, limits::kProcessRecordBytes);
  if (!text) return std::nullopt;
  auto record = decode_end(*text);
  return record ? std::optional(std::move(record).value()) : std::nullopt;
}

Result<ContainerState> TaskDirectory::state() const {
  ContainerState state;
  state.phase = phase();
  PAWL_TRY(ProcessSpec about, spec());
  state.id = std::move(about.id);
  state.labels = std::move(about.labels);
  if (state.phase == Phase::kCreated) return state;
  const auto text = read_whole(fd(), kStartFile, limits::kProcessRecordBytes);
  const auto start = text ? decode_start(*text) : Result<StartRecord>(text.error());
  if (start) state.started_at = start->at;
  const auto run = run_record();
  if (run) state.started_at = run->started_at;
  if (state.phase == Phase::kRunning) return state;
  if (const auto end = end_record()) {
    state.exit_code = end->exit_code;
    state.oom_killed = end->oom_killed;
    state.error = end->error;
    if (end->started_at.is_set()) state.started_at = end->started_at;
    state.ended_at = end->ended_at;
    return state;
  }
  const bool rebooted = start && start->boot_id != boot_id();
  state.error = rebooted ? "the host was restarted while it ran"
                         : "its supervisor died; how it ended, or would have, is not known";
  return state;
}

Result<void> TaskDirectory::mark_started() const {
  return write_once(fd(), kStartFile, encode(StartRecord{boot_id(), wall_time()}));
}

void TaskDirectory::unmark_started() const { ::unlinkat(fd(), kStartFile, 0); }

Result<void> TaskStore::add(const std::string& name, const ProcessSpec& spec,
                            const Variables& variables) {
  const std::string draft = ".draft-" + random_hex(8);
  PAWL_TRY(const UniqueFd made, make_directory(directory_.get(), draft, 0700));
  const auto fill = [&]() -> Result<void> {
    PAWL_CHECK(write_whole(made.get(), kSpecFile, encode(spec), false));
    PAWL_CHECK(write_whole(made.get(), kEnvironmentFile, encode(variables), false));
    PAWL_CHECK(write_whole(made.get(), kLockFile, {}, false));
    if (::renameat(directory_.get(), draft.c_str(), directory_.get(), name.c_str()) == 0) return {};
    // A directory with something in it is never replaced.
    if (errno == ENOTEMPTY || errno == EEXIST) {
      return Error{ErrorKind::kConflict, "there is a task of this name already", name};
    }
    return file_error(errno, name);
  };
  auto filled = fill();
  if (!filled) PAWL_CHECK(trash_.take(directory_.get(), draft));
  return filled;
}

Result<TaskDirectory> TaskStore::find(const std::string& reference) const {
  const Error missing{ErrorKind::kNotFound, "no such task", reference};
  if (!is_object_name(reference)) return missing;
  auto directory = open_directory(directory_.get(), reference);
  if (directory) return TaskDirectory(reference, std::move(directory).value());
  if (directory.error().kind != ErrorKind::kNotFound) return directory.error();
  if (reference.size() != kIdBytes) return missing;
  PAWL_TRY(auto tasks, all());
  for (TaskDirectory& task : tasks) {
    const auto spec = task.spec();
    if (spec && spec->id == reference) return std::move(task);
  }
  return missing;
}

Result<std::vector<TaskDirectory>> TaskStore::all() const {
  PAWL_TRY(const auto names, entries_of(directory_.get(), limits::kProcessTasks));
  std::vector<TaskDirectory> tasks;
  for (const std::string& name : names) {
    if (!is_object_name(name)) continue;
    auto directory = open_directory(directory_.get(), name);
    if (directory) {
      tasks.emplace_back(name, std::move(directory).value());
    } else if (directory.error().kind == ErrorKind::kExhausted) {
      return directory.error();
    }
  }
  return tasks;
}

Result<void> TaskStore::rename(const std::string& name, const std::string& new_name) {
  if (!is_object_name(new_name)) {
    return Error{ErrorKind::kInvalid, "'" + new_name + "' is no name for a task", {}};
  }
  PAWL_TRY(const TaskDirectory task, find(name));
  if (::renameat(directory_.get(), task.name().c_str(), directory_.get(), new_name.c_str()) == 0) {
    return {};
  }
  if (errno == ENOTEMPTY || errno == EEXIST) {
    return Error{ErrorKind::kConflict, "there is a task of this name already", new_name};
  }
  return file_error(errno, name);
}

Result<void> TaskStore::remove(const std::string& name) {
  return trash_.take(directory_.get(), name);
}

void end_strays(const TaskDirectory& task) {
  const auto run = task.run_record();
  const auto spec = task.spec();
  if (!run || !spec || run->boot_id != boot_id()) return;
  const Cgroup cgroup(spec->cgroup);
  for (int round = 0; round < limits::kStrayRounds; ++round) {
    const std::vector<pid_t> members = cgroup.members();
    const std::set<pid_t> grouped(members.begin(), members.end());
    bool found = false;
    for (const ProcessEntry& process : all_processes()) {
      const bool in_session =
          process.session == run->task && process.start_ticks >= run->task_start_ticks;
      if (process.dead || (!in_session && !grouped.contains(process.pid))) continue;
      found = true;
      kill_exactly(process);
    }
    if (!found) break;
    (void)::poll(nullptr, 0, limits::kStrayPauseMs);
  }
  (void)cgroup.remove();
}

}  // namespace pawl
