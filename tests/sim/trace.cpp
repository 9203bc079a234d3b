#include "sim/trace.h"

#include <iostream>

namespace pawl::sim {
namespace {

std::string text_of(const AttemptKey& key) {
  return key.run.text() + "/" + std::to_string(key.task) + "#" + std::to_string(key.attempt);
}

std::string text_of(Status status, Reason reason) {
  std::string text(to_string(status));
  if (reason != Reason::kNone) text += "/" + std::string(to_string(reason));
  return text;
}

struct EventText {
  std::string operator()(const TimePassed& event) const {
    std::string text = "time passed";
    for (const DueTick& tick : event.ticks) {
      text += "; due: " + tick.pipeline + " " + format_rfc3339(tick.at) +
              (tick.missed ? " missed" : "") +
              (tick.existing ? " run " + tick.existing->text() : "");
    }
    return text;
  }
  std::string operator()(const SourcePulled&) const { return "pulled"; }
  std::string operator()(const SourceRemoved&) const { return "source removed"; }
  std::string operator()(const ManualTriggered& event) const {
    return "manual " + event.target.pipeline + " " + event.target.identities.front();
  }
  std::string operator()(const WebhookReceived& event) const {
    std::string text = "webhook";
    for (const TriggerTarget& target : event.targets) text += " " + target.pipeline;
    return text + " " + event.targets.front().identities.front();
  }
  std::string operator()(const CancelRequested& event) const {
    return "cancel " + event.run.text();
  }
  std::string operator()(const RetryRequested& event) const {
    return "retry " + event.original.run.id.text() + (event.failed_only ? " failed only" : "");
  }
  std::string operator()(const SuspendRequested& event) const {
    return (event.suspend ? "suspend " : "resume ") + event.pipeline;
  }
  std::string operator()(const AttemptStarted& event) const {
    return "started " + text_of(event.key);
  }
  std::string operator()(const AttemptEnded& event) const {
    static constexpr const char* kKinds[] = {"exited", "not started", "missing"};
    return "ended " + text_of(event.key) + ": " + kKinds[static_cast<int>(event.outcome.kind)] +
           " " + std::to_string(event.outcome.exit_code);
  }
  std::string operator()(const EngineListed& event) const {
    return "listed " + std::to_string(event.containers.size()) + " containers";
  }
  std::string operator()(const StoreTight& event) const {
    return event.ends_only ? "the disk is full" : "the disk has room";
  }
};

struct CommandText {
  std::string operator()(const SaveDefinition&) const { return {}; }
  std::string operator()(const SaveRun& save) const {
    const Run& run = save.run;
    return "run " + run.id.text() + " of " + run.pipeline + ": " + text_of(run.status, run.reason) +
           ", by " + run.trigger.identity +
           (run.stop == RunStop::kNone ? ""
                                       : ", stop " + std::to_string(static_cast<int>(run.stop)));
  }
  std::string operator()(const SaveTask& save) const {
    const TaskState& task = save.task;
    return "task " + task.run.text() + "/" + std::to_string(task.index) + ": " +
           text_of(task.status, task.reason) + (task.retry_at.is_set() ? ", to be retried" : "");
  }
  std::string operator()(const SaveAttempt& save) const {
    return "attempt " + text_of(save.attempt.key) + ": " +
           text_of(save.attempt.status, save.attempt.reason);
  }
  std::string operator()(const SaveTrigger& save) const {
    return "trigger " + save.pipeline + " " + save.identity + " = run " + save.run.text();
  }
  std::string operator()(const SaveScheduleMark& save) const {
    return "mark " + save.pipeline + " " + format_rfc3339(save.tick);
  }
  std::string operator()(const SavePipeline& save) const {
    return "pipeline " + save.pipeline->name;
  }
  std::string operator()(const DeletePipeline& gone) const { return "no pipeline " + gone.name; }
  std::string operator()(const SaveSource& save) const { return "source " + save.state.name; }
  std::string operator()(const DeleteSource& gone) const { return "no source " + gone.name; }
  std::string operator()(const SaveSuspension& save) const { return "suspended " + save.pipeline; }
  std::string operator()(const DeleteSuspension& gone) const { return "resumed " + gone.pipeline; }
  std::string operator()(const SaveAction& save) const {
    return "action " + save.action.verb + " " + save.action.subject;
  }
  std::string operator()(const RunAttempt& order) const {
    return "-> run " + text_of(order.key) + (order.expect_started ? ", started before" : "") +
           (order.stop ? ", stop" : "") + (order.recovered ? ", recovered" : "") +
           (order.rebooted ? ", rebooted" : "");
  }
  std::string operator()(const PrepareAttempt& ahead) const {
    return "-> ahead " + text_of(ahead.order.key);
  }
  std::string operator()(const SignalAttempt& signal) const {
    return (signal.kill ? "-> kill " : "-> end ") + text_of(signal.key);
  }
  std::string operator()(const RemoveContainer& removal) const {
    return "-> remove " + text_of(removal.key);
  }
  std::string operator()(const RemoveWorkspace& removal) const {
    return "-> remove workspace of " + removal.run.text();
  }
  std::string operator()(const Reply& reply) const {
    std::string text = "-> reply " + std::to_string(reply.request);
    if (reply.error) text += ": " + reply.error->message;
    for (const AcceptedRun& run : reply.runs) {
      text += " run " + run.run.text() + (run.duplicate ? " (known)" : "");
    }
    return text;
  }
};

}  // namespace

void trace_line(const Life& life, const std::string& what) {
  std::cout << '[' << life.clock.true_ms() << "] " << what << '\n';
}

void trace_step(const Life& life, const StepRecord& step) {
  const std::string happened =
      step.recovery ? std::string("recovery") : std::visit(EventText{}, step.event.body);
  if (step.commands.empty() && happened == "time passed") return;
  trace_line(life, happened);
  for (const Command& command : step.commands) {
    const std::string text = std::visit(CommandText{}, command);
    if (!text.empty()) std::cout << "    " << text << '\n';
  }
}

}  // namespace pawl::sim
