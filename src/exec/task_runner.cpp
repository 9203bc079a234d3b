// Everything up to the start is idempotent by the container's name, so that each step can be tried again
// after an answer was lost. The start itself is not: an exited container would run once more.
#include "exec/task_runner.h"

#include <utility>

#include "base/log.h"
#include "exec/container_spec.h"
#include "exec/policy_check.h"

namespace pawl {
namespace {

using Phase = ContainerState::Phase;

constexpr std::uint32_t kRevivals = 2;  // of the sandbox that a container joins

// The engine has said no: what was asked for has not been done.
bool is_refusal(const Error& error) {
  return error.kind == ErrorKind::kInvalid || error.kind == ErrorKind::kNotFound ||
         error.kind == ErrorKind::kConflict || error.kind == ErrorKind::kDenied;
}

std::string short_id(const std::string& id) { return id.substr(0, 12); }

}  // namespace

TaskRunner::TaskRunner(const Parts& parts, const RunAttempt& order, const LogPosition& resume_from,
                       AttemptControl& control, std::stop_token shutdown)
    : parts_(parts),
      order_(order),
      task_(order.definition->tasks.at(order.key.task)),
      spec_(container_spec(parts.instance_id, order)),
      control_(control),
      shutdown_(std::move(shutdown)),
      log_(order.key, parts.sink, parts.clock, resume_from, [this] { return watch(); }),
      usage_(parts.engine, parts.clock),
      may_run_(order.recovered || order.expect_started),
      engine_(order.engine),
      rebooted_(order.rebooted) {}

void TaskRunner::run() {
  Step step = prepare();
  if (step == Step::kDone) step = follow();
  if (step != Step::kEnded) return;
  const bool missing = outcome_.kind == AttemptOutcome::Kind::kMissing;
  log_.end_of_output(!log_cut_ && !log_.incomplete() && !missing);
  if (outcome_.kind == AttemptOutcome::Kind::kExited) take_outputs();
  if (!log_.flush()) return;
  outcome_.container_id = state_.id;
  outcome_.log_incomplete = log_cut_ || log_.incomplete() || missing;
  outcome_.usage = usage_.highest();
  if (outcome_.kind != AttemptOutcome::Kind::kNotStarted) {
    outcome_.started_at = state_.started_at;
    outcome_.ended_at = state_.ended_at;
  }
  outcome_.message = log_.redacted(outcome_.message).substr(0, limits::kMessageBytes);
  Event event;
  event.body = AttemptEnded{order_.key, outcome_};
  parts_.sink.post(std::move(event));
}

TaskRunner::Step TaskRunner::prepare() {
  // A name can be taken by a creation that an agent before us asked for and that the engine is about
  // to undo, its client having died: that takes it a moment, and then the name is free.
  Backoff backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms);
  for (std::uint32_t tries = 0; tries < limits::kContainerTries; ++tries) {
    if (tries > 0 && !pause(shutdown_, backoff.next_ms())) return interrupted();
    Step step = may_run_ ? look() : Step::kAgain;
    if (step == Step::kAgain) step = create();
    if (step != Step::kAgain) return step;
  }
  return not_started(Reason::kEngine, "container " + spec_.name +
                                          " vanishes before it is started; does something on this "
                                          "host remove containers?");
}

// kAgain: there is no container, and there was none.
TaskRunner::Step TaskRunner::look(bool settled) {
  const auto state = inspect();
  if (state) return adopt(*state, settled);
  if (state.error().kind == ErrorKind::kCancelled) return interrupted();
  if (state.error().kind != ErrorKind::kNotFound) {
    // Whether it ever ran is then not known; that it did not would be a guess.
    return may_run_ ? lost(state.error().message)
                    : not_started(Reason::kEngine, state.error().message);
  }
  if (order_.expect_started) return missing();
  may_run_ = false;
  rebooted_ = false;
  return Step::kAgain;
}

