// Drives one attempt: one container, from its creation to its recorded end. One thread; run() blocks for
// as long as the task runs.
//
//   look     only what an earlier agent ordered: does the container exist already?
//   create   policy, secrets, sandbox, image, container, labelled with the engine's incarnation: the start may never be recorded.
//            One that was created ahead is used as it is. The name is taken: it is looked at, and adopted if its labels say
//            that it is this attempt's; one that an earlier agent created ahead is made anew, since nobody knows with what. One
//            that ran before the host's restart is not reported as started.
//   start    unless a stop came first; at most once. An answer that was lost is never guessed: the container
//            is inspected until the engine has said what became of it.
//   follow   its output, until it has ended and all is delivered; across restarts of the engine.
//   report   exactly one AttemptEnded, after all of its output, with what it wrote to $PAWL_OUTPUT.
//
// What the engine says of the end is judged (end_belief.h): one that the host's or the engine's restart may have
// made is reported as missing.
//
// An engine that is away is waited for: before the start for a bounded time, afterwards for as long as it
// takes, since only the engine knows what became of the task.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "exec/ahead.h"
#include "exec/attempt_control.h"
#include "exec/attempt_files.h"
#include "exec/engine_error.h"
#include "exec/image_puller.h"
#include "exec/live_restore.h"
#include "exec/log_collector.h"
#include "exec/lookups.h"
#include "exec/pause.h"
#include "exec/runner_times.h"
#include "exec/sandboxes.h"
#include "exec/usage_watch.h"
#include "model/command.h"
#include "model/host_config.h"
#include "ports/clock.h"
#include "ports/container_engine.h"
#include "ports/event_sink.h"

namespace pawl {

class TaskRunner {
 public:
  struct Parts {
    ContainerEngine& engine;
    EventSink& sink;
    const Clock& clock;
    const HostPolicy& policy;
    const std::string& instance_id;
    LiveRestore& live_restore;
    RunnerTimes times;
    Sandboxes& sandboxes;
    Ahead& ahead;
    const AttemptFiles& files;
    const ReadSecret& read_secret;
    ImagePuller& images;
    std::stop_token abandon{};  // ends a creation that is under way
  };
  // `shutdown`: the agent is stopping; run() then returns at once and posts nothing more.
  TaskRunner(const Parts& parts, const RunAttempt& order, const LogPosition& resume_from,
             AttemptControl& control, std::stop_token shutdown);

  void run();

 private:
  static constexpr const char* kHostRestarted = "the host was restarted while it ran";

  // What a step has come to.
  enum class Step : std::uint8_t {
    kDone,     // go on with the next step
    kAgain,    // the container vanished before its start: look and create once more
    kEnded,    // outcome_ is set
    kStopped,  // the agent is stopping
  };

  [[nodiscard]] Step prepare();
  // `settled`: what was under way when this runner began has been waited for.
  [[nodiscard]] Step look(bool settled = false);
  [[nodiscard]] Step adopt(const ContainerState& state, bool settled);
  [[nodiscard]] Step end_stray();
  [[nodiscard]] Step start_found(bool settled);
  [[nodiscard]] Step create();
  // Puts secrets and the file for its output where the container will look for them. Again before each start: an
  // earlier agent's may be gone with the host's runtime directory.
  [[nodiscard]] Step prepare_files();
  [[nodiscard]] Step prepare_secret(std::size_t number);
  [[nodiscard]] Step enter_sandbox();
  // What it joins does not run: that is started again, or the container made anew.
  [[nodiscard]] Step revive_sandbox();
  // Without asking what becomes of it: nobody will start it.
  [[nodiscard]] Step remove_unstarted();
  // Before the log is followed: what must not appear in it.
  void hide_secrets();
  // Likewise of a container that was found: they are read again, and as they were handed to it.
  void learn_secrets();
  void take_outputs();
  [[nodiscard]] Step create_container();
  [[nodiscard]] Step provide_image(const Error& refused);
  [[nodiscard]] Step load_image(bool& loaded);
  [[nodiscard]] std::string still_written() const;
  [[nodiscard]] Step pull_image();
  [[nodiscard]] Step start();
  [[nodiscard]] Step find_out_start(bool answered);
  [[nodiscard]] Step report_started(const ContainerState& state);
  [[nodiscard]] Step follow();
  [[nodiscard]] Step read_failed(const Error& error);
  [[nodiscard]] Step await_end();
  [[nodiscard]] Step judge(const ContainerState& state);
  [[nodiscard]] bool engines_restore_live(const std::string& incarnation);
  [[nodiscard]] bool watch();

