#include "core/verdict.h"

#include <algorithm>
#include <csignal>

namespace pawl {
namespace {

std::string exit_message(std::int32_t code) {
  std::string text = "exit code " + std::to_string(code);
  // The shell's convention for a process that a signal ended.
  if (code == 128 + SIGKILL) text += " (SIGKILL)";
  if (code == 128 + SIGTERM) text += " (SIGTERM)";
  if (code == 128 + SIGSEGV) text += " (SIGSEGV)";
  if (code == 125 || code == 126) text += " (the command could not be run)";
  if (code == 127) text += " (command not found)";
  return text;
}

void judge_exit(Attempt& attempt, const AttemptOutcome& outcome, StopCause stop,
                std::int64_t timeout_ms) {
  attempt.exit_code = outcome.exit_code;
  const bool over_time = attempt.started_at.is_set() && outcome.ended_at.is_set() &&
                         outcome.ended_at.ms - attempt.started_at.ms >= timeout_ms;
  if (stop == StopCause::kCancel || stop == StopCause::kRunTimeout) {
    attempt.status = Status::kCancelled;
  } else if (stop == StopCause::kTimeout || (over_time && outcome.exit_code != 0)) {
    attempt.status = Status::kFailed;
    attempt.reason = Reason::kTimeout;
    attempt.message = "ran longer than " + format_duration(timeout_ms);
  } else if (outcome.exit_code == 0) {
    attempt.status = Status::kSuccess;
  } else if (outcome.oom_killed) {
    attempt.status = Status::kFailed;
    attempt.reason = Reason::kOom;
    attempt.message = "ran out of its memory; raise `memory` or make it use less";
  } else {
    attempt.status = Status::kFailed;
    attempt.reason = Reason::kExitCode;
    attempt.message = exit_message(outcome.exit_code);
  }
}

}  // namespace

void apply_outcome(Attempt& attempt, const AttemptOutcome& outcome, StopCause stop,
                   std::int64_t timeout_ms, WallTime now) {
  if (!outcome.container_id.empty()) attempt.container_id = outcome.container_id;
  if (outcome.started_at.is_set()) attempt.started_at = outcome.started_at;
  attempt.ended_at = outcome.ended_at.is_set() ? outcome.ended_at : now;
  attempt.log_incomplete = outcome.log_incomplete;
  attempt.usage = outcome.usage;
  attempt.oom_killed = outcome.oom_killed;
  attempt.message = outcome.message.substr(0, limits::kMessageBytes);
  switch (outcome.kind) {
    case AttemptOutcome::Kind::kExited:
      judge_exit(attempt, outcome, stop, timeout_ms);
      return;
    case AttemptOutcome::Kind::kNotStarted:
      attempt.status = outcome.failure == Reason::kNone ? Status::kCancelled : Status::kFailed;
      attempt.reason = outcome.failure;
      return;
    case AttemptOutcome::Kind::kMissing:
      attempt.status = Status::kFailed;
      attempt.reason = Reason::kLost;
      if (attempt.message.empty()) {
        attempt.message = "its container is gone; how it ended is not known";
      }
      return;
  }
}

bool may_retry(const RetryPolicy& policy, const Attempt& attempt) {
  if (attempt.status != Status::kFailed || attempt.key.attempt > policy.limit) return false;
  switch (attempt.reason) {
    case Reason::kExitCode:
    case Reason::kImage:
    case Reason::kEngine:
      return policy.on.failed;
    case Reason::kTimeout:
      return policy.on.timeout;
    case Reason::kOom:
      return policy.on.oom;
    case Reason::kLost:
      return policy.on.lost;
    // Asking again cannot change the host's policy, nor what is decided before a container exists.
    case Reason::kPolicy:
    case Reason::kUpstream:
    case Reason::kCondition:
    case Reason::kConflict:
    case Reason::kDeadline:
    case Reason::kNone:
      return false;
  }
  return false;
}

std::int64_t retry_delay_ms(const RetryPolicy& policy, std::uint32_t failed_attempt) {
  std::int64_t delay_ms = std::min(policy.delay_ms, policy.max_delay_ms);
  for (std::uint32_t i = 1; i < failed_attempt && delay_ms < policy.max_delay_ms; ++i) {
    if (policy.backoff_percent <= 100) break;
    delay_ms = std::min(policy.max_delay_ms, delay_ms * policy.backoff_percent / 100);
  }
  return delay_ms;
}

RunVerdict judge_run(const RunEntry& run) {
  RunVerdict verdict;
  const TaskEntry* failed = nullptr;
  bool cut_short = false;
  for (const TaskEntry& task : run.tasks) {
    const TaskState& state = task.state;
    const Task& definition = run.definition->tasks[state.index];
    if (definition.hook != Hook::kNone) continue;
    const bool counts = state.status == Status::kFailed && !definition.allow_failure;
    if (counts && failed == nullptr) failed = &task;
    if (state.status == Status::kCancelled) cut_short = true;
    if (run.run.stop == RunStop::kTimeout && state.reason == Reason::kTimeout) cut_short = true;
  }
  if (cut_short) {
    verdict.status = run.run.stop == RunStop::kTimeout ? Status::kFailed : Status::kCancelled;
    if (run.run.stop == RunStop::kTimeout) verdict.reason = Reason::kTimeout;
    if (run.run.stop == RunStop::kReplace) verdict.reason = Reason::kConflict;
    verdict.message = run.run.message;
  } else if (failed != nullptr) {
    verdict.status = Status::kFailed;
    verdict.reason = failed->state.reason;
    verdict.message =
        "task '" + run.definition->tasks[failed->state.index].id + "': " + failed->state.message;
  }
  return verdict;
}

}  // namespace pawl
