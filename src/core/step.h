// The reducer: everything pawl decides, as one pure function.
//
// `step` takes what happened and returns what to do. No I/O, clock, thread or randomness: times come
// in events, known trigger identities are looked up by the caller. Commands come in the order in
// which they must be applied; Save* ones go into one store transaction, effects follow its commit.
//
// The state machine
//
//   Trigger. A cron tick, a webhook delivery, a person's request or the end of another pipeline's run
//   names a pipeline and an identity. An identity that has a run already is answered with that run.
//   Otherwise a run is made: numbered, its definition snapshotted, its params resolved, all in the
//   same transaction as the identity. A trigger that cannot become a run (too many unfinished ones,
//   params without a value, no room on the disk) is refused to its caller; one without a caller becomes a
//   run that is `skipped` or `failed` from the start and says why. A trigger may name the tasks that its runs begin with:
//   they and what depends on them run, the others are skipped without a reason and count as if they had succeeded.
//
//   Cron. Each scheduled pipeline has a mark: ticks up to it are dealt with, and the next one is
//   awaited. Before each TimePassed the loop asks due_ticks() what there is to do and looks up
//   which of those instants have a run already. Of ticks missed (agent down, host suspended) the latest
//   runs, or all up to a bound, or none, by the trigger's catch-up; what is missed for good, or later than
//   the deadline, is recorded as one skipped run. A new or changed schedule starts from now.
//
//   Clock. Cron waits at the start until the wall clock is synchronised, or past the latest time in the store,
//   or limits::kClockWaitMs have gone by. Set back by more than a minute, marks follow it back: the
//   instants that come again have their runs (only "@every", which follows elapsed time, runs again).
//   Set forward, it is no catch-up: one tick of a schedule at most. Timeouts and delays are monotonic.
//
//   Suspended. A pipeline that a person suspended has no ticks; webhooks and pipeline triggers make
//   skipped runs (reason condition); requests of people run. Resumed, its schedule starts from now.
//
//   Pipeline trigger. A run that ended makes, in the same step, a run of each pipeline in force that
//   follows its pipeline with that kind of end. Circles and overlong chains end with a skipped run.
//
//   Run.  pending ──admitted, first container asked for──▶ running ──all tasks final, then its hooks──▶
//     success    no task failed but those with allow_failure
//     cancelled  a person cancelled it, or a newer run of its group replaced it (reason conflict), and a
//                task was cut short
//     failed     any other; reason timeout when the pipeline's timeout cut a task short
//   Admitted is a run whose concurrency group has room (core/groups.h). A retry is a new run of the
//   same definition; from the failed tasks on, tasks that succeeded keep their result.
//
//   Hooks are tasks that answer the run's end: on_success, on_failure, on_cancel, on_exit. They are opened when all other tasks
//   are final; those that answer another end are skipped (reason condition). They do not change how the run ended; a cancellation
//   ends them once only they are left, the run's timeout and a replacement do not.
//
//   Task. pending ──run admitted, trigger rule holds (core/trigger_rule.h), condition is true, a slot is free──▶ running ──attempt ended──▶
//     success    exit code 0
//     pending    failed, its retry rule covers the reason and the limit is not reached: waits
//                delay × backoff^(n-1), at most max_delay, without a slot, then is ready again
//     failed     otherwise
//     cancelled  the run was cancelled or replaced
//   pending ──its trigger rule cannot hold any more──▶ skipped (reason upstream)
//   pending ──its condition is false──▶ skipped (reason condition); it, or what the attempt is given, cannot be evaluated──▶
//     failed (reason condition), without an attempt
//   pending ──the run was cancelled or replaced──▶ cancelled; its timeout passed──▶ skipped (reason timeout)
//   Containers of the tasks that will probably be next are asked for ahead (core/ahead.h): created, never started; they go
//   once their task is over without them.
//   Ready tasks start by priority, then where the pipeline holds the fewest slots, then by run and place.
//
//   Attempt. pending (given to a worker, holds a slot) ──started──▶ running ──ended──▶ final. The
//   worker reports facts; the verdict is made here. Its timeout counts from the container's start:
//   then SIGTERM, after the task's grace SIGKILL. A stop of its run does the same at once. The slot is held until
//   the worker reports the end. Only then, with exit and log in the store, the container is removed,
//   and after the last one of the run the workspace that they shared.
//   Reports about anything but the live attempt are stale: they change nothing.
//
//   Store tight (the disk is full). Nothing new is accepted, no tick dealt with and no task started;
//   what is under way comes to its recorded end. Ticks wait: their catch-up rule applies afterwards.
//
//   Source. A pull replaces the pipelines of its source, file by file: a broken file keeps its last
//   good pipelines, a file that is gone takes them along. A failed pull changes nothing but the
//   source's state. A name belongs to the first file that took it. Runs under way keep their snapshot.
//
//   Restart: core/recovery.h.
#pragma once

#include "core/state.h"
#include "model/command.h"
#include "model/event.h"

namespace pawl {

[[nodiscard]] Commands step(State& state, const Event& event);

}  // namespace pawl