  [[nodiscard]] Step end(AttemptOutcome::Kind kind, Reason failure, std::string message);
  [[nodiscard]] Step not_started(Reason failure, std::string message) {
    return end(AttemptOutcome::Kind::kNotStarted, failure, std::move(message));
  }
  [[nodiscard]] Step lost(std::string message) {
    return end(AttemptOutcome::Kind::kMissing, Reason::kNone, std::move(message));
  }
  [[nodiscard]] Step missing();
  [[nodiscard]] std::string forgotten() const {
    return "the container engine has forgotten whether container " + spec_.name + " ran";
  }
  // What an interrupted wait before the start means: a stop of the task or of the agent.
  [[nodiscard]] Step interrupted();
  // Notes that must be readable at once. False: the agent is shutting down.
  [[nodiscard]] bool say(const std::string& text);

  // Calls until the engine has answered; see the rules above. Interrupted: kCancelled.
  template <typename T>
  [[nodiscard]] Result<T> ask(const std::function<Result<T>(const std::stop_token&)>& call) {
    Patience patience = new_patience();
    while (true) {
      auto result = call(patience.stop);
      if (result || !is_away(result.error())) {
        engine_answered(result ? nullptr : &result.error());
        return result;
      }
      connection_broke_ |= may_run_ && result.error().kind == ErrorKind::kUnavailable;
      if (auto spent = wait_for_engine(patience, result.error())) return std::move(*spent);
    }
  }
  struct Patience {
    std::stop_token stop;
    MonoTime since;
    Backoff backoff;
  };
  [[nodiscard]] Patience new_patience() const;
  // Nothing: try again.
  [[nodiscard]] std::optional<Error> wait_for_engine(Patience& patience, const Error& error);
  void engine_answered(const Error* error);
  [[nodiscard]] Result<ContainerState> inspect();
  // `engine`: its incarnation, read before it said so.
  void seen_running(const ContainerState& state, const std::string& engine);

  Parts parts_;
  const RunAttempt& order_;
  const Task& task_;
  const ContainerSpec spec_;
  Sandboxes::Place place_;
  std::uint32_t creations_ =
      0;  // calls for this container: after a second one it may be of the first
  std::uint32_t revivals_ = 0;  // of place_, for this container
  std::vector<Mount> files_;    // what prepare_files() has made
  Variables
      secrets_;  // those that go into the environment; into the request only, never into a log
  // Until hide_secrets(): values of secrets, and whose they are.
  std::vector<std::string> hidden_;
  std::vector<std::string> hidden_names_;
  bool secrets_known_ = false;
  AttemptControl& control_;
  const std::stop_token shutdown_;
  LogCollector log_;
  UsageWatch usage_;

  // A start may have been carried out: by an earlier agent, or by a call whose answer did not come.
  bool may_run_;
  bool pulled_ = false;
  bool looked_for_files_ = false;  // of images
  std::string incomplete_file_;    // of them; waited for in vain
  bool engine_away_ = false;
  bool ended_ = false;       // outcome_ says how; what is left is its output
  bool seen_ended_ = false;  // by watch()
  // end_belief.h: EndReport::runs_under and connection_broke.
  std::string engine_;
  bool connection_broke_ = false;
  bool rebooted_;          // since the container may have been started
  bool reported_ = false;  // the start
  bool log_cut_ = false;   // some of the output is known to be missing
  std::uint32_t log_failures_ = 0;
  ContainerState state_;
  AttemptOutcome outcome_;
};

}  // namespace pawl
