// The reducer: everything pawl decides, as one pure function.
//
// `step` takes what happened and returns what to do. No I/O, clock, thread or randomness: times come
// in events, known trigger identities are looked up by the caller. Commands come in the order in
// which they must be applied; Save* ones go into one store transaction, effects follow its commit.
//
// The state machine
//
//   Trigger. A cron tick, a webhook delivery or a person's request names a pipeline and an identity.
//   An identity that has a run already is answered with that run. Otherwise a run is made: numbered,
//   its definition snapshotted, its params resolved, all in the same transaction as the identity.
//   A trigger that cannot become a run (too many unfinished ones, params without a value) is refused
//   to its caller; a tick has none, so it becomes a run that is `skipped` or `failed` and says why.
//
//   Cron. Each scheduled pipeline has one next tick. When it is due, it is dealt with: the mark moves
//   to it, in the run's transaction. Of several ticks missed in a row (agent down, host suspended) only
//   the latest runs. The mark never moves back, so a clock set back does not repeat a tick. A new
//   or changed schedule starts from now.
//
//   Run.  pending ──first container asked for──▶ running ──all tasks final──▶ success: every task
//   succeeded; cancelled: somebody cancelled it and a task was cut short; failed: any other.
//
//   Task. pending ──all upstream tasks succeeded, a slot is free──▶ running ──attempt ended──▶
//     success    exit code 0
//     pending    failed, its retry rule covers the reason and the limit is not reached: waits
//                delay × backoff^(n-1), at most max_delay, without a slot, then is ready again
//     failed     otherwise
//     cancelled  the run was cancelled
//   pending ──an upstream task failed, was skipped or cancelled──▶ skipped (reason upstream)
//   pending ──the run was cancelled──▶ cancelled
//   Ready tasks start in order of run, then of place in the file.
//
//   Attempt. pending (given to a worker, holds a slot) ──started──▶ running ──ended──▶ final. The
//   worker reports facts; the verdict is made here. Its timeout counts from the container's start:
//   then SIGTERM, after the grace SIGKILL. A cancel does the same at once. The slot is held until the
//   worker reports the end. Only then, with exit and log in the store, the container is removed.
//   Reports about anything but the live attempt are stale: they change nothing.
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
