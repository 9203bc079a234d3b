// A child that hangs or dies over its clone cannot say so itself; its last stage line does. The clone is
// then not used again: the same pull starts a second child that makes a new one, if time is left, else
// the next pull does. A child that dies over the remote or over a file's content costs only this pull.
#include "git/pull_process.h"

#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <deque>

#include "base/log.h"
#include "base/time.h"
#include "git/bundle.h"
#include "git/child_process.h"
#include "git/pull_request.h"
#include "git/source_url.h"
#include "git/stage.h"

namespace pawl {
namespace {

constexpr std::int64_t kRetryMinimumMs = 1'000;  // less is not worth a second child

// One line, bounded, no credentials: the child's words are not to be trusted with either.
std::string clean_text(std::string_view text) {
  std::string clean = redact_urls(text);
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  while (!clean.empty() && clean.back() == ' ') clean.pop_back();
  if (clean.size() > limits::kMessageBytes) clean.resize(limits::kMessageBytes);
  return clean;
}

std::string signal_text(int number) {
  const char* name = ::sigabbrev_np(number);
  const char* description = ::sigdescr_np(number);
  std::string text =
      name == nullptr ? "signal " + std::to_string(number) : std::string("SIG") + name;
  if (description != nullptr) text += std::string(", ") + description;
  return text;
}

std::string doing_text(const StageMark& stage) {
  if (stage.stage == Stage::kCheck) return "checking the file '" + stage.text + "'";
  return stage.text;
}

// What the child says on stderr.
class ChildWords {
 public:
  explicit ChildWords(const std::string& source) : source_(source) {}

  void take(std::string_view line) {
    if (auto stage = parse_stage_line(line)) {
      stage_ = std::move(*stage);
    } else if (const auto note = parse_note_line(line)) {
      log_debug("pull", {{"source", source_}, {"note", clean_text(*note)}});
    } else {
      keep(line);
    }
  }
  [[nodiscard]] const StageMark& stage() const { return stage_; }
  // The last thing said that was neither: an assertion, a sanitizer's report.
  [[nodiscard]] std::string last() const { return lines_.empty() ? std::string() : lines_.back(); }
  void log_all() const {
    for (const std::string& line : lines_) {
      log_debug("pull's child", {{"source", source_}, {"stderr", clean_text(line)}});
    }
  }

 private:
  void keep(std::string_view line) {
    bytes_ += line.size();
    lines_.emplace_back(line);
    while (bytes_ > limits::kPullStderrBytes) {
      bytes_ -= lines_.front().size();
      lines_.pop_front();
    }
  }

