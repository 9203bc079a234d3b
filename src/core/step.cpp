#include "core/step.h"

#include "core/catalog.h"
#include "core/chains.h"
#include "core/context.h"
#include "core/progress.h"
#include "core/readiness.h"
#include "core/schedule.h"
#include "core/triggers.h"

namespace pawl {
namespace {

struct Dispatcher {
  StepContext& context;
  void operator()(const TimePassed& event) const { take_ticks(context, event.ticks); }
  void operator()(const SourcePulled& event) const { apply_pull(context, event); }
  void operator()(const SourceRemoved& event) const { remove_source(context, event); }
  void operator()(const ManualTriggered& event) const { accept_manual(context, event); }
  void operator()(const WebhookReceived& event) const { accept_webhook(context, event); }
  void operator()(const CancelRequested& event) const { on_cancel(context, event); }
  void operator()(const RetryRequested& event) const { accept_retry(context, event); }
  void operator()(const SuspendRequested& event) const { on_suspend(context, event); }
  void operator()(const StoreTight& event) const { context.state.ends_only = event.ends_only; }
  void operator()(const AttemptStarted& event) const { on_started(context, event); }
  void operator()(const AttemptEnded& event) const { on_ended(context, event); }
  void operator()(const EngineListed& event) const { on_engine_listed(context, event); }
};

}  // namespace

Commands step(State& state, const Event& event) {
  Commands out;
  StepContext context{state, event.wall, event.mono, out};
  observe_clock(context, event.clock_synchronised);
  // What happened comes before what fell due meanwhile: an attempt that ended in time must not be
  // timed out because its report waited in the queue.
  std::visit(Dispatcher{context}, event.body);
  run_due_timers(context);
  follow_up(context);
  return out;
}

}  // namespace pawl