TaskRunner::Step TaskRunner::adopt(const ContainerState& state, bool settled) {
  if (attempt_of(state.labels, parts_.instance_id) != order_.key) {
    return not_started(Reason::kEngine, "a container named " + spec_.name +
                                            " exists that is not of this run; remove or rename it");
  }
  state_ = state;
  if (state.phase == Phase::kCreated) {
    const bool is_known = order_.recovered || creations_ > 1;
    return is_known ? start_found(settled) : remove_unstarted();
  }
  log_.note("found container " + short_id(state.id) + " again");
  if (rebooted_) {
    // Its start is not reported: the core would take it for one of this boot, and believe the next agent's exit code.
    return state.phase == Phase::kRunning ? end_stray() : Step::kDone;
  }
  const auto created_by = state.labels.find(std::string(kLabelEngine));
  if (engine_.empty() && created_by != state.labels.end()) engine_ = created_by->second;
  return report_started(state);
}

// Nothing outlives a restart of the host: what runs was started after it, by an agent that did not live to say so. It
// is ended before it is reported as lost, or a retry would run beside it.
TaskRunner::Step TaskRunner::end_stray() {
  const auto killed = ask<bool>([this](const std::stop_token& stop) -> Result<bool> {
    if (auto sent = parts_.engine.kill(spec_.name, SIGKILL, stop); !sent) return sent.error();
    return true;
  });
  if (killed) return Step::kDone;
  return killed.error().kind == ErrorKind::kCancelled ? interrupted() : lost(kHostRestarted);
}

// Killed during a start, Docker 20.10 has been seen to say "created" of a container that has run.
TaskRunner::Step TaskRunner::start_found(bool settled) {
  if (order_.expect_started) return lost(forgotten());
  if (rebooted_) {
    return lost("the host was restarted before its start was known; whether it ran is not known");
  }
  if (order_.recovered && !settled) {
    // The start that the agent before us asked for may be under way.
    if (!pause(control_.before_start(), parts_.times.settle_ms)) return interrupted();
    return look(true);
  }
  may_run_ = false;
  if (const Step step = prepare_files(); step != Step::kDone) return step;
  return start();
}

TaskRunner::Step TaskRunner::create() {
  if (control_.stop_requested()) return not_started(Reason::kNone, "stopped before its start");
  if (const auto allowed = check_policy(parts_.policy, task_); !allowed) {
    return not_started(Reason::kPolicy, allowed.error().message);
  }
  if (const Step step = prepare_files(); step != Step::kDone) return step;
  if (auto ready = parts_.ahead.take(order_.key)) {
    state_.id = std::move(ready->id);
    place_ = std::move(ready->place);
    return start();
  }
  if (const Step step = enter_sandbox(); step != Step::kDone) return step;
  if (parts_.policy.pull == "always" && !pulled_) {
    if (const Step step = pull_image(); step != Step::kDone) return step;
  }
  return create_container();
}

TaskRunner::Step TaskRunner::create_container() {
  creations_ = 0;
  revivals_ = 0;
  while (true) {
    const auto id = ask<std::string>([this](const std::stop_token&) {
      ContainerSpec spec = spec_;
      complete(spec, place_.volume, place_.join, parts_.engine.incarnation());
      spec.mounts.insert(spec.mounts.end(), files_.begin(), files_.end());
      for (const auto& [name, value] : secrets_) set_task_variable(spec, name, value);
      ++creations_;
      // Not cut short by a stop of the task: better to know whether it is there.
      return parts_.engine.create(spec, parts_.abandon);
    });
    if (id) {
      state_.id = *id;
      return start();
    }
    const Error& error = id.error();
    switch (error.kind) {
      case ErrorKind::kCancelled:
        return interrupted();
      case ErrorKind::kConflict:
        return look();
      case ErrorKind::kNotFound:
        if (const Step step = provide_image(error); step != Step::kDone) return step;
        continue;
      default:
        return not_started(Reason::kEngine, error.message);
    }
  }
}

// kDone: the image is there now.
TaskRunner::Step TaskRunner::provide_image(const Error& refused) {
  const auto present = ask<bool>(
      [this](const std::stop_token& stop) { return parts_.engine.has_image(task_.image, stop); });
  if (!present && present.error().kind == ErrorKind::kCancelled) return interrupted();
  if (present && *present) return not_started(Reason::kEngine, refused.message);
  bool loaded = false;
  if (const Step step = load_image(loaded); step != Step::kDone || loaded) return step;
  if (parts_.policy.pull == "never") {
    return not_started(Reason::kImage, "image '" + task_.image +
                                           "' is not on this host, and its policy says `pull: "
                                           "never`; load it there with `docker load`, or put "
                                           "its archive into the host's image directory" +
                                           still_written());
  }
  if (pulled_) {
    return not_started(Reason::kImage, "image '" + task_.image +
                                           "' was pulled, but is not there: " + refused.message);
  }
  return pull_image();
}