  const std::string& source_;
  StageMark stage_{Stage::kStart, "starting"};
  std::deque<std::string> lines_;
  std::size_t bytes_ = 0;
};

}  // namespace

struct PullProcess::Attempt {
  Result<PullResult> result;
  bool clone_suspect = false;  // the child hung or died over its clone
  bool clone_sound = false;    // it got past it
};

namespace {

// Why a child left no usable bundle.
Error describe_end(const ChildOutcome& outcome, const ChildWords& words, std::int64_t deadline_ms) {
  const std::string doing = " while " + doing_text(words.stage());
  switch (outcome.end) {
    case ChildOutcome::End::kStopped:
      return Error{ErrorKind::kCancelled, "the agent is stopping", {}};
    case ChildOutcome::End::kDeadline:
      return Error{
          ErrorKind::kTimeout, "not done within " + format_duration(deadline_ms) + doing, {}};
    case ChildOutcome::End::kTooMuchOutput:
      return Error{ErrorKind::kTooLarge, "the pull's child handed over too much" + doing, {}};
    case ChildOutcome::End::kSignalled: {
      if (outcome.code == SIGPROF) {
        const std::string hint = words.stage().stage == Stage::kRepository
                                     ? "; an object is probably damaged, run `git fsck` there"
                                     : "";
        // A file that a parser does not get done with is no damage, but a bug of ours.
        const ErrorKind kind =
            words.stage().stage == Stage::kCheck ? ErrorKind::kInternal : ErrorKind::kCorrupt;
        return Error{kind, "the pull's child made no progress" + doing + hint, {}};
      }
      std::string message =
          "the pull's child process died (" + signal_text(outcome.code) + ")" + doing;
      if (!words.last().empty()) message += ": " + words.last();
      return Error{ErrorKind::kInternal, std::move(message), {}};
    }
    case ChildOutcome::End::kExited:
      break;
  }
  std::string message =
      "the pull's child process failed (exit code " + std::to_string(outcome.code) + ")" + doing;
  if (!words.last().empty()) message += ": " + words.last();
  return Error{ErrorKind::kInternal, std::move(message), {}};
}

// Whether an end without a bundle speaks against the clone. A slow or silent remote does not.
bool blames_clone(const ChildOutcome& outcome, Stage stage) {
  switch (outcome.end) {
    case ChildOutcome::End::kStopped:
    case ChildOutcome::End::kTooMuchOutput:
      return false;
    case ChildOutcome::End::kDeadline:
      return stage == Stage::kClone;
    case ChildOutcome::End::kSignalled:
    case ChildOutcome::End::kExited:
      break;
  }
  return stage == Stage::kClone || stage == Stage::kFetch;
}

}  // namespace

PullProcess::PullProcess(Options options)
    : options_(std::move(options)), wake_fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

PullProcess::~PullProcess() {
  reap_stuck();
  if (wake_fd_ >= 0) ::close(wake_fd_);
}

void PullProcess::stop() {
  stopping_.store(true);
  const std::uint64_t one = 1;
  // Never read, so it stays readable for every pull that runs; it can only fail by being so already.
  [[maybe_unused]] const ssize_t written = ::write(wake_fd_, &one, sizeof one);
}

Result<PullResult> PullProcess::pull(const SourceConfig& source,
                                     const std::string& known_revision) {
  reap_stuck();
  auto result = pull_with_retry(source, known_revision);
  if (result) return result;
  Error error = std::move(result).error();
  error.message = clean_text(error.message);
  error.context = clean_text(error.context.empty() ? source.url : error.context);
  return error;
}

Result<PullResult> PullProcess::pull_with_retry(const SourceConfig& source,
                                                const std::string& known_revision) {
  if (wake_fd_ < 0) return Error{ErrorKind::kUnavailable, "cannot make an eventfd", {}};
  const auto start = std::chrono::steady_clock::now();
  bool discard_clone = is_suspect(source.name);
  std::int64_t left_ms = options_.deadline_ms;
  while (true) {
    if (stopping_.load()) return Error{ErrorKind::kCancelled, "the agent is stopping", {}};
    Attempt attempt = run_once(source, known_revision, left_ms, discard_clone);
    if (attempt.clone_suspect) set_suspect(source.name, true);
    if (attempt.clone_sound) set_suspect(source.name, false);
    const auto used = std::chrono::steady_clock::now() - start;
    left_ms =
        options_.deadline_ms - std::chrono::duration_cast<std::chrono::milliseconds>(used).count();
    if (!attempt.clone_suspect || discard_clone || left_ms < kRetryMinimumMs) {
      return std::move(attempt.result);
    }
    log_warning("pull: its local clone is damaged; making a new one",
                {{"source", source.name}, {"error", clean_text(attempt.result.error().message)}});
    discard_clone = true;
  }
}

PullProcess::Attempt PullProcess::run_once(const SourceConfig& source,
                                           const std::string& known_revision,
                                           std::int64_t deadline_ms, bool discard_clone) {
  PullRequest request{source,      known_revision, options_.cache_directory,
                      deadline_ms, discard_clone,  ::getpid()};
  ChildWords words(source.name);
  ChildCommand command;
  command.executable = options_.executable;
  command.arguments = {"pawl", "internal-pull"};
  command.environment = {
    "LANG=C",
#if defined(__SANITIZE_ADDRESS__)
    "ASAN_OPTIONS=detect_leaks=0",  // LeakSanitizer needs ptrace, which the sandbox refuses
#endif
  };
  command.input = encode_request(request);
  command.output_bytes_max = bundle_bytes_max();
  command.deadline_ms = deadline_ms;
  command.wake_fd = wake_fd_;
  command.on_error_line = [&words](std::string_view line) { words.take(line); };

  auto outcome = run_child(command);
  if (!outcome) return Attempt{std::move(outcome).error()};
  if (outcome->unreaped != 0) {
    const std::lock_guard lock(mutex_);
    stuck_.push_back(outcome->unreaped);
  }
  words.log_all();
  if (outcome->end == ChildOutcome::End::kExited && outcome->code == 0) {
    auto reply = decode_bundle(outcome->output);
    if (!reply) return Attempt{std::move(reply).error()};
    if (reply->failed) return Attempt{std::move(reply->error), false, reply->clone_sound};
    return Attempt{std::move(reply->result), false, reply->clone_sound};
  }
  const Stage stage = words.stage().stage;
  return Attempt{describe_end(*outcome, words, deadline_ms), blames_clone(*outcome, stage),
                 stage == Stage::kCheck};
}

bool PullProcess::is_suspect(const std::string& source) {
  const std::lock_guard lock(mutex_);
  return suspects_.contains(source);
}

void PullProcess::set_suspect(const std::string& source, bool suspect) {
  const std::lock_guard lock(mutex_);
  if (suspect) {
    suspects_.insert(source);
  } else {
    suspects_.erase(source);
  }
}

void PullProcess::reap_stuck() {
  const std::lock_guard lock(mutex_);
  std::erase_if(stuck_, [](pid_t pid) { return ::waitpid(pid, nullptr, WNOHANG) != 0; });
}

}  // namespace pawl
