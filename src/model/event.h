// Everything that can happen to the core: the input of core/step.h. Values.
//
// The loop stamps both clocks when it takes an event up, and looks up which trigger identities are
// known already, so that the core needs neither clock nor store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/time.h"
#include "model/run.h"
#include "model/source.h"

namespace pawl {

// Who waits for an answer; handed back in Reply. 0: nobody.
using RequestId = std::uint64_t;

// One pipeline that a trigger is meant for.
struct TriggerTarget {
  std::string pipeline;
  // All names of this trigger, the first being the run's identity. A webhook has its delivery id and its body's
  // digest: a known one of either makes it a duplicate.
  std::vector<std::string> identities;
  // Filled in by the loop from the store, inside the transaction that will hold the run.
  std::optional<RunId> existing{};
  Variables params{};                   // given by the trigger or the person; not yet checked
  std::vector<std::uint32_t> starts{};  // model/pipeline.h: the trigger's
};

// One tick that is due (core/schedule.h: due_ticks()).
struct DueTick {
  std::string pipeline;
  WallTime at;
  bool interval = false;  // of an "@every" schedule
  Variables params{};
  std::vector<std::uint32_t> starts{};
  // Not to be run: recorded as skipped, with this message.
  bool missed = false;
  std::string message;
  // Filled in by the loop from the store, inside the transaction that will hold the run: the run
  // that this very instant has already (the clock was set back meanwhile).
  std::optional<RunId> existing;
};

struct SourcePulled {
  RequestId request = 0;          // answered, without runs, once the pull is in force
  SourceState state;              // error set: the pull failed and `files` is to be ignored
  std::vector<SourceFile> files;  // every pipeline file of the revision
  bool unchanged = false;         // same revision as before; `files` is to be ignored
};

// The host config no longer names this source.
struct SourceRemoved {
  std::string name;
};

struct ManualTriggered {
  RequestId request = 0;
  TriggerTarget target;
  std::string actor;
};

struct WebhookReceived {
  RequestId request = 0;
  std::vector<TriggerTarget> targets;  // those whose secret verified the body
};

struct CancelRequested {
  RequestId request = 0;
  RunId run;
  std::string actor;
};

// Try a run that has ended again, as a new run of the same definition.
struct RetryRequested {
  RequestId request = 0;
  TriggerTarget target;  // the original's pipeline
  RunDetail original;    // from the store
  PipelinePtr definition;
  bool failed_only = false;  // tasks that succeeded keep their result and are not run again
  std::string actor;
};

// Suspend a pipeline's automatic triggers, or let them go on.
struct SuspendRequested {
  RequestId request = 0;
  std::string pipeline;
  bool suspend = true;
  std::string actor;
};

// The engine started the attempt's container.
struct AttemptStarted {
  AttemptKey key;
  std::string container_id;
  WallTime started_at;
  std::string engine{};  // its incarnation; empty: not known
};

// What became of an attempt: facts only, the core judges them.
struct AttemptOutcome {
  enum class Kind : std::uint8_t {
    kExited,      // the container ran and ended
    kNotStarted,  // it never ran: image, policy or engine trouble, or a stop that came first
    kMissing,     // it had been started, and the engine no longer knows it
  };
  Kind kind = Kind::kExited;
  std::int32_t exit_code = 0;
  bool oom_killed = false;
  Reason failure = Reason::kNone;  // kNotStarted: kImage, kPolicy or kEngine; kNone for a stop
  std::string message;
  std::string container_id;
  WallTime started_at;
  WallTime ended_at;
  bool log_incomplete = false;
  Variables outputs{};  // the declared names that it wrote; kExited only
  std::optional<ResourceUsage> usage{};
};

struct AttemptEnded {
  AttemptKey key;
  AttemptOutcome outcome;
};

// A container that carries this store's labels.
struct ObservedContainer {
  AttemptKey key;
  std::string name;
};

// The engine answered and listed all containers of this store: once after each start of the agent.
struct EngineListed {
  std::vector<ObservedContainer> containers;
};

// The store can take the ends of what is under way and nothing new (the disk is full), or everything again.
struct StoreTight {
  bool ends_only = true;
};

// Nothing but time went by. `ticks`: what due_ticks() said for this very moment.
struct TimePassed {
  std::vector<DueTick> ticks;
};

struct Event {
  WallTime wall;
  MonoTime mono;
  std::variant<TimePassed, SourcePulled, SourceRemoved, ManualTriggered, WebhookReceived,
               CancelRequested, RetryRequested, SuspendRequested, AttemptStarted, AttemptEnded,
               EngineListed, StoreTight>
      body;
  bool clock_synchronised = true;  // somebody vouches for `wall`
};

}  // namespace pawl