// Archives in the host's image directory come before any registry.
TaskRunner::Step TaskRunner::load_image(bool& loaded) {
  if (std::exchange(looked_for_files_, true)) return Step::kDone;
  const auto found = ask<ImageFiles::Found>([this](const std::stop_token& stop) {
    // A shutdown is noticed by the stop token.
    const auto note = [this](const std::string& line) { (void)say(line); };
    return parts_.images.load(task_.image, note, stop);
  });
  if (!found && found.error().kind == ErrorKind::kCancelled) return interrupted();
  if (!found) return not_started(Reason::kEngine, found.error().message);
  loaded = found->is_there;
  incomplete_file_ = found->incomplete;
  return Step::kDone;
}

std::string TaskRunner::still_written() const {
  if (incomplete_file_.empty()) return {};
  return " (" + incomplete_file_ + " is still being written)";
}

TaskRunner::Step TaskRunner::pull_image() {
  if (!say("pulling image " + task_.image)) return Step::kStopped;
  const auto pulled = ask<bool>([this](const std::stop_token& stop) -> Result<bool> {
    // A shutdown is noticed by the stop token.
    const auto note = [this](const std::string& line) { (void)say(line); };
    auto result = parts_.images.pull(task_.image, note, stop);
    if (result) return true;
    // Only an engine that is away is asked again here; a registry's turn is the task's retry rule.
    if (result.error().kind != ErrorKind::kTimeout) return result.error();
    return Error{ErrorKind::kInvalid, "no end after " + format_duration(limits::kImagePullMs), {}};
  });
  pulled_ = true;
  if (pulled) return Step::kDone;
  if (pulled.error().kind == ErrorKind::kCancelled) return interrupted();
  const Reason reason = is_away(pulled.error()) ? Reason::kEngine : Reason::kImage;
  return not_started(reason, "image '" + task_.image +
                                 "' cannot be pulled: " + pulled.error().message + still_written());
}

TaskRunner::Step TaskRunner::start() {
  if (const auto allowed = check_policy(parts_.policy, task_); !allowed) {
    return not_started(Reason::kPolicy, allowed.error().message);
  }
  parts_.sandboxes.touch();
  Patience patience = new_patience();
  Result<void> started;
  while (true) {
    if (!control_.begin_start()) return not_started(Reason::kNone, "stopped before its start");
    engine_ = parts_.engine.incarnation();
    started = parts_.engine.start(spec_.name, shutdown_);
    if (started || started.error().kind != ErrorKind::kExhausted) break;
    // It was never sent, so it can be asked for again.
    control_.cancel_start();
    if (const auto spent = wait_for_engine(patience, started.error())) {
      if (spent->kind == ErrorKind::kCancelled) return interrupted();
      return not_started(Reason::kEngine, spent->message);
    }
  }
  if (!started && is_refusal(started.error())) {
    control_.cancel_start();
    if (started.error().kind == ErrorKind::kNotFound) return Step::kAgain;
    if (revivals_ < kRevivals && (order_.recovered || !place_.join.empty())) {
      ++revivals_;
      const Step step = revive_sandbox();
      return step == Step::kDone ? start() : step;
    }
    return not_started(Reason::kEngine,
                       "the container cannot be started: " + started.error().message);
  }
  if (!started && started.error().kind == ErrorKind::kCancelled) return Step::kStopped;
  connection_broke_ = !started && started.error().kind == ErrorKind::kUnavailable;
  return find_out_start(started.ok());
}

TaskRunner::Step TaskRunner::revive_sandbox() {
  // Of one that an earlier agent created nobody knows what it joins.
  if (place_.join.empty()) return remove_unstarted();
  const auto revived = ask<bool>([this](const std::stop_token& stop) {
    return parts_.sandboxes.revive(order_.key.run, place_.join, revivals_ > 1, stop);
  });
  if (revived) return *revived ? Step::kDone : remove_unstarted();
  if (revived.error().kind == ErrorKind::kCancelled) return interrupted();
  return not_started(Reason::kEngine,
                     "its network cannot be started again: " + revived.error().message);
}

