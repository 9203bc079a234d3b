// Looks at the run again and again instead of holding an event stream: a deadline, Ctrl-C and an
// agent that restarts are then all the same to it, and a look costs the agent some microseconds.
#include "cli/run_watch.h"

#include <algorithm>
#include <chrono>
#include <string>

#include "cli/interrupt.h"
#include "cli/json_view.h"
#include "cli/log_follower.h"
#include "model/limits.h"
#include "model/states.h"

namespace pawl::cli {
namespace {

std::int64_t steady_ms() {
  const auto since_start = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(since_start).count();
}

bool may_come_back(ErrorKind kind) {
  return kind == ErrorKind::kUnavailable || kind == ErrorKind::kTimeout ||
         kind == ErrorKind::kExhausted;
}

bool has_ended(const Json& run) {
  const std::optional<Status> status = parse_status(run["status"].as_string());
  return status && is_final(*status);
}

class Watch {
 public:
  Watch(const WatchOptions& options, ApiClient& api, Context& context)
      : options_(options), api_(api), context_(context), follower_(options.run, api, context) {}

  Result<ExitCode> run() {
    std::int64_t pause = options_.show_logs ? limits::kLogFlushMs : limits::kCliPollMinMs;
    while (true) {
      const Result<Json> seen = look();
      if (interrupt_.interrupted()) return interrupted();
      if (!context_.out().ok()) return ExitCode::kBrokenPipe;
      if (seen && has_ended(*seen)) return ended(*seen);
      if (!seen && !bear(seen.error())) return seen.error();
      const std::int64_t left = time_left();
      if (left <= 0) return timed_out();
      interrupt_.wait_ms(std::min(pause, left));
      if (interrupt_.interrupted()) return interrupted();
      if (!options_.show_logs) pause = std::min(pause * 2, limits::kCliPollMaxMs);
    }
  }

 private:
  Result<Json> look() {
    PAWL_TRY(Json run, api_.get("/api/v1/runs/" + options_.run.text()));
    if (options_.show_logs) PAWL_CHECK(follower_.poll(run));
    last_answer_ms_ = steady_ms();
    warned_ = false;
    return run;
  }

  // Whether to go on after this error.
  bool bear(const Error& error) {
    if (!may_come_back(error.kind)) return false;
    if (steady_ms() - last_answer_ms_ >= limits::kCliReconnectMs) return false;
    if (!warned_) context_.note("the agent does not answer; waiting for it to come back");
    warned_ = true;
    return true;
  }

  std::int64_t time_left() const {
    if (!options_.timeout_ms) return limits::kCliPollMaxMs;
    return started_ms_ + *options_.timeout_ms - steady_ms();
  }

  ExitCode ended(const Json& run) {
    follower_.finish();
    const std::string took = span_text(run["started_at"], run["ended_at"], context_.now());
    const std::string reason = reason_text(run, context_.now());
    context_.note("run " + options_.run.text() + ": " + run["status"].as_string() +
                  (took.empty() ? "" : " after " + took) + (reason.empty() ? "" : "; " + reason));
    return run["status"].as_string() == "success" ? ExitCode::kDone : ExitCode::kFailed;
  }

  ExitCode timed_out() {
    follower_.finish();
    const std::string id = options_.run.text();
    context_.note("run " + id + " has not ended in time and goes on; `pawl show " + id +
                  "` shows it");
    return ExitCode::kTimedOut;
  }

  ExitCode interrupted() {
    follower_.finish();
    const std::string id = options_.run.text();
    context_.note("detached; run " + id + " goes on; `pawl cancel " + id + "` cancels it");
    return ExitCode::kInterrupted;
  }

  const WatchOptions& options_;
  ApiClient& api_;
  Context& context_;
  LogFollower follower_;
  InterruptWatch interrupt_;
  const std::int64_t started_ms_ = steady_ms();
  std::int64_t last_answer_ms_ = started_ms_;
  bool warned_ = false;
};

}  // namespace

Result<ExitCode> watch_run(const WatchOptions& options, ApiClient& api, Context& context) {
  return Watch(options, api, context).run();
}

}  // namespace pawl::cli