TaskRunner::Step TaskRunner::remove_unstarted() {
  const auto removed = ask<bool>([this](const std::stop_token& stop) -> Result<bool> {
    PAWL_CHECK(parts_.engine.remove(spec_.name, stop));
    return true;
  });
  if (removed) return Step::kAgain;
  if (removed.error().kind == ErrorKind::kCancelled) return interrupted();
  return not_started(Reason::kEngine, removed.error().message);
}

// A start was asked for; whether it was answered. It is never asked for a second time: the first request may still
// be before the engine, and one that comes after the task's end would run it again.
TaskRunner::Step TaskRunner::find_out_start(bool answered) {
  may_run_ = true;
  for (bool first = true;; first = false) {
    const auto state = inspect();
    if (!state && state.error().kind == ErrorKind::kCancelled) return Step::kStopped;
    if (!state && state.error().kind == ErrorKind::kNotFound) return missing();
    if (!state) return lost(state.error().message);
    if (state->phase != Phase::kCreated) {
      log_.note("container " + short_id(state->id) + " started");
      return report_started(*state);
    }
    if (answered || !first) return lost(forgotten());
    if (!pause(shutdown_, parts_.times.settle_ms)) return Step::kStopped;
  }
}

TaskRunner::Step TaskRunner::report_started(const ContainerState& state) {
  state_ = state;
  may_run_ = true;
  Event event;
  event.body = AttemptStarted{order_.key, state.id, state.started_at, engine_};
  if (!parts_.sink.post(std::move(event))) return Step::kStopped;
  reported_ = true;
  parts_.images.used(task_.image);
  if (const auto signal = control_.started(spec_.name)) {
    // One that fails is not repeated here: the core says SIGKILL again until the end is reported.
    if (const auto sent = parts_.engine.kill(spec_.name, *signal, shutdown_); !sent) {
      log_warning("a container could not be signalled",
                  {{"container", spec_.name}, {"reason", sent.error().message}});
    }
  }
  // While there is somebody to ask; without an answer its restart is the container's end.
  if (state.phase == Phase::kRunning) (void)parts_.live_restore.learn(engine_, shutdown_);
  return Step::kDone;
}

TaskRunner::Step TaskRunner::missing() {
  return lost("the engine does not know container " + spec_.name + " any more");
}

TaskRunner::Step TaskRunner::end(AttemptOutcome::Kind kind, Reason failure, std::string message) {
  outcome_.kind = kind;
  outcome_.failure = failure;
  outcome_.message = std::move(message);
  return Step::kEnded;
}

TaskRunner::Step TaskRunner::interrupted() {
  if (shutdown_.stop_requested()) return Step::kStopped;
  return not_started(Reason::kNone, "stopped before its start");
}

bool TaskRunner::say(const std::string& text) {
  log_.note(text);
  return log_.flush();
}

Result<ContainerState> TaskRunner::inspect() {
  std::string engine;
  auto state = ask<ContainerState>([&](const std::stop_token& stop) {
    engine = parts_.engine.incarnation();
    return parts_.engine.inspect(spec_.name, stop);
  });
  if (state && state->phase == Phase::kRunning) seen_running(*state, engine);
  return state;
}

TaskRunner::Patience TaskRunner::new_patience() const {
  return Patience{may_run_ ? shutdown_ : control_.before_start(), parts_.clock.mono(),
                  Backoff(parts_.times.backoff_ms, parts_.times.backoff_max_ms)};
}

std::optional<Error> TaskRunner::wait_for_engine(Patience& patience, const Error& error) {
  const bool spent = parts_.clock.mono().ms - patience.since.ms >= parts_.times.give_up_ms;
  if (spent && !may_run_) return error;
  if (!std::exchange(engine_away_, true) &&
      !say("waiting for the container engine: " + error.message)) {
    return Error{ErrorKind::kCancelled, "the agent is shutting down", {}};
  }
  if (pause(patience.stop, patience.backoff.next_ms())) return std::nullopt;
  return Error{ErrorKind::kCancelled, "stopped while waiting for the engine", {}};
}

void TaskRunner::engine_answered(const Error* error) {
  if (error != nullptr && error->kind == ErrorKind::kCancelled) return;
  if (std::exchange(engine_away_, false)) log_.note("the container engine answers again");
}

}  // namespace pawl
